//! Checks of the queue of undelivered events, and of redelivery from it.

use serde_json::{Value, json};

use super::deployment::{Deployment, function_of};
use super::function::is_ready;
use super::trigger::listed;
use super::users::depends;
use super::{Finding, NotChecked};
use crate::deploy::answer::{self, number_in_text};
use crate::deploy::functions::layers_of;
use crate::deploy::names::ALIAS;
use crate::deploy::permission::account;
use crate::deploy::queues::{RETENTION, VISIBLE_AFTER};
use crate::deploy::role::{RECEIVE, SEND};
use crate::deploy::settings::{Variables, differing, settings_of};
use crate::deploy::simulation::{Simulated, refused};

const LOST: &str = "a user whom the backend does not take at once is lost";
const STUCK: &str = "nothing is redelivered";
/// In seconds. Ten events of a batch need it.
const REDELIVERY_TIMEOUT: u64 = 30;
const WORKS: [&str; 4] = ["Creating", "Enabled", "Enabling", "Updating"];
/// The beginnings of the settings that must be the same in both functions.
const SHARED: [&str; 3] = ["BACKEND_", "COGNITO_", "MAPPER_"];

/// The function has a queue, which exists.
pub fn queue(deployment: &Deployment, found: &mut Vec<Finding>) -> Result<(), NotChecked> {
    let create = deployment.create();
    if !deployment.variables()?.contains_key("UNDELIVERED_QUEUE_URL") {
        let fix = format!("{create}: both make and set it");
        found.push(Finding::fault("UNDELIVERED_QUEUE_URL is not set", LOST, fix));
    } else if deployment.found_queue()?.is_none() {
        let what = "the queue that UNDELIVERED_QUEUE_URL names does not exist";
        found.push(Finding::fault(what, LOST, create));
    }
    Ok(())
}

/// Both queues keep messages as long as SQS can, encrypted, with a visibility timeout that is long
/// enough.
pub fn kept(deployment: &Deployment, found: &mut Vec<Finding>) -> Result<(), NotChecked> {
    let (names, queue) = (&deployment.names, deployment.queue()?);
    long_enough(&names.queue(), queue, deployment, found)?;
    long_enough(&names.dead_letters(), &dead_letters(deployment)?, deployment, found)?;
    if deployment.found_redelivery()?.is_some() {
        let has = number_in_text(queue, "VisibilityTimeout")?;
        let timeout = answer::number(deployment.redelivery()?, "Timeout")?;
        let needs = VISIBLE_AFTER * timeout;
        if has < needs {
            let finding = Finding::fault(
                format!(
                    "the queue's visibility timeout is {has} s, not {VISIBLE_AFTER} times redelivery's {timeout} s"
                ),
                "messages come again while they are still being delivered, and end as dead letters too soon",
                format!(
                    "`aws sqs set-queue-attributes --queue-url {} --attributes VisibilityTimeout={needs}`",
                    deployment.queue_url()?
                ),
            );
            found.push(finding.warning_if(has >= timeout));
        }
    }
    Ok(())
}

/// Adds what is wrong if the queue with the attributes `there` keeps messages too short a time, or
/// unencrypted.
fn long_enough(
    name: &str,
    there: &Value,
    deployment: &Deployment,
    found: &mut Vec<Finding>,
) -> Result<(), NotChecked> {
    let kept = match there.get("MessageRetentionPeriod") {
        Some(_) => number_in_text(there, "MessageRetentionPeriod")?,
        None => RETENTION,
    };
    if kept < RETENTION {
        let tenths = kept * 10 / 86_400;
        let days = if tenths % 10 == 0 {
            (tenths / 10).to_string()
        } else {
            format!("{}.{}", tenths / 10, tenths % 10)
        };
        found.push(Finding::warning(
            format!("{name} keeps messages for {days} days, not 14"),
            "then SQS deletes users whom the backend does not have",
            deployment.create(),
        ));
    }
    let key = there["KmsMasterKeyId"].as_str().unwrap_or_default();
    if there["SqsManagedSseEnabled"] != "true" && key.is_empty() {
        let what = format!("{name} is not encrypted");
        found.push(Finding::warning(what, "it holds users' attributes", deployment.create()));
    }
    Ok(())
}

/// The attributes of the dead-letter queue, or faultless ones if there is no such queue.
fn dead_letters(deployment: &Deployment) -> Result<Value, NotChecked> {
    let there = match deployment.dead_letters_arn()? {
        Some(_) => deployment.dead_letters()?.cloned(),
        None => None,
    };
    Ok(there.unwrap_or_else(|| json!({ "SqsManagedSseEnabled": "true" })))
}

