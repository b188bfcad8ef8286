//! `just bench`: the function side by side with the same one without WebAssembly and with one in
//! Node.js, interleaved in one run. This file owns the order of measuring. What is found goes to
//! `target/bench`, and a line for each bound of the project to the terminal; the status is 1 if
//! one is not met.

mod backend;
mod bounds;
mod cold;
mod life;
mod machine;
mod peers;
mod plots;
mod scale;
mod sizes;
mod stats;
mod tables;
mod warm;

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, ensure};

use backend::Backend;
use peers::Parts;
use test_support::root;

/// Everything that a run found.
struct Found {
    machine: machine::Machine,
    cold: Vec<cold::Cold>,
    warm: Vec<warm::Warm>,
    /// Lives of a sandbox, in microseconds.
    life: Vec<f64>,
    scale: Vec<scale::Level>,
    sizes: sizes::Sizes,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode> {
    // The backend is this program in a process of its own.
    if let Some(per_second) =
        env::args().skip_while(|argument| argument != backend::ARGUMENT).nth(1)
    {
        backend::serve(per_second.parse()?).await?;
        return Ok(ExitCode::SUCCESS);
    }
    let folder = root().join("target/bench");
    fs::create_dir_all(&folder)?;
    let parts = Parts::make(&folder)?;

    let backend = Backend::start(backend::UNLIMITED).await?;
    let cold = cold::measure(&parts, &backend).await?;
    let warm = warm::measure(&parts, &backend).await?;
    drop(backend);
    let life = life::measure(&parts).await?;
    let scale = scale::measure(&parts).await?;
    let sizes = sizes::measure(&parts)?;
    let found = Found { machine: machine::describe()?, cold, warm, life, scale, sizes };

    let tables = tables::of(&found);
    fs::write(folder.join("tables.md"), &tables)?;
    plots::draw(&found, &folder)?;
    println!("\n{tables}");
    let bounds = bounds::of(&found);
    println!("{}", bounds::lines(&bounds));
    println!("tables and plots: {}", folder.display());
    Ok(if bounds.iter().all(bounds::Bound::is_met) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// `path`, if there is something.
fn there(path: PathBuf) -> Result<PathBuf> {
    ensure!(path.try_exists()?, "{} is missing: `just bench` makes it", path.display());
    Ok(path)
}
