//! The options of libtest that are not understood here: each is refused with the reason.

use anyhow::{Result, bail};
use clap::{Arg, ArgMatches, Command, FromArgMatches};

const UNSTABLE: &str = "it is an unstable option of libtest";

/// The options by their long names.
const REFUSED: [(&str, &str); 11] = [
    ("bench", "benchmarks can't be run here"),
    ("color", "CLICOLOR_FORCE and NO_COLOR set it"),
    ("ensure-time", UNSTABLE),
    ("exclude-should-panic", UNSTABLE),
    ("force-run-in-process", UNSTABLE),
    ("include-ignored", "`--ignored` runs the tests with `#[ignore]`"),
    ("logfile", "redirect standard output in its place"),
    ("report-time", "the time of each test is shown anyway"),
    ("show-output", "`--nocapture` shows what each test writes"),
    ("shuffle", UNSTABLE),
    ("shuffle-seed", UNSTABLE),
];
/// The option that allows unstable ones.
const ALLOW: &str = "Z";
const UNSTABLE_ALL: &str = "unstable options of libtest can't be used here";

/// The first of them that was given, with the reason.
pub struct Refused(Option<(String, &'static str)>);

impl Refused {
    /// Refuses the option. clap would add a line of usage that is not that of the test program.
    pub fn check(&self) -> Result<()> {
        match &self.0 {
            Some((option, reason)) => bail!("`{option}` is not understood: {reason}"),
            None => Ok(()),
        }
    }
}

/// An option that is understood only to be refused.
fn option(name: &'static str) -> Arg {
    Arg::new(name).hide(true).num_args(0..=1)
}

impl clap::Args for Refused {
    fn augment_args(command: Command) -> Command {
        let options = REFUSED.map(|(name, _)| option(name).long(name));
        command.args(options).arg(option(ALLOW).short('Z'))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Refused::augment_args(command)
    }
}

impl FromArgMatches for Refused {
    fn from_arg_matches(matches: &ArgMatches) -> clap::error::Result<Refused> {
        if matches.contains_id(ALLOW) {
            return Ok(Refused(Some((format!("-{ALLOW}"), UNSTABLE_ALL))));
        }
        let found = REFUSED.into_iter().find(|(name, _)| matches.contains_id(name));
        Ok(Refused(found.map(|(name, reason)| (format!("--{name}"), reason))))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> clap::error::Result<()> {
        *self = Refused::from_arg_matches(matches)?;
        Ok(())
    }
}
