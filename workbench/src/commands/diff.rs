//! `mapper diff`: what a swap would change.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anstream::{print, println};
use anyhow::Result;
use serde::Serialize;

use crate::cases::{self, Case};
use crate::commands::build;
use crate::expectation::Mapped;
use crate::mapper_file::{self, Environment};
use crate::runner::{self, Bench, Trial};
use crate::terminal::{self, BAD, GOOD, HEADING, WARNING};
use crate::text_diff;

/// Show which events two mappers map differently, and how.
///
/// Both get the same events and variables, the settings of the environment, and the limits of
/// production.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  mapper diff deployed/mapper.cwasm mapper.wasm
  mapper diff old.wasm new.wasm --events recorded --json
  mapper diff old.wasm new.wasm --events native

Exit status: 0 if both make the same of every event, 1 if they don't, 2 if they could not be compared.")]
pub struct Args {
    /// The mapper that is in use: a component, or an image.
    old: PathBuf,
    /// The mapper that is to take its place.
    new: PathBuf,
    /// The events: a folder of cases, the name of one in the folder `cases`, or its file; can be
    /// given several times.
    #[arg(long, value_name = "CASES", default_value = cases::FOLDER)]
    events: Vec<PathBuf>,
    /// Let clocks stand still and random numbers be the same for every event.
    #[arg(long)]
    deterministic: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// One event through both.
#[derive(Serialize)]
struct Compared<'a> {
    name: &'a str,
    /// Whether the new mapper can take the old one's place for this event: it makes the same of it,
    /// and does not fail.
    same: bool,
    /// Whether each mapper makes the same of the event every time.
    stable: bool,
    old: &'a Mapped,
    new: &'a Mapped,
}

pub async fn run(args: &Args) -> Result<bool> {
    let cases = cases::chosen(&args.events)?;
    for mapper in [&args.old, &args.new] {
        if !build::ensure_fresh(mapper)? {
            return Ok(false);
        }
    }
    let how = How {
        environment: &mapper_file::environment(),
        deterministic: args.deterministic,
        json: args.json,
    };
    diff(&args.old, &args.new, &cases, how).await
}

/// How mappers are compared.
pub struct How<'a> {
    /// The variables that both get.
    pub environment: &'a Environment,
    /// Whether clocks stand still and random numbers are the same for every event.
    pub deterministic: bool,
    /// Whether JSON is printed.
    pub json: bool,
}

/// Shows which of `cases` the mappers in two files map differently, and returns whether none is.
///
/// # Errors
/// They can't be compared.
pub async fn diff(old: &Path, new: &Path, cases: &[Arc<Case>], how: How<'_>) -> Result<bool> {
    let mut trials = Vec::new();
    for mapper in [old, new] {
        let bench = Bench::load(mapper, cases, how.environment, how.deterministic)?;
        trials.push(bench.try_all(cases).await?);
    }
    let compared = cases
        .iter()
        .zip(trials[0].iter().zip(&trials[1]))
        .map(|(case, (old, new))| Compared::new(case, old, new));
    let compared: Vec<Compared<'_>> = compared.collect();
    let different = compared.iter().filter(|compared| !compared.same).count();

    if how.json {
        terminal::json(&compared)?;
    } else {
        println!("{BAD}- {}{BAD:#}\n{GOOD}+ {}{GOOD:#}", old.display(), new.display());
        compared.iter().for_each(|compared| compared.show(how.deterministic));
        match different {
            0 => println!("\n{GOOD}both make the same of all {} events{GOOD:#}", compared.len()),
            _ => println!(
                "\n{BAD}{different} of {} events are mapped differently{BAD:#}",
                compared.len()
            ),
        }
    }
    Ok(different == 0)
}

impl<'a> Compared<'a> {
    fn new(case: &'a Case, old: &'a Trial, new: &'a Trial) -> Compared<'a> {
        Compared {
            name: &case.name,
            same: old.mapped == new.mapped && !matches!(new.mapped, Mapped::Failed(_)),
            stable: old.is_stable() && new.is_stable(),
            old: &old.mapped,
            new: &new.mapped,
        }
    }

    fn show(&self, fixed: bool) {
        if self.same && self.stable {
            return;
        }
        println!("\n{HEADING}---- {} ----{HEADING:#}", self.name);
        match (self.old, self.new) {
            (_, Mapped::Failed(failed)) if self.old == self.new => {
                println!("both fail: {BAD}{}{BAD:#}: {}", failed.error_type, failed.error);
            }
            _ => print!("{}", text_diff::shown(&self.old.text(), &self.new.text())),
        }
        if !self.stable {
            println!("{WARNING}{}{WARNING:#}", runner::unstable(fixed));
        }
    }
}
