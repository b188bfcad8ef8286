//! The parts that an event goes through, run so many times (`parts IMAGE PART TIMES`) for
//! callgrind, which counts instructions whatever else the machine does. IMAGE is the default
//! mapper's.

mod part;

use std::env;

use anyhow::{Context, Result, bail};

use part::{PARTS, Parts};

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [image, name, times] = arguments.as_slice() else { bail!("usage: parts IMAGE PART TIMES") };
    let (_, run) = PARTS
        .iter()
        .find(|(part, _)| part == name)
        .with_context(|| format!("there is no `{name}`"))?;
    let parts = Parts::new(image.into())?;
    for _ in 0..times.parse()? {
        run(&parts);
    }
    Ok(())
}