/// Events that redelivery gives up go to a dead-letter queue.
pub fn dead_letter_queue(
    deployment: &Deployment,
    found: &mut Vec<Finding>,
) -> Result<(), NotChecked> {
    let what = if deployment.dead_letters_arn()?.is_none() {
        "the queue has no dead-letter queue"
    } else if deployment.dead_letters()?.is_none() {
        "the queue's dead-letter queue does not exist"
    } else {
        return Ok(());
    };
    let why = "an event that can't be delivered is tried until SQS deletes it";
    found.push(Finding::fault(what, why, deployment.create()));
    Ok(())
}

/// Nobody waits.
pub fn waiting(deployment: &Deployment, found: &mut Vec<Finding>) -> Result<(), NotChecked> {
    let count = messages(deployment.queue()?)?;
    if count > 0 {
        found.push(Finding::warning(
            format!("about {count} users wait in the queue"),
            "the backend does not have them",
            format!(
                "if they do not become fewer within minutes, see `errorType` in `aws logs tail /aws/lambda/{} \
                 --since 1h`",
                deployment.names.redelivery()
            ),
        ));
    }
    let count = messages(&dead_letters(deployment)?)?;
    if count > 0 {
        found.push(Finding::warning(
            format!("about {count} users are dead letters"),
            "redelivery has given them up, and SQS deletes them after 14 days",
            format!(
                "fix the cause; `mapper replay{0} MAPPER` says whether a mapper does; then `mapper redrive{0}`",
                deployment.option
            ),
        ));
    }
    Ok(())
}

/// How many messages a queue has.
fn messages(attributes: &Value) -> Result<u64, NotChecked> {
    let mut count = 0;
    for state in ["", "NotVisible", "Delayed"] {
        let name = format!("ApproximateNumberOfMessages{state}");
        if attributes.get(&name).is_some() {
            count += number_in_text(attributes, &name)?;
        }
    }
    Ok(count)
}

/// The function's role may send into the queue, and neither policy denies it.
pub fn may_send(deployment: &Deployment, found: &mut Vec<Finding>) -> Result<(), NotChecked> {
    may(deployment, answer::text(deployment.function()?, "Role")?, &SEND, LOST, found)
}

/// Redelivery's role may take from the queue, and neither policy denies it.
pub fn may_receive(deployment: &Deployment, found: &mut Vec<Finding>) -> Result<(), NotChecked> {
    may(deployment, answer::text(deployment.redelivery()?, "Role")?, &RECEIVE, STUCK, found)
}

/// Adds what keeps a role from `actions` on the queue.
fn may(
    deployment: &Deployment,
    role: &str,
    actions: &[&str],
    why: &str,
    found: &mut Vec<Finding>,
) -> Result<(), NotChecked> {
    let queue = deployment.queue()?;
    let arn = answer::text(queue, "QueueArn")?;
    let create = deployment.create();
    match refused(role, actions, arn)? {
        Simulated::NoRole => {
            found.push(Finding::fault(format!("there is no role {role}"), why, create));
        }
        Simulated::Refused(denied) if !denied.is_empty() => {
            let what = format!("{role} may not {} on {arn}", denied.join(", "));
            found.push(Finding::fault(what, why, create));
        }
        Simulated::Refused(_) => {}
        Simulated::Depends(keys) => return Err(depends(&keys)),
    }
    if queue["Policy"].as_str().is_none_or(str::is_empty) {
        return Ok(());
    }
    let policy = answer::json_in_text(queue, "Policy")?;
    for statement in answer::items(&policy, "Statement") {
        if answer::text(statement, "Effect")? != "Deny" || !concerns(statement, role, actions) {
            continue;
        }
        let conditional = statement.get("Condition").is_some();
        let finding = Finding::fault(
            format!(
                "the queue's policy denies {} to {role}, in the statement {}{}",
                actions.join(", "),
                statement["Sid"].as_str().unwrap_or("without a name"),
                if conditional { ", under a condition" } else { "" }
            ),
            why,
            format!(
                "remove the role from it: `aws sqs set-queue-attributes --queue-url {} --attributes file://…`",
                deployment.queue_url()?
            ),
        );
        found.push(finding.warning_if(conditional));
    }
    Ok(())
}

