//! Looking at the messages of a queue. SQS knows no look: who reads messages receives them, which
//! hides them for a while. All are held until the last one is read, so that none comes twice, and
//! then let go: after an error and an interruption, too.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use serde_json::{Value, json};

use crate::deploy::answer;
use crate::deploy::aws::{self, AwsError};
use crate::deploy::interrupt;
use crate::terminal;

/// The most messages of a call.
const BATCH: usize = 10;
/// How long a receive waits for a message, in seconds. One that waits asks all servers of SQS, so
/// no answer means that there is no message.
const WAIT: u64 = 1;
/// How long messages are hidden, in seconds, at the least, and for each that may be read: a call
/// gives ten at the most, and often one. They come back after that even if this program is killed.
/// One half is for reading them, the other one for letting them go.
const HIDDEN: u64 = 30;
const HIDDEN_BY_MESSAGE: u64 = 2;

const VISIBLE: &str = "ApproximateNumberOfMessages";
const IN_FLIGHT: &str = "ApproximateNumberOfMessagesNotVisible";
const REDRIVE: &str = "RedrivePolicy";

/// A queue that was looked at.
pub struct Seen {
    /// Its name.
    pub queue: String,
    /// The messages as SQS gives them, each once.
    pub messages: Vec<Value>,
    /// About how many more there were than were to be read.
    pub more: u64,
    /// About how many somebody else had received just then.
    pub in_flight: u64,
    /// How often SQS hands over a message before it becomes a dead letter; each look counts. None
    /// if it does so for ever.
    pub receives: Option<u64>,
}

/// Reads at most `most` messages of the queue with this name.
///
/// # Errors
/// There is no such queue, AWS refuses, or the person interrupts.
pub fn peek(queue: &str, most: usize) -> Result<Seen> {
    let Some(found) = aws::find("sqs", "get-queue-url", json!({ "QueueName": queue }))? else {
        bail!("there is no queue {queue} in this account and region");
    };
    let url = answer::text(&found, "QueueUrl")?;
    let asked = json!({ "QueueUrl": url, "AttributeNames": [VISIBLE, IN_FLIGHT, REDRIVE] });
    let found = aws::call("sqs", "get-queue-attributes", asked)?;
    let there = answer::object(&found, "Attributes")?;
    let (visible, in_flight) =
        (answer::number_in_text(there, VISIBLE)?, answer::number_in_text(there, IN_FLIGHT)?);
    let receives = match there.get(REDRIVE) {
        Some(_) => receives(&answer::json_in_text(there, REDRIVE)?),
        None => None,
    };
    let (messages, is_all) = read(queue, url, most)?;
    let more = if is_all { 0 } else { visible.saturating_sub(messages.len() as u64) };
    Ok(Seen { queue: queue.to_owned(), messages, more, in_flight, receives })
}

/// The number in a redrive policy, which SQS shows as it was written: as a number or as a text.
fn receives(policy: &Value) -> Option<u64> {
    let number = &policy["maxReceiveCount"];
    number.as_u64().or_else(|| number.as_str()?.parse().ok())
}

/// Reads messages and lets them go. Returns them, and whether they are all that could be read.
fn read(queue: &str, url: &str, most: usize) -> Result<(Vec<Value>, bool)> {
    let _progress = terminal::progress(format!("reading {queue}"));
    let hidden = HIDDEN + HIDDEN_BY_MESSAGE * most as u64;
    let mut held = Held { url, hidden, ..Held::default() };
    // From here on an interruption is a failure, after which the messages are let go.
    let hold = interrupt::hold();
    let read = held.receive(most);
    let let_go = held.let_go(queue);
    drop(hold);
    let is_all = read?;
    let_go?;
    interrupt::check()?;
    Ok((held.messages, is_all))
}

/// Messages that nobody else gets for the moment.
#[derive(Default)]
struct Held<'a> {
    url: &'a str,
    hidden: u64,
    handles: Vec<String>,
    ids: BTreeSet<String>,
    messages: Vec<Value>,
}

impl Held<'_> {
    /// Receives messages. Returns whether there are no more.
    fn receive(&mut self, most: usize) -> Result<bool> {
        let until = Instant::now() + Duration::from_secs(self.hidden / 2);
        while self.messages.len() < most && Instant::now() < until {
            let asked = json!({
                "QueueUrl": self.url,
                "MaxNumberOfMessages": BATCH.min(most - self.messages.len()),
                "VisibilityTimeout": self.hidden,
                "WaitTimeSeconds": WAIT,
                "AttributeNames": ["All"],
                "MessageAttributeNames": ["All"],
            });
            let found = aws::complete("sqs", "receive-message", &asked, &[])?;
            let messages = answer::items(&found, "Messages");
            if messages.is_empty() {
                return Ok(true);
            }
            for message in messages {
                self.handles.push(answer::text(message, "ReceiptHandle")?.to_owned());
                // SQS may hand over a message twice.
                if self.ids.insert(answer::text(message, "MessageId")?.to_owned()) {
                    self.messages.push(message.clone());
                }
            }
        }
        Ok(false)
    }

    /// Makes the messages visible again. An interruption ends the program only after that. If SQS
    /// refuses, this says when they come back by themselves.
    fn let_go(&self, queue: &str) -> Result<()> {
        let (mut interrupted, mut refused, mut why) = (Ok(()), 0, None);
        for handles in self.handles.chunks(BATCH) {
            let entries = handles.iter().enumerate().map(|(place, handle)| {
                json!({ "Id": place.to_string(), "ReceiptHandle": handle, "VisibilityTimeout": 0 })
            });
            let asked = json!({ "QueueUrl": self.url, "Entries": entries.collect::<Vec<Value>>() });
            let done = match make_visible(&asked) {
                Err(AwsError::Interrupted(came)) => {
                    interrupted = Err(came);
                    interrupt::ignore();
                    make_visible(&asked)
                }
                done => done,
            };
            match done {
                Ok(answer) => {
                    let failed = answer::items(&answer, "Failed");
                    refused += failed.len();
                    let code = failed.first().and_then(|it| it["Code"].as_str());
                    why = why.or(code.map(str::to_owned));
                }
                Err(error) => {
                    refused += handles.len();
                    why = why.or(Some(error.to_string()));
                }
            }
        }
        if refused > 0 {
            terminal::warn(&format!(
                "{refused} messages of {queue} stay hidden for up to {} seconds, because SQS did not make them \
                 visible: {}",
                self.hidden,
                why.unwrap_or_default()
            ));
        }
        interrupted?;
        Ok(())
    }
}

fn make_visible(asked: &Value) -> Result<Value, AwsError> {
    aws::call("sqs", "change-message-visibility-batch", asked.clone())
}
