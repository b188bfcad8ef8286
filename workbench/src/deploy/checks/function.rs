//! Checks of the function that Cognito calls: it starts in time, with its mapper, and calls are let
//! through.

use post_confirmation_host::BEFORE_LAMBDA;
use post_confirmation_host::config::{
    ANSWER_WITHIN, ANSWER_WITHIN_MS, BACKEND_ALLOW_HTTP, BACKEND_API_URL, MAPPER_MEMORY,
    MAPPER_MEMORY_MB,
};
use post_confirmation_host::error::{MAPPER_REFUSED, OUT_OF_TIME};
use serde_json::Value;

use super::deployment::Deployment;
use super::users::functions;
use super::{Finding, NotChecked};
use crate::compile::target_of;
use crate::deploy::answer::{self, Unexpected, filled};
use crate::deploy::dry_run::{Failed, Sample};
use crate::deploy::functions::{MEMORY, RUNTIME};
use crate::deploy::settings::{self, Variables};
use crate::deploy::zips::{IMAGE, MANIFEST};

/// In seconds; Cognito waits 5, which leaves no time for a late answer.
const TIMEOUT: u64 = 6;
/// The memory of bootstrap itself, in MB.
const OWN_MEMORY: u64 = 32;
const LEVELS: [&str; 3] = ["TRACE", "DEBUG", "INFO"];
/// Two confirmations a second need this many at once while the backend hangs, at 4.5 s each.
const LOW: u64 = 10;

/// The function and its alias are there, active and of the runtime that bootstrap is built for.
pub fn function(deployment: &Deployment, found: &mut Vec<Finding>) -> Result<(), NotChecked> {
    let name = format!("{}:{}", deployment.names.function, deployment.qualifier());
    is_ready(deployment.called()?, &name, "Cognito's call fails", deployment, found);
    Ok(())
}

/// What keeps the function with the configuration `there` from being called.
pub fn is_ready(
    there: Option<&Value>,
    name: &str,
    why: &str,
    deployment: &Deployment,
    found: &mut Vec<Finding>,
) {
    let create = deployment.create();
    let Some(there) = there else {
        let what = format!("there is no function {name} in this account and region");
        found.push(Finding::fault(what, why, create));
        return;
    };
    let state = filled(there, "State").unwrap_or("Active");
    let update = filled(there, "LastUpdateStatus").unwrap_or("Successful");
    if state != "Active" || update != "Successful" {
        let reason = filled(there, "StateReason").or(filled(there, "LastUpdateStatusReason"));
        found.push(Finding::fault(
            format!(
                "{name} is {state}, its last update {update}: {}",
                reason.unwrap_or("AWS gives no reason")
            ),
            why,
            format!("wait if it is Pending or InProgress; otherwise fix the reason, then {create}"),
        ));
    }
    let runtime = filled(there, "Runtime").unwrap_or("of an image");
    if runtime != RUNTIME {
        found.push(Finding::fault(
            format!("{name} has the runtime {runtime}"),
            format!("`bootstrap` is built only for {RUNTIME}"),
            format!(
                "`aws lambda update-function-configuration --function-name {} --runtime {RUNTIME}`, then {create}",
                deployment.names.function
            ),
        ));
    }
}

/// Lambda does not end the function before it has answered.
pub fn timeout(deployment: &Deployment, found: &mut Vec<Finding>) -> Result<(), NotChecked> {
    let has = answer::number(deployment.function()?, "Timeout")?;
    let within = number(&deployment.variables()?, ANSWER_WITHIN_MS, ANSWER_WITHIN.1);
    let needs = u128::from(within) + BEFORE_LAMBDA.as_millis();
    let fix = format!("{}: both set {TIMEOUT} s", deployment.create());
    if u128::from(has) * 1000 < needs {
        found.push(Finding::fault(
            format!("the timeout is {has} s, and ANSWER_WITHIN_MS needs {needs} ms"),
            "the time for the backend and the queue is cut short",
            fix,
        ));
    } else if has < TIMEOUT {
        found.push(Finding::warning(
            format!("the timeout is {has} s"),
            "after a slow start there is no time left to keep the user in the queue",
            fix,
        ));
    }
    Ok(())
}

