//! The AWS CLI as a program: how it runs, in which region, and whether it is new enough.

use std::io::ErrorKind;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use super::AwsError;

/// A version of the CLI.
type Version = (u32, u32, u32);

/// The oldest releases of versions 1 and 2 that know all that recipes send: the last of it was
/// `LoggingConfig` of a function. Only `attach` and `detach` need more, and look for it themselves.
const OLDEST: [Version; 2] = [(1, 30, 2), (2, 13, 37)];
/// What stands before the version in what the CLI says of itself.
const NAME: &str = "aws-cli/";
/// Settings of a profile that would keep a recipe from reading what the CLI writes: variables come
/// first. A CLI that does not know one ignores it.
const READABLE: [(&str, &str); 3] =
    [("AWS_CLI_AUTO_PROMPT", "off"), ("AWS_CLI_ERROR_FORMAT", "legacy"), ("AWS_PAGER", "")];

/// The region that calls go to, if a recipe has said so.
static REGION: OnceLock<String> = OnceLock::new();

/// Lets all calls go to this region.
pub fn work_in(region: &str) {
    // A recipe says so once.
    let _ = REGION.set(region.to_owned());
}

/// The CLI, without arguments.
pub fn aws() -> Command {
    Command::new("aws")
}

/// What the profile sets, None if it does not.
///
/// # Errors
/// The CLI can't be run.
pub fn configured(setting: &str) -> Result<Option<String>, AwsError> {
    let done = run(aws().args(["configure", "get", setting]))?;
    let text = String::from_utf8_lossy(&done.stdout).trim().to_owned();
    Ok(Some(text).filter(|text| !text.is_empty() && done.status.success()))
}

/// Looks whether the CLI is new enough. A program that does not tell its version passes.
///
/// # Errors
/// It is too old, or can't be run.
pub fn check() -> Result<(), AwsError> {
    let done = run(aws().arg("--version"))?;
    // Old ones write to standard error.
    let said = [done.stdout, done.stderr].concat();
    match version_in(&String::from_utf8_lossy(&said)) {
        Some(version) if !is_new_enough(version) => {
            let [one, two] = OLDEST.map(dotted);
            Err(AwsError::Old { has: dotted(version), one, two })
        }
        _ => Ok(()),
    }
}

fn dotted((major, minor, patch): Version) -> String {
    format!("{major}.{minor}.{patch}")
}

fn is_new_enough(version: Version) -> bool {
    let same_major = OLDEST.iter().find(|oldest| oldest.0 == version.0);
    same_major.map_or(version.0 > OLDEST[1].0, |oldest| version >= *oldest)
}

/// The version in `aws-cli/2.13.37 Python/3.11.6 …`.
fn version_in(said: &str) -> Option<Version> {
    let text = said.split_once(NAME)?.1.split_whitespace().next()?;
    let mut numbers = text.split('.').map(|number| number.parse().ok());
    Some((numbers.next()??, numbers.next()??, numbers.next()??))
}

/// Runs the CLI to its end.
///
/// # Errors
/// It can't be run.
pub fn run(command: &mut Command) -> Result<Output, AwsError> {
    if let Some(region) = REGION.get() {
        // Version 2 reads the one, version 1 the other.
        command.env("AWS_REGION", region).env("AWS_DEFAULT_REGION", region);
    }
    // In a group of its own, which Ctrl-C in a terminal does not reach.
    let done = command.envs(READABLE).stdin(Stdio::null()).process_group(0).output();
    done.map_err(|error| match error.kind() {
        ErrorKind::NotFound => AwsError::NoCli,
        _ => AwsError::Run(error),
    })
}

#[cfg(test)]
mod tests {
    use super::{is_new_enough, version_in};

    /// Whether a CLI passes that says this of itself.
    fn passes(said: &str) -> bool {
        version_in(said).is_none_or(is_new_enough)
    }

    #[test]
    fn a_cli_is_new_enough_from_a_release_on() {
        assert!(passes(
            "aws-cli/2.13.37 Python/3.11.6 Linux/6.1 exe/x86_64.ubuntu.22 prompt/off\n"
        ));
        assert!(!passes("aws-cli/2.13.36 Python/3.11.6 Linux/6.1 exe/x86_64.ubuntu.22\n"));
        assert!(passes("aws-cli/1.30.2 Python/3.11.6 Linux/6.1 botocore/1.32.2\n"));
        assert!(!passes("aws-cli/1.18.0 Python/2.7.18 Linux/6.1 botocore/1.15.0\n"));
        assert!(!passes("aws-cli/0.9.0 Python/2.7.18\n") && passes("aws-cli/3.0.0 Python/3.14\n"));
        assert!(passes("a program that stands for it\n") && passes(""));
    }
}
