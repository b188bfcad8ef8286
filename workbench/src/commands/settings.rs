//! `mapper settings`: would the function start with these settings?

use std::fmt;

use anstream::print;
use anyhow::Result;
use post_confirmation_host::config::{Config, ConfigError};
use serde::Serialize;

use crate::terminal::{self, BAD, GOOD};

/// Say what is wrong with the function's settings, which are the variables of the environment.
///
/// They are read by the function's own code. The file in BACKEND_CA_FILE is looked for on this
/// machine; images are not, and no secret is fetched. No value is shown.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  BACKEND_API_URL=https://api.example.com/v1/ mapper settings
  MAX_ATTEMPTS=30 mapper settings --json

Exit status: 0 if the function takes all of them, 1 if it would refuse to start.")]
pub struct Args {
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// What there is to say.
#[derive(Serialize)]
struct Report {
    valid: bool,
    faults: Vec<Fault>,
}

#[derive(Serialize)]
struct Fault {
    variable: String,
    fault: String,
}

pub fn run(args: &Args) -> Result<bool> {
    let report = Report::new(Config::from_env().err());
    if args.json {
        terminal::json(&report)?;
    } else {
        print!("{report}");
    }
    Ok(report.valid)
}

impl Report {
    fn new(error: Option<ConfigError>) -> Report {
        let faults = error.iter().flat_map(ConfigError::faults);
        let faults: Vec<Fault> = faults
            .map(|(variable, fault)| Fault {
                variable: variable.to_owned(),
                fault: fault.to_owned(),
            })
            .collect();
        Report { valid: faults.is_empty(), faults }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.valid {
            return writeln!(f, "{GOOD}the function would take these settings{GOOD:#}");
        }
        writeln!(f, "{BAD}the function would refuse these settings{BAD:#}")?;
        self.faults
            .iter()
            .try_for_each(|Fault { variable, fault }| writeln!(f, "  {variable}: {fault}"))
    }
}
