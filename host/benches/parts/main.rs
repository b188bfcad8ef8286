//! The parts that an event goes through, each in a loop: timed by criterion, or run so many times (`count PART TIMES`)
//! for callgrind, which counts instructions whatever else the machine does.

#[allow(dead_code, clippy::unwrap_used, clippy::expect_used, reason = "the tests need more of it, and fail loudly")]
#[path = "../../tests/it/support/mod.rs"]
mod support;

mod part;

use std::env;

use anyhow::{Context, Result};
use criterion::Criterion;

use part::{PARTS, Parts};

fn main() -> Result<()> {
    let parts = Parts::make()?;
    let arguments: Vec<String> = env::args().skip_while(|argument| argument != "count").skip(1).collect();
    if let [name, times, ..] = arguments.as_slice() {
        let (_, run) = PARTS.iter().find(|(part, _)| part == name).with_context(|| format!("there is no `{name}`"))?;
        for _ in 0..times.parse()? {
            run(&parts);
        }
        return Ok(());
    }
    let mut criterion = Criterion::default().configure_from_args();
    for (name, run) in PARTS {
        criterion.bench_function(name, |bencher| bencher.iter(|| run(&parts)));
    }
    criterion.final_summary();
    Ok(())
}
