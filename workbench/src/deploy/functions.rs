//! The two functions: looking at them, waiting for them, and making them.

use std::ffi::OsString;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Result, bail};
use serde_json::{Value, json};

use super::answer::{self, Unexpected, merged};
use super::aws::{self, AwsError};
use super::settings::Variables;
use super::talk::say;
use super::{interrupt, zips};

/// The runtime that `bootstrap` is built for.
pub const RUNTIME: &str = "provided.al2023";
const HANDLER: &str = "bootstrap";
/// The memory of a new function, in MB.
pub const MEMORY: u64 = 128;
/// A new role is not known everywhere at once: how long to wait, and how often to try.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency>
pub const ROLE_WAIT: Duration = Duration::from_secs(5);
pub const ROLE_TRIES: usize = 12;
/// How often, and how many times, to look whether a change of a function is complete.
const UPDATE_WAIT: Duration = Duration::from_secs(1);
const UPDATE_TRIES: u64 = 180;

/// A function as `create` wants it.
pub struct Wanted<'a> {
    /// Its name.
    pub name: &'a str,
    /// The ARN of a new function's role.
    pub role: &'a str,
    /// The ARN of the mapper's layer.
    pub layer: &'a str,
    /// The zip with a new function's code.
    pub code: &'a Path,
    /// A new function's architecture.
    pub arch: &'a str,
    /// Its settings.
    pub variables: &'a Variables,
    /// Its timeout at the least, in seconds.
    pub timeout: u64,
}

/// The configuration of a version of a function as `get-function-configuration` shows it, None if
/// there is no such function.
///
/// # Errors
/// AWS does not show it.
pub fn configuration(function: &str, qualifier: &str) -> Result<Option<Value>, AwsError> {
    let asked = json!({ "FunctionName": function, "Qualifier": qualifier });
    aws::find("lambda", "get-function-configuration", asked)
}

/// The same of `$LATEST` of a function that exists.
///
/// # Errors
/// AWS does not show it, or it does not exist.
pub fn latest(function: &str) -> Result<Value> {
    match configuration(function, "$LATEST")? {
        Some(there) => Ok(there),
        None => bail!("there is no function {function} any more"),
    }
}

/// Waits until the last change of a version of a function is complete. Returns its configuration.
///
/// # Errors
/// It has failed, or takes too long.
pub fn settle(function: &str, qualifier: &str) -> Result<Value> {
    for _ in 0..UPDATE_TRIES {
        let Some(there) = configuration(function, qualifier)? else {
            bail!("there is no function {function}:{qualifier} any more");
        };
        let (state, update) = (answer::text(&there, "State")?, &there["LastUpdateStatus"]);
        if state == "Failed" || update == "Failed" {
            let reason = answer::filled(&there, "StateReason");
            let reason = reason.or(there["LastUpdateStatusReason"].as_str());
            bail!("{function}: {}", reason.unwrap_or("AWS gives no reason"));
        }
        if state != "Pending" && update != "InProgress" {
            return Ok(there);
        }
        pause(UPDATE_WAIT)?;
    }
    let seconds = UPDATE_TRIES * UPDATE_WAIT.as_secs();
    bail!("{function} is still not ready after {seconds} seconds; run this again")
}

/// Waits, unless the person interrupts.
///
/// # Errors
/// They do.
pub fn pause(time: Duration) -> Result<()> {
    interrupt::check()?;
    sleep(time);
    Ok(interrupt::check()?)
}

/// The flag with which the CLI takes the bytes of a file.
pub fn blob(file: &Path) -> OsString {
    let mut url = OsString::from("fileb://");
    url.push(file);
    url
}

/// Makes a function or brings its settings up to date, and publishes that; returns the version.
///
/// Code and role of a function that exists, more memory, a longer timeout and other layers are left
/// alone.
///
/// # Errors
/// What AWS refuses.
pub fn ensure_function(asked: &Wanted<'_>) -> Result<String> {
    let Wanted { name, role, .. } = *asked;
    let there = configuration(name, "$LATEST")?;
    if there.is_some() {
        // An interrupted run may have left it in the middle of a change.
        settle(name, "$LATEST")?;
    }
    let wanted = asked.configuration(there.as_ref())?;
    let named = merged(wanted.clone(), &json!({ "FunctionName": name }));
    let state = match &there {
        None => {
            let fixed = json!({ "Runtime": RUNTIME, "Architectures": [asked.arch] });
            let (given, zip) = (merged(named, &fixed), blob(asked.code));
            let flags = ["--zip-file".as_ref(), zip.as_os_str()];
            once_role_works(role, || aws::call_with("lambda", "create-function", &given, &flags))?;
            settle(name, "$LATEST")?;
            "created"
        }
        Some(there) if differs(there, &wanted) => {
            once_role_works(role, || {
                aws::call("lambda", "update-function-configuration", named.clone())
            })?;
            settle(name, "$LATEST")?;
            "updated"
        }
        Some(_) => "exists",
    };
    // AWS publishes nothing if neither code nor configuration have changed since the last version.
    let published = aws::call("lambda", "publish-version", json!({ "FunctionName": name }))?;
    let version = answer::text(&published, "Version")?.to_owned();
    settle(name, &version)?;
    let own = match answer::text(&wanted, "Role")? {
        wanted if wanted == role => String::new(),
        other => format!(", keeps its own role {other}"),
    };
    say(format!("function {name}: {state}, version {version}{own}"));
    Ok(version)
}