/// The mapper meets its own limit before Lambda's.
pub fn memory(deployment: &Deployment, found: &mut Vec<Finding>) -> Result<(), NotChecked> {
    let has = answer::number(deployment.function()?, "MemorySize")?;
    let mapper = number(&deployment.variables()?, MAPPER_MEMORY_MB, MAPPER_MEMORY.1);
    let needs = mapper.saturating_add(OWN_MEMORY).max(MEMORY);
    if has < needs {
        found.push(Finding::fault(
            format!("the function has {has} MB, and the mapper may take {mapper} MB"),
            "Lambda ends the whole process if a mapper takes too much, and the event is lost",
            format!(
                "a MAPPER_MEMORY_MB below {}, or `aws lambda update-function-configuration --function-name {} \
                 --memory-size {needs}`, then {}",
                has.saturating_sub(OWN_MEMORY),
                deployment.names.function,
                deployment.create()
            ),
        ));
    }
    Ok(())
}

/// A layer holds the mapper and its manifest.
pub fn layer(deployment: &Deployment, found: &mut Vec<Finding>) -> Result<(), NotChecked> {
    match deployment.mapper()? {
        // It is beside bootstrap.
        None if deployment.tried()?.is_none() => {}
        None => found.push(Finding::fault(
            format!("none of the function's layers holds {IMAGE}"),
            "without a mapper every event goes into the queue",
            deployment.swap(),
        )),
        Some(mapper) if mapper.manifest.is_none() => found.push(Finding::fault(
            format!("{} holds {IMAGE} without {MANIFEST}", mapper.arn),
            "`bootstrap` loads no image that it can't check",
            format!(
                "{}; both files of `mapper compile` belong at the root of the zip",
                deployment.swap()
            ),
        )),
        Some(_) => {}
    }
    Ok(())
}

/// Function and image are for the same processor.
pub fn architecture(deployment: &Deployment, found: &mut Vec<Finding>) -> Result<(), NotChecked> {
    let manifest = deployment.mapper()?.and_then(|mapper| mapper.manifest.as_ref());
    let manifest =
        manifest.ok_or_else(|| NotChecked::lacks("there is no mapper with its manifest"))?;
    let manifest: Value = serde_json::from_slice(manifest)
        .map_err(|_| NotChecked::lacks(format!("{MANIFEST} is not JSON")))?;
    let target = answer::text(&manifest, "target")?;
    let has = answer::architecture(deployment.function()?)?;
    let wanted = target_of(has).map_err(|_| Unexpected::new("Architectures"))?;
    if target != wanted {
        found.push(Finding::fault(
            format!("the function is {has}, and the mapper's image is for {target}"),
            "`bootstrap` can't load it, and every event goes into the queue",
            format!("{}: compile the image for {wanted}", deployment.swap()),
        ));
    }
    Ok(())
}

/// Both functions map an event, with their own mapper, settings and secrets.
pub fn dry_runs(deployment: &Deployment, found: &mut Vec<Finding>) -> Result<(), NotChecked> {
    let names = &deployment.names;
    failing(&names.function, deployment.qualifier(), deployment.tried()?, deployment, found)?;
    if deployment.found_redelivery()?.is_some() {
        let (name, qualifier) = (names.redelivery(), deployment.redelivery_qualifier()?);
        failing(&name, &qualifier, deployment.redelivery_tried()?, deployment, found)?;
    }
    Ok(())
}

/// What there is to say if a function failed at an event.
fn failing(
    name: &str,
    qualifier: &str,
    failed: Option<&Failed>,
    deployment: &Deployment,
    found: &mut Vec<Finding>,
) -> Result<(), NotChecked> {
    let Some(failed) = failed else { return Ok(()) };
    let mut what = format!("{name}:{qualifier} fails at an event with {}", failed.error_type);
    for line in failed.because.iter().filter(|_| failed.explained) {
        what.push_str(": ");
        what.push_str(line);
    }
    let fix = remedy(&failed.error_type, name, deployment)?;
    found.push(Finding::fault(what, "real events fail the same way", fix));
    Ok(())
}

