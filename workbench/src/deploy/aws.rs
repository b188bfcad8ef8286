//! Calling AWS through its CLI, with JSON in and out.
//!
//! The CLI instead of an SDK: the operator has it already, with profile, region and single sign-on
//! set up. JSON instead of typed structures: it carries settings of a pool that these would drop.

mod cli;
mod error;

use std::ffi::OsStr;
use std::io::Write as _;

use serde_json::{Value, json};

use super::interrupt;
pub use cli::{check, configured, work_in};
pub use error::AwsError;

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

/// Like [`call_with`], but an interruption during the call leaves its answer to the caller: what
/// AWS did can then be put right.
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
    let mut command = cli::aws();
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
    let done = cli::run(&mut command)?;
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