impl Wanted<'_> {
    /// The configuration that a function is to have, which may be `there`.
    fn configuration(&self, there: Option<&Value>) -> Result<Value> {
        let mut layers: Vec<String> = match there {
            Some(there) => layers_of(there)?,
            None => Vec::new(),
        };
        layers.retain(|other| !zips::same_layer(other, self.layer));
        layers.push(self.layer.to_owned());
        let logging = there.map(|there| &there["LoggingConfig"]).filter(|it| it.is_object());
        let logging = logging.cloned().unwrap_or_else(|| json!({}));
        Ok(json!({
            "Role": match there {
                Some(there) => answer::text(there, "Role")?,
                None => self.role,
            },
            "Handler": HANDLER,
            "Layers": layers,
            "Environment": { "Variables": self.variables },
            "MemorySize": at_least(MEMORY, there, "MemorySize"),
            "Timeout": at_least(self.timeout, there, "Timeout"),
            "LoggingConfig": merged(logging, &json!({ "LogFormat": "JSON" })),
        }))
    }
}

/// The number `name` of a configuration that may be `there`, or `least` if it has less.
pub fn at_least(least: u64, there: Option<&Value>, name: &str) -> u64 {
    there.and_then(|there| there[name].as_u64()).unwrap_or(0).max(least)
}

/// Whether a function's configuration differs from `wanted`.
fn differs(there: &Value, wanted: &Value) -> bool {
    let layers: Vec<&Value> =
        answer::items(there, "Layers").iter().map(|layer| &layer["Arn"]).collect();
    let there = merged(there.clone(), &json!({ "Layers": layers }));
    merged(there.clone(), wanted) != there
}

/// Feeds the alias from the queue (ARNs), at most `concurrency` batches at once; None keeps it, or
/// is 5 at first.
///
/// # Errors
/// What AWS refuses.
pub fn ensure_mapping(
    queue: &str,
    alias: &str,
    role: &str,
    concurrency: Option<u64>,
) -> Result<()> {
    let asked = json!({ "EventSourceArn": queue, "FunctionName": alias });
    let found = aws::call("lambda", "list-event-source-mappings", asked.clone())?;
    let there = answer::list(&found, "EventSourceMappings")?.first();
    let has = there.and_then(|there| there["ScalingConfig"]["MaximumConcurrency"].as_u64());
    let concurrency = concurrency.or(has).unwrap_or(5);
    let wanted = json!({
        "BatchSize": 10,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "ScalingConfig": { "MaximumConcurrency": concurrency },
    });
    let state = match there {
        None => {
            let given = merged(asked, &wanted);
            once_role_works(role, || {
                aws::call("lambda", "create-event-source-mapping", given.clone())
            })?;
            "created"
        }
        Some(there) if merged(there.clone(), &wanted) != *there => {
            let given = merged(wanted, &json!({ "UUID": answer::text(there, "UUID")? }));
            aws::call("lambda", "update-event-source-mapping", given)?;
            "updated"
        }
        Some(_) => "exists",
    };
    say(format!("event source mapping: {state}, at most {concurrency} at once"));
    Ok(())
}

/// Repeats `call` while AWS does not yet know the role (an ARN) or its policy.
fn once_role_works(role: &str, call: impl Fn() -> Result<Value, AwsError>) -> Result<Value> {
    for attempt in 1..ROLE_TRIES {
        match call() {
            // The code stands for every wrong parameter: only AWS's words say that it is the role.
            Err(error)
                if error.code() == "InvalidParameterValueException"
                    && error.to_string().contains("role") => {}
            answer => return Ok(answer?),
        }
        say(format!(
            "{role} is not known everywhere yet; trying again ({attempt} of {})",
            ROLE_TRIES - 1
        ));
        pause(ROLE_WAIT)?;
    }
    Ok(call()?)
}

/// The ARNs of the layers in a function's configuration.
///
/// # Errors
/// A layer has none.
pub fn layers_of(configuration: &Value) -> Result<Vec<String>, Unexpected> {
    let layers = answer::items(configuration, "Layers").iter();
    layers.map(|layer| answer::text(layer, "Arn").map(str::to_owned)).collect()
}
