//! Asking a function how an event would end: nothing is sent, queued or counted.

use std::fs;

use anyhow::Result;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use post_confirmation_host::error::MAPPER_FAILED;
use serde_json::{Value, json};
use thiserror::Error;

use super::aws::{self, AwsError};
use super::function_log;
use super::talk::say;
use crate::commands::events;

/// The most bytes of an `errorType` that are shown.
const MAX_NAME: usize = 100;

/// An event in memory, as a dry run takes it.
#[derive(Clone)]
pub struct Sample {
    /// The name of its file.
    pub name: String,
    /// The event as Cognito sends it.
    pub event: Value,
}

impl Sample {
    /// A user whom every mapper should deliver.
    pub fn sign_up() -> Result<Sample> {
        let (name, _, event) = events::SAMPLES[0];
        Ok(Sample { name: format!("{name}.event.json"), event: serde_json::from_str(event)? })
    }
}

/// A dry run failed.
#[derive(Clone, Debug, Error)]
#[error("{at} can't handle an event: {error_type}\n  {}", .because.join("\n  "))]
pub struct Failed {
    at: String,
    /// One of the reference.
    pub error_type: String,
    /// Lines of the log, or where to find them.
    pub because: Vec<String>,
    /// Whether these are lines of the log.
    pub explained: bool,
}

impl Failed {
    /// From the function's error and the end of its log.
    fn new(function: &str, qualifier: &str, answer: &Value, log: &str) -> Failed {
        // Only the name: another function may answer anything.
        let name = answer["errorType"].as_str().filter(|name| {
            (1..=MAX_NAME).contains(&name.len())
                && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.')
        });
        let because = function_log::explanation(log);
        let explained = !because.is_empty();
        let read = format!("`aws logs tail /aws/lambda/{function} --since 10m` may say why");
        Failed {
            at: format!("{function}:{qualifier}"),
            error_type: name.unwrap_or("unknown").to_owned(),
            because: if explained { because } else { vec![read] },
            explained,
        }
    }
}

/// Why a version of a function was not seen to map an event.
#[derive(Debug, Error)]
pub enum TryError {
    /// It can't.
    #[error(transparent)]
    Failed(#[from] Failed),
    /// It could not be asked.
    #[error(transparent)]
    Aws(#[from] AwsError),
}

/// How `event` would end: `{"end": "delivered", "mapper": …}` or `{"end": "skipped", "code": …}`.
///
/// # Errors
/// The function fails at it, or can't be asked.
pub fn dry_run(function: &str, qualifier: &str, event: &Value) -> Result<Value, TryError> {
    let folder = tempfile::tempdir().map_err(AwsError::from)?;
    let (payload, answer) = (folder.path().join("payload"), folder.path().join("answer"));
    fs::write(&payload, json!({ "dryRun": event }).to_string()).map_err(AwsError::from)?;
    let payload = format!("fileb://{}", payload.display());
    // The CLI writes the answer to a file, so these have to be flags.
    let asked = ["--function-name", function, "--qualifier", qualifier, "--payload", &payload];
    let mut flags: Vec<_> = asked.iter().map(AsRef::as_ref).collect();
    flags.extend(["--log-type".as_ref(), "Tail".as_ref(), answer.as_os_str()]);
    let done = aws::call_with("lambda", "invoke", &Value::Null, &flags)?;
    let said = fs::read(&answer).map_err(AwsError::from)?;
    let said: Value = serde_json::from_slice(&said).unwrap_or_default();
    let found = Some(&said["dryRun"]).filter(|it| it.is_object());
    match found.filter(|_| done.get("FunctionError").is_none()) {
        Some(found) => Ok(found.clone()),
        None => {
            let log = BASE64_STANDARD.decode(done["LogResult"].as_str().unwrap_or_default());
            let log = log.unwrap_or_default();
            Err(Failed::new(function, qualifier, &said, &String::from_utf8_lossy(&log)).into())
        }
    }
}

/// Lets a function map a sign-up.
///
/// # Errors
/// It can't handle events, or can't be asked. A mapper that returns an error for this sign-up is
/// loaded and works, so that is none.
pub fn handles(function: &str, qualifier: &str, sign_up: &Sample) -> Result<(), TryError> {
    match dry_run(function, qualifier, &sign_up.event) {
        Err(TryError::Failed(failed)) if failed.error_type == MAPPER_FAILED => Ok(()),
        answer => answer.map(drop),
    }
}

/// Like [`handles`], and says so.
///
/// # Errors
/// As there.
pub fn ready(function: &str, qualifier: &str, sign_up: &Sample) -> Result<(), TryError> {
    handles(function, qualifier, sign_up)?;
    say(format!("{function}:{qualifier}: maps events"));
    Ok(())
}
