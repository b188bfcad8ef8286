//! The queue of undelivered events, its dead-letter queue, and the functions' log groups.

use anyhow::Result;
use serde_json::{Map, Value, json};

use super::answer::{self, merged};
use super::aws;
use super::names::Names;
use super::talk::say;

/// How long messages are kept, in seconds: 14 days, the most that SQS offers.
pub const RETENTION: u64 = 14 * 24 * 3600;
/// The visibility timeout, in timeouts of redelivery:
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html>
pub const VISIBLE_AFTER: u64 = 6;
/// How often redelivery tries before a message becomes a dead letter.
const RECEIVES: u64 = 5;
const LOG_DAYS: u64 = 30;

/// A queue that exists.
pub struct Queue {
    /// Its URL.
    pub url: String,
    /// Its ARN.
    pub arn: String,
}

/// Makes or updates both queues; `timeout` is redelivery's, in seconds. Returns the queue.
///
/// # Errors
/// What AWS refuses.
pub fn ensure_queues(names: &Names, timeout: u64) -> Result<Queue> {
    let kept =
        json!({ "MessageRetentionPeriod": RETENTION.to_string(), "SqsManagedSseEnabled": "true" });
    let dead_letters = ensure_queue(&names.dead_letters(), &kept)?.arn;
    let redrive = json!({ "deadLetterTargetArn": dead_letters, "maxReceiveCount": RECEIVES });
    let own = json!({
        "VisibilityTimeout": (VISIBLE_AFTER * timeout).to_string(),
        "RedrivePolicy": redrive.to_string(),
    });
    ensure_queue(&names.queue(), &merged(kept, &own))
}

/// Makes the queue `name`, or sets those of `attributes` that it lacks.
///
/// Larger values stay: a longer visibility timeout, a key of one's own, another number of receives.
fn ensure_queue(name: &str, attributes: &Value) -> Result<Queue> {
    let found = aws::find("sqs", "get-queue-url", json!({ "QueueName": name }))?;
    let mut state = if found.is_some() { "exists" } else { "created" };
    let queue = match found {
        Some(queue) => queue,
        None => {
            let given = json!({ "QueueName": name, "Attributes": attributes });
            aws::call("sqs", "create-queue", given)?
        }
    };
    let url = answer::text(&queue, "QueueUrl")?.to_owned();
    let asked = json!({ "QueueUrl": url, "AttributeNames": ["All"] });
    let there = aws::call("sqs", "get-queue-attributes", asked)?;
    let there = answer::object(&there, "Attributes")?;
    let mut wrong = Map::new();
    for (key, value) in attributes.as_object().into_iter().flatten() {
        if !does(there, key, value)? {
            wrong.insert(key.clone(), value.clone());
        }
    }
    if !wrong.is_empty() {
        let given = json!({ "QueueUrl": url, "Attributes": wrong });
        aws::call("sqs", "set-queue-attributes", given)?;
        state = "updated";
    }
    say(format!("queue {name}: {state}"));
    Ok(Queue { arn: answer::text(there, "QueueArn")?.to_owned(), url })
}

/// Whether the attributes `there` meet the purpose of the value `wanted` of the attribute `key`.
fn does(there: &Value, key: &str, wanted: &Value) -> Result<bool> {
    if key == "SqsManagedSseEnabled" && there.get("KmsMasterKeyId").is_some() {
        return Ok(true);
    }
    let Some(has) = there.get(key) else { return Ok(false) };
    let (has, wanted) = (text(has), text(wanted));
    Ok(match key {
        "VisibilityTimeout" => has.parse::<u64>()? >= wanted.parse::<u64>()?,
        "RedrivePolicy" => {
            let (has, wanted): (Value, Value) =
                (serde_json::from_str(has)?, serde_json::from_str(wanted)?);
            has["deadLetterTargetArn"] == wanted["deadLetterTargetArn"]
        }
        _ => has == wanted,
    })
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Makes the log group `name`, and sets a retention if it has none: without it, logs stay for ever.
///
/// # Errors
/// What AWS refuses.
pub fn ensure_log_group(name: &str) -> Result<()> {
    let found = aws::call("logs", "describe-log-groups", json!({ "logGroupNamePrefix": name }))?;
    let mut groups = answer::list(&found, "logGroups")?.iter();
    let group = groups.find(|group| group["logGroupName"] == name);
    if group.is_none() {
        aws::call("logs", "create-log-group", json!({ "logGroupName": name }))?;
    }
    let kept = group.is_some_and(|group| group.get("retentionInDays").is_some());
    if !kept {
        let given = json!({ "logGroupName": name, "retentionInDays": LOG_DAYS });
        aws::call("logs", "put-retention-policy", given)?;
    }
    let state = match (group, kept) {
        (None, _) => "created",
        (Some(_), true) => "exists",
        (Some(_), false) => "updated",
    };
    say(format!("log group {name}: {state}"));
    Ok(())
}
