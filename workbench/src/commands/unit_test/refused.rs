//! The options of libtest that are not understood here: each is refused with the reason.

use anyhow::{Result, bail};
use clap::{Arg, ArgMatches, Command, FromArgMatches};

const UNSTABLE: &str = "it is an unstable option of libtest";

/// The options by their long names.
const REFUSED: [(&str, &str); 8] = [
    ("bench", "benchmarks can't be run here"),
    ("ensure-time", UNSTABLE),
    ("exclude-should-panic", UNSTABLE),
    ("force-run-in-process", UNSTABLE),
    ("logfile", "redirect standard output in its place"),
    ("report-time", "the time of each test is shown anyway"),
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

impl clap::Args for Refused {
    fn augment_args(command: Command) -> Command {
        let option = |name| Arg::new(name).hide(true).num_args(0..=1);
        let allow = option(ALLOW).short('Z');
        command.args(REFUSED.map(|(name, _)| option(name).long(name))).arg(allow)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Refused::augment_args(command)
    }
}

impl FromArgMatches for Refused {
    fn from_arg_matches(matches: &ArgMatches) -> clap::error::Result<Refused> {
        let allowing = matches.contains_id(ALLOW).then(|| (format!("-{ALLOW}"), UNSTABLE_ALL));
        let other = REFUSED.into_iter().find(|(name, _)| matches.contains_id(name));
        Ok(Refused(allowing.or_else(|| other.map(|(name, reason)| (format!("--{name}"), reason)))))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> clap::error::Result<()> {
        *self = Refused::from_arg_matches(matches)?;
        Ok(())
    }
}