/// The fix for an `errorType` of docs/reference.md.
fn remedy(error: &str, function: &str, deployment: &Deployment) -> Result<String, NotChecked> {
    let log = format!("read `aws logs tail /aws/lambda/{function} --since 10m`");
    Ok(if error == MAPPER_REFUSED {
        format!(
            "{}; image and `bootstrap` must be of the same release and processor; {log}",
            deployment.swap()
        )
    } else if error.starts_with("Mapper.") {
        let sample = Sample::sign_up()?.name;
        format!(
            "`mapper rollback{}` if it worked before; `mapper run {sample}` shows it, with what `mapper events \
             native` prints in that file; {log}",
            deployment.option
        )
    } else if error.starts_with("Secret.") {
        format!(
            "store it as a Secrets Manager secret or an SSM parameter, and let the role read it, and decrypt it if it has a \
             key of its own; {log}"
        )
    } else if error == OUT_OF_TIME {
        format!("more memory, which is more CPU; {log}")
    } else {
        format!(
            "{log}: it names each setting that is at fault; then {}",
            deployment.change("NAME=VALUE")
        )
    })
}

/// The backend's address, and whether it may be http, are what the host takes.
pub fn api_url(deployment: &Deployment, found: &mut Vec<Finding>) -> Result<(), NotChecked> {
    let faults = settings::faults(&deployment.variables()?);
    for (variable, fault) in faults {
        let change = match variable.as_str() {
            BACKEND_API_URL => "BACKEND_API_URL=https://…",
            BACKEND_ALLOW_HTTP => "BACKEND_ALLOW_HTTP=off",
            _ => continue,
        };
        let what = format!("{variable} {fault}");
        found.push(Finding::fault(what, "the function can't start", deployment.change(change)));
    }
    Ok(())
}

/// The lines of all events are logged: CloudWatch makes the metrics from them.
pub fn logs(deployment: &Deployment, found: &mut Vec<Finding>) -> Result<(), NotChecked> {
    for there in functions(deployment)? {
        let name = answer::text(there, "FunctionName")?;
        let level = there["LoggingConfig"]["ApplicationLogLevel"].as_str().unwrap_or("INFO");
        if !LEVELS.contains(&level) {
            found.push(Finding::warning(
                format!("{name} logs from {level} on"),
                "delivered and skipped events have no line and no metric",
                format!(
                    "`aws lambda update-function-configuration --function-name {name} --logging-config \
                     LogFormat=JSON,ApplicationLogLevel=INFO`, then {}",
                    deployment.create()
                ),
            ));
        }
    }
    Ok(())
}

/// Reserved concurrency does not throttle.
pub fn concurrency(deployment: &Deployment, found: &mut Vec<Finding>) -> Result<(), NotChecked> {
    if deployment.called()?.is_none() {
        return Err(NotChecked::lacks("there is no such function"));
    }
    let (name, why) = (&deployment.names.function, "each throttled confirmation is a lost user");
    found.extend(throttled(name, deployment.reserved()?, LOW, why));
    if deployment.found_redelivery()?.is_some() {
        let why = "reads of the queue that are throttled count towards the attempts, and end as dead letters";
        let has = deployment.redelivery_reserved()?;
        let most = match has.map(|_| deployment.mapping()).transpose()?.flatten() {
            Some(mapping) => mapping["ScalingConfig"]["MaximumConcurrency"].as_u64(),
            None => None,
        };
        let redelivery = deployment.names.redelivery();
        found.extend(throttled(&redelivery, has, most.unwrap_or(LOW), why));
    }
    Ok(())
}

/// The finding if a function `has` too little reserved concurrency.
fn throttled(name: &str, has: Option<u64>, needs: u64, why: &str) -> Option<Finding> {
    let fix = format!("`aws lambda delete-function-concurrency --function-name {name}`");
    match has {
        Some(0) => Some(Finding::fault(
            format!("{name} is throttled altogether: its reserved concurrency is 0"),
            why,
            fix,
        )),
        Some(has) if has < needs => Some(Finding::warning(
            format!("{name} runs at most {has} times at once: its reserved concurrency"),
            why,
            fix,
        )),
        _ => None,
    }
}

/// A setting that is a number, else its default: the dry run finds a wrong one.
fn number(variables: &Variables, name: &str, default: u64) -> u64 {
    variables.get(name).and_then(|value| value.parse().ok()).unwrap_or(default)
}
