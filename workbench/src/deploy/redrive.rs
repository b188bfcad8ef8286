//! `mapper redrive`: dead letters go back into the queue, so that redelivery tries them again.

use std::time::Duration;

use anyhow::{Result, bail};
use serde_json::{Value, json};

use super::answer;
use super::aws;
use super::functions::pause;
use super::names::FunctionName;
use super::rights::{On, PrintPolicy, Right};
use super::talk::say;
use super::{changes, place};

/// Move dead letters back into the queue.
///
/// Run it after you have fixed the cause. Events that redelivery gave up (after five attempts) are
/// in the queue NAME-dead-letters. This starts SQS's own redrive into NAME-undelivered and follows
/// it to its end; you can interrupt it and run it again. If a redrive is already running, it
/// follows that one.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  mapper redrive
  mapper redrive --function users

Exit status: 0 if the redrive is over, 1 if it failed or AWS refused.")]
pub struct Args {
    #[command(flatten)]
    function: FunctionName,
    #[command(flatten)]
    policy: PrintPolicy,
}

/// What an error leaves behind, unless it says so itself.
const LEFT: &str = "SQS goes on with a redrive that has started. Run this again to follow it.";
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How often a redrive may be missing from SQS's list: AWS does not say how soon a new one is
/// listed.
const LOOKS: usize = 30;

/// What it needs.
const RIGHTS: [Right; 2] = [
    (
        On::DeadLetters,
        &[
            "sqs:GetQueueUrl",
            "sqs:GetQueueAttributes",
            "sqs:ListMessageMoveTasks",
            "sqs:StartMessageMoveTask",
            "sqs:ReceiveMessage",
            "sqs:DeleteMessage",
        ],
    ),
    (On::Queue, &["sqs:SendMessage"]),
];

pub fn run(args: &Args) -> Result<bool> {
    let names = args.function.names();
    if args.policy.print(&RIGHTS, &names, None)? {
        return Ok(true);
    }
    place::announce(None)?;
    let dead_letters = names.dead_letters();
    let asked = json!({ "QueueName": dead_letters });
    let Some(found) = aws::find("sqs", "get-queue-url", asked)? else {
        bail!("there is no queue {dead_letters} in this account and region");
    };
    let url = answer::text(&found, "QueueUrl")?;
    let wanted = ["ApproximateNumberOfMessages", "QueueArn"];
    let asked = json!({ "QueueUrl": url, "AttributeNames": wanted });
    let found = aws::call("sqs", "get-queue-attributes", asked)?;
    let attributes = answer::object(&found, "Attributes")?;
    let source = answer::text(attributes, "QueueArn")?;
    let last = newest(source)?;
    let started = last["StartedTimestamp"].as_i64().unwrap_or(0);
    if is_running(&last) {
        say("a redrive is already running");
        changes::leave(LEFT);
        follow(source, started)?;
        return Ok(true);
    }
    let count = answer::number_in_text(attributes, "ApproximateNumberOfMessages")?;
    if count == 0 {
        say(format!("{dead_letters}: no dead letters"));
        return Ok(true);
    }
    say(format!("{dead_letters}: about {count} dead letters"));
    let place = source.strip_suffix(&dead_letters).unwrap_or(source);
    let target = format!("{place}{}", names.queue());
    let given = json!({ "SourceArn": source, "DestinationArn": target });
    changes::leave(LEFT);
    aws::call("sqs", "start-message-move-task", given)?;
    follow(source, started + 1)?;
    Ok(true)
}

/// Reports the progress of the newest redrive from the queue with the ARN `source` until it is
/// over.
///
/// A redrive that started before `since` (milliseconds since 1970) is an older one: the new one is
/// not listed yet.
fn follow(source: &str, since: i64) -> Result<()> {
    let (mut told, mut missing) = (None, 0);
    loop {
        let task = newest(source)?;
        if task["StartedTimestamp"].as_i64().is_none_or(|started| started < since) {
            missing += 1;
            if missing == LOOKS {
                changes::leave("");
                bail!(
                    "SQS has started the redrive, but does not list it; run this again to see how far it is"
                );
            }
            pause(LOOK_EVERY)?;
            continue;
        }
        let moved = task["ApproximateNumberOfMessagesMoved"].as_u64().unwrap_or(0);
        if !is_running(&task) {
            return ended(&task, moved);
        }
        if told != Some(moved) {
            let all = task["ApproximateNumberOfMessagesToMove"].as_u64();
            let all = all.map_or_else(|| "?".to_owned(), |all| all.to_string());
            say(format!("about {moved} of {all} moved"));
            told = Some(moved);
        }
        pause(LOOK_EVERY)?;
    }
}

/// Says how a redrive ended.
fn ended(task: &Value, moved: u64) -> Result<()> {
    let status = answer::text(task, "Status")?;
    if status != "COMPLETED" {
        changes::leave("");
        let reason = task["FailureReason"].as_str().map(|reason| format!(" ({reason})"));
        bail!(
            "the redrive ended as {status}{} after about {moved}; run this again",
            reason.unwrap_or_default()
        );
    }
    say(format!("about {moved} moved; the redrive is over"));
    Ok(())
}

fn is_running(task: &Value) -> bool {
    matches!(task["Status"].as_str(), Some("RUNNING" | "CANCELLING"))
}

/// The newest redrive from the queue with the ARN `source`; null if there was none.
fn newest(source: &str) -> Result<Value> {
    let asked = json!({ "SourceArn": source, "MaxResults": 1 });
    let found = aws::call("sqs", "list-message-move-tasks", asked)?;
    Ok(answer::items(&found, "Results").first().cloned().unwrap_or_default())
}
