//! Messages of the queue, read as the function reads them when Lambda hands them over.

use anyhow::Result;
use post_confirmation_host::event::Event;
use post_confirmation_host::{Batch, Object};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value, json};

use crate::recorded::SearchResult;

/// A message.
pub struct Message {
    /// SQS's id of it, which the log of redelivery has, too.
    pub id: String,
    /// The event, or why it is none.
    pub event: Result<Event, &'static str>,
}

/// Reads messages as `ReceiveMessage` gives them.
///
/// # Errors
/// They can't be written as Lambda does.
pub fn read(messages: &[Value]) -> Result<Vec<Message>> {
    let records: Vec<Value> = messages.iter().map(record).collect();
    let payload = to_raw_value(&json!({ "Records": records }))?;
    // Without a record it is not a batch.
    let batch = Batch::parse(&Object::parse(&payload));
    let records = batch.map(|batch| batch.records).unwrap_or_default();
    let read = records.into_iter().zip(messages).map(|(record, message)| Message {
        id: record.message_id,
        event: if record.readable { Ok(record.event) } else { Err(why(message)) },
    });
    Ok(read.collect())
}

/// The record that Lambda makes of a message:
/// <https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html>
fn record(message: &Value) -> Value {
    let attributes = message["MessageAttributes"].as_object().into_iter().flatten();
    let attributes: Map<String, Value> = attributes
        .map(|(name, it)| (name.clone(), json!({ "stringValue": it["StringValue"] })))
        .collect();
    json!({
        "eventSource": "aws:sqs",
        "messageId": message["MessageId"],
        "body": message["Body"],
        "attributes": message["Attributes"],
        "messageAttributes": attributes,
    })
}

/// Why the function reads no event in a message.
fn why(message: &Value) -> &'static str {
    let body = message["Body"].as_str().unwrap_or_default();
    let Ok(json) = RawValue::from_string(body.to_owned()) else { return "it is not JSON" };
    let found = SearchResult::search(&[json]);
    match (found.events.is_empty(), found.others) {
        (false, _) => "the event is inside of something else",
        (true, 0) => "it holds no event",
        (true, _) => found.why(),
    }
}
