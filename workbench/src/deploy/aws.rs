//! Calling the AWS CLI, with JSON in and out.
//!
//! The CLI instead of an SDK: the operator has it already, with profile, region and single sign-on
//! set up. JSON instead of typed structures: it carries settings of a pool that these would drop.

use std::ffi::OsStr;
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use serde_json::{Value, json};
use thiserror::Error;

use super::interrupt::{self, Interrupted};

/// The codes by which AWS says that something does not exist.
const NOT_FOUND: [&str; 5] = [
    "AWS.SimpleQueueService.NonExistentQueue",
    "NoSuchEntity",
    "ParameterNotFound",
    "QueueDoesNotExist",
    "ResourceNotFoundException",
];
/// What stands before the code in what the CLI writes about a refusal, and before AWS's words.
const REFUSED: (&str, &str) = ("An error occurred (", ") when calling the ");

/// The region that calls go to, if a recipe has said so.
static REGION: OnceLock<String> = OnceLock::new();

/// Lets all calls go to this region.
pub fn work_in(region: &str) {
    // A recipe says so once.
    let _ = REGION.set(region.to_owned());
}

/// What the profile sets, None if it does not.
///
/// # Errors
/// The CLI can't be run.
pub fn configured(setting: &str) -> Result<Option<String>, AwsError> {
    let done = run(Command::new("aws").args(["configure", "get", setting]))?;
    let text = String::from_utf8_lossy(&done.stdout).trim().to_owned();
    Ok(Some(text).filter(|text| !text.is_empty() && done.status.success()))
}

/// Runs the CLI to its end.
fn run(command: &mut Command) -> Result<Output, AwsError> {
    if let Some(region) = REGION.get() {
        // Version 2 reads the one, version 1 the other.
        command.env("AWS_REGION", region).env("AWS_DEFAULT_REGION", region);
    }
    // In a group of its own, which Ctrl-C in a terminal does not reach.
    let done = command.env("AWS_PAGER", "").stdin(Stdio::null()).process_group(0).output();
    done.map_err(|error| match error.kind() {
        ErrorKind::NotFound => AwsError::NoCli,
        _ => AwsError::Run(error),
    })
}

/// Why there is no answer of AWS.
#[derive(Debug, Error)]
pub enum AwsError {
    /// AWS refuses.
    #[error("{call}: {code}: {message}")]
    Refused {
        /// `aws SERVICE OPERATION`.
        call: String,
        /// AWS's name for the reason.
        code: String,
        /// AWS's words.
        message: String,
    },
    /// The CLI itself failed.
    #[error("{call}: {message}")]
    Failed {
        /// `aws SERVICE OPERATION`.
        call: String,
        /// The CLI's words.
        message: String,
    },
    /// The CLI did not answer with JSON.
    #[error("{0}: the CLI did not answer with JSON")]
    NoJson(String),
    /// There is no CLI.
    #[error("the AWS CLI, `aws`, is not on the PATH: https://aws.amazon.com/cli")]
    NoCli,
    /// The CLI can't be started.
    #[error("the AWS CLI, `aws`, can't be run")]
    Run(#[from] io::Error),
    /// The person has interrupted the recipe.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
}

impl AwsError {
    /// From what the CLI said about `call`.
    fn new(call: String, said: &str) -> AwsError {
        let refusal = said.split_once(REFUSED.0).and_then(|(_, rest)| rest.split_once(REFUSED.1));
        let refusal = refusal.filter(|(code, _)| is_code(code));
        match refusal.and_then(|(code, rest)| Some((code, words(rest)?))) {
            Some((code, message)) => AwsError::Refused {
                call,
                code: code.to_owned(),
                message: message.trim().to_owned(),
            },
            None => AwsError::Failed { call, message: said.trim().to_owned() },
        }
    }

    /// AWS's name for the reason; empty if AWS did not refuse.
    pub fn code(&self) -> &str {
        match self {
            AwsError::Refused { code, .. } => code,
            _ => "",
        }
    }

    /// Whether AWS says that something does not exist.
    pub fn is_not_found(&self) -> bool {
        NOT_FOUND.contains(&self.code())
    }
}

/// AWS's words in `OPERATION operation: WORDS`, where the CLI may say after `operation` how often it
/// has tried.
fn words(rest: &str) -> Option<&str> {
    let (_, rest) = rest.split_once(" operation")?;
    let rest = match rest.strip_prefix(" (reached max retries") {
        Some(tries) => tries.split_once(')')?.1,
        None => rest,
    };
    rest.strip_prefix(": ")
}

fn is_code(text: &str) -> bool {
    text.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '.')
}

/// AWS's answer to an operation (`"lambda"`, `"get-function"`) with the API's own `parameters`; an
/// empty object if it answers nothing.
///
/// # Errors
/// Why there is no answer.
pub fn call(service: &str, operation: &str, parameters: Value) -> Result<Value, AwsError> {
    call_with(service, operation, &parameters, &[])
}

/// Like [`call`], with `flags` for what the CLI takes only as flags, blobs for example.
///
/// # Errors
/// Why there is no answer.
pub fn call_with(
    service: &str,
    operation: &str,
    parameters: &Value,
    flags: &[&OsStr],
) -> Result<Value, AwsError> {
    let answer = complete(service, operation, parameters, flags)?;
    interrupt::check()?;
    Ok(answer)
}

/// Like [`call_with`], but an interruption during the call leaves its answer to the caller: what AWS
/// did can then be put right.
///
/// # Errors
/// Why there is no answer.
pub fn complete(
    service: &str,
    operation: &str,
    parameters: &Value,
    flags: &[&OsStr],
) -> Result<Value, AwsError> {
    interrupt::check()?;
    // An interruption does not end a call half way: what it did could not be undone.
    let _hold = interrupt::hold();
    let mut command = Command::new("aws");
    command.args([service, operation, "--output", "json"]).args(flags);
    // A file that only this user may read: everyone on this machine can read arguments. It can't be
    // standard input, because version 1 reads it twice.
    let mut file = tempfile::Builder::new().suffix(".json").tempfile()?;
    if !parameters.is_null() {
        write!(file, "{parameters}")?;
        let mut url = OsStr::new("file://").to_owned();
        url.push(file.path());
        command.arg("--cli-input-json").arg(url);
    }
    let done = run(&mut command)?;
    let call = format!("aws {service} {operation}");
    if !done.status.success() {
        return Err(AwsError::new(call, &String::from_utf8_lossy(&done.stderr)));
    }
    if done.stdout.trim_ascii().is_empty() {
        return Ok(json!({}));
    }
    serde_json::from_slice(&done.stdout).map_err(|_| AwsError::NoJson(call))
}

/// Like [`call`], but None if the resource does not exist.
///
/// # Errors
/// Why there is no answer.
pub fn find(service: &str, operation: &str, parameters: Value) -> Result<Option<Value>, AwsError> {
    match call(service, operation, parameters) {
        Err(error) if error.is_not_found() => Ok(None),
        answer => answer.map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::AwsError;

    #[test]
    fn a_refusal_is_told_by_its_code() {
        let said = "\nAn error occurred (QueueDoesNotExist) when calling the GetQueueUrl operation \
                    (reached max retries: 2): it is: gone\n";
        let error = AwsError::new("aws sqs get-queue-url".to_owned(), said);
        assert_eq!(error.code(), "QueueDoesNotExist");
        assert!(error.is_not_found());
        assert_eq!(error.to_string(), "aws sqs get-queue-url: QueueDoesNotExist: it is: gone");
    }
}