/// Whether a Deny statement applies to the role and one of `actions`, and not only to calls without
/// TLS.
fn concerns(statement: &Value, role: &str, actions: &[&str]) -> bool {
    let conditions = statement["Condition"].as_object().map(|it| it.values().collect::<Vec<_>>());
    if conditions.is_some_and(|it| it == [&json!({ "aws:SecureTransport": "false" })]) {
        return false;
    }
    let named = match statement.get("Principal") {
        None => vec!["*".to_owned()],
        Some(Value::Object(principals)) => principals.get("AWS").map(listed).unwrap_or_default(),
        Some(principal) => listed(principal),
    };
    let account = account(role);
    let everybody = ["*", role, account, &format!("arn:aws:iam::{account}:root")];
    let denied = statement.get("Action").map_or_else(|| vec!["*".to_owned()], listed);
    named.iter().any(|name| everybody.contains(&name.as_str()))
        && denied.iter().any(|denied| stands_for(denied, actions))
}

/// Whether an action, as policies write it, is one of `actions` or stands for all of SQS.
fn stands_for(action: &str, actions: &[&str]) -> bool {
    ["sqs:*", "*"].contains(&action.to_lowercase().as_str())
        || actions.iter().any(|wanted| wanted.eq_ignore_ascii_case(action))
}

/// The redelivery function exists, with the mapper and the settings of the function that Cognito
/// calls.
pub fn redelivery(deployment: &Deployment, found: &mut Vec<Finding>) -> Result<(), NotChecked> {
    let (there, name) = (deployment.found_redelivery()?, deployment.names.redelivery());
    let qualified = format!("{name}:{}", deployment.redelivery_qualifier()?);
    is_ready(there, &qualified, STUCK, deployment, found);
    let Some(there) = there else { return Ok(()) };
    let timeout = answer::number(there, "Timeout")?;
    if timeout < REDELIVERY_TIMEOUT {
        found.push(Finding::warning(
            format!("{name} has a timeout of {timeout} s, not {REDELIVERY_TIMEOUT}"),
            "a batch of ten events may run out of time",
            deployment.create(),
        ));
    }
    let (function, ours) = (deployment.function()?, &deployment.names.function);
    if layers_of(there)? != layers_of(function)?
        || there["Architectures"] != function["Architectures"]
    {
        found.push(Finding::fault(
            format!("{name} has other layers than {ours}"),
            "events from the queue are mapped differently, or not at all",
            format!("{}: both change both functions", deployment.swap()),
        ));
    }
    let differing = differing(&shared(function), &shared(there));
    if let Some(first) = differing.first() {
        found.push(Finding::fault(
            format!("{name} has other values of {} than {ours}", differing.join(", ")),
            "events from the queue end differently",
            format!("{}, which sets both", deployment.change(&format!("{first}=VALUE"))),
        ));
    }
    Ok(())
}

/// The settings that must be the same in both functions.
fn shared(function: &Value) -> Variables {
    let mut settings = settings_of(function);
    settings.retain(|name, _| SHARED.iter().any(|beginning| name.starts_with(beginning)));
    settings
}

/// The queue feeds only the redelivery function, which reports failed records.
pub fn mapping(deployment: &Deployment, found: &mut Vec<Finding>) -> Result<(), NotChecked> {
    let (there, name) = (deployment.mapping()?, deployment.names.redelivery());
    for other in deployment.mappings()? {
        let arn = answer::text(other, "FunctionArn")?;
        if function_of(arn) != name {
            found.push(Finding::fault(
                format!("{arn} reads the queue"),
                "it takes users away from redelivery",
                format!(
                    "`aws lambda delete-event-source-mapping --uuid {}`",
                    answer::text(other, "UUID")?
                ),
            ));
        }
    }
    let Some(there) = there else {
        let what = format!("the queue does not feed {name}");
        found.push(Finding::fault(what, STUCK, deployment.create()));
        return Ok(());
    };
    let uuid = answer::text(there, "UUID")?;
    let update = format!("`aws lambda update-event-source-mapping --uuid {uuid} ");
    let state = answer::text(there, "State")?;
    if !WORKS.contains(&state) {
        let what = format!("the event source mapping is {state}");
        found.push(Finding::fault(what, STUCK, format!("{update}--enabled`")));
    }
    let reports = answer::items(there, "FunctionResponseTypes").iter();
    if !reports.into_iter().any(|report| report == "ReportBatchItemFailures") {
        found.push(Finding::fault(
            "the event source mapping lacks ReportBatchItemFailures",
            "Lambda deletes messages that were not delivered",
            format!("{update}--function-response-types ReportBatchItemFailures`"),
        ));
    }
    let arn = answer::text(there, "FunctionArn")?;
    if !arn.ends_with(&format!(":{ALIAS}")) {
        found.push(Finding::warning(
            format!("the event source mapping calls {arn} and not the alias `{ALIAS}`"),
            "a swap or a rollback of the mapper does not reach it as a whole",
            format!("{update}--function-name {name}:{ALIAS}`"),
        ));
    }
    Ok(())
}
