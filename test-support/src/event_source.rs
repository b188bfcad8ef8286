//! An event source mapping as Lambda has it between a queue and a function: batches, and
//! `ReportBatchItemFailures`.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::aws::{Message, Queue};
use crate::function::{Batch, Function};
use crate::runtime_api::Answer;

/// The function's own timeout: far longer than redelivering takes.
const TIMEOUT: Duration = Duration::from_secs(25);

/// A mapping that hands over up to `batch` messages at a time.
pub struct EventSource<'a> {
    pub queue: &'a Queue,
    pub batch: i32,
    pub timeout: Duration,
}

/// What became of a batch.
pub struct Redelivered {
    /// The ids of the messages in the batch, in its order.
    pub messages: Vec<String>,
    /// The ids of those that stay in the queue.
    pub failed: HashSet<String>,
    /// Those that stay in the queue, for now invisibly.
    pub stayed: Vec<Message>,
    /// The lines, one for each record.
    pub lines: Vec<Value>,
}

impl<'a> EventSource<'a> {
    /// A mapping with the largest batches of a standard queue that need no batching window.
    pub fn of(queue: &'a Queue) -> EventSource<'a> {
        EventSource { queue, batch: 10, timeout: TIMEOUT }
    }

    /// Hands over one batch: what `function` took is deleted, and all else is visible again at
    /// once, although Lambda would wait for the visibility timeout. None if no message is
    /// visible.
    pub async fn poll(&self, function: &mut Function) -> Option<Redelivered> {
        let redelivered = self.hand_over(function).await?;
        for message in &redelivered.stayed {
            self.queue.give_back(message).await;
        }
        Some(redelivered)
    }

    /// Like `poll`, but what stays is not visible yet.
    pub async fn hand_over(&self, function: &mut Function) -> Option<Redelivered> {
        let messages = self.queue.receive(self.batch).await;
        if messages.is_empty() {
            return None;
        }
        let records: Vec<Value> =
            messages.iter().map(|message| record(message, &self.queue.arn)).collect();
        let Batch { answer, lines } = function.invoke_batch(&records, self.timeout).await;
        let ids: Vec<String> =
            messages.iter().map(|message| message.message_id.clone().unwrap()).collect();
        let failed = failures(&answer, &ids);
        let mut stayed = Vec::new();
        for message in messages {
            if failed.contains(message.message_id.as_ref().unwrap()) {
                stayed.push(message);
            } else {
                self.queue.delete(&message).await;
            }
        }
        Some(Redelivered { messages: ids, failed, stayed, lines })
    }
}

impl Redelivered {
    /// The line of the message `id`.
    pub fn line(&self, id: &str) -> &Value {
        let mut lines = self.lines.iter().filter(|line| line["messageId"] == id);
        let line = lines.next().expect("no line for the message");
        assert!(lines.next().is_none(), "more than one line for the message");
        line
    }
}

/// What `answer` says has failed. If Lambda can't read an answer or doesn't know an id in it,
/// all of the batch stays.
fn failures(answer: &Answer, ids: &[String]) -> HashSet<String> {
    let all = || ids.iter().cloned().collect();
    let Answer::Response(bytes) = answer else { return all() };
    let answer: Value = serde_json::from_slice(bytes).unwrap();
    let failed = answer["batchItemFailures"].as_array().expect("the answer is none to a batch");
    let failed: HashSet<String> = failed
        .iter()
        .map(|failure| failure["itemIdentifier"].as_str().unwrap().to_owned())
        .collect();
    assert!(failed.iter().all(|id| ids.contains(id)), "{answer}");
    failed
}

/// `message` as it stands in a batch.
fn record(message: &Message, arn: &str) -> Value {
    let attributes = message.attributes.iter();
    let attributes: Map<String, Value> =
        attributes.map(|(name, value)| (name.as_str().to_owned(), value.as_str().into())).collect();
    let sent = message.message_attributes.iter().map(|(name, value)| {
        let value = json!({
            "stringValue": value.string_value,
            "stringListValues": [],
            "binaryListValues": [],
            "dataType": value.data_type,
        });
        (name.clone(), value)
    });
    let sent: Map<String, Value> = sent.collect();
    json!({
        "messageId": message.message_id,
        "receiptHandle": message.receipt_handle,
        "body": message.body,
        "attributes": attributes,
        "messageAttributes": sent,
        "md5OfBody": message.md5_of_body,
        "md5OfMessageAttributes": message.md5_of_message_attributes,
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": "eu-central-1",
    })
}
