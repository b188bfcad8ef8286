//! The options of libtest that are not understood here: each is refused with the reason.

use clap::error::ErrorKind;
use clap::{Arg, ArgMatches, Command, Error, FromArgMatches};

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

/// Stands for none of them.
pub struct Refused;

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
    fn from_arg_matches(matches: &ArgMatches) -> Result<Refused, Error> {
        let refused = |option: String, reason| {
            Err(Error::raw(ErrorKind::UnknownArgument, format!("`{option}` is not understood: {reason}\n")))
        };
        if matches.contains_id(ALLOW) {
            return refused(format!("-{ALLOW}"), "unstable options of libtest can't be used here");
        }
        match REFUSED.into_iter().find(|(name, _)| matches.contains_id(name)) {
            Some((name, reason)) => refused(format!("--{name}"), reason),
            None => Ok(Refused),
        }
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        Refused::from_arg_matches(matches).map(drop)
    }
}
