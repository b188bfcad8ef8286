//! What SQS hands over: a batch of events that an earlier invocation could not deliver.

use std::time::SystemTime;

use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

use super::{EVENT_ID, RECEIVED_AT};
use crate::event::{Event, is_event};
use crate::hex::is_hex;
use crate::lenient::Object;

/// A batch from the queue.
pub struct Batch {
    /// The records in the order of the batch.
    pub records: Vec<Record>,
}

/// One record of a batch.
pub struct Record {
    /// The id under which the queue is told that the record has to stay.
    pub message_id: String,
    /// How often it was handed over, this time included.
    pub receive_count: Option<u32>,
    /// The event, with the id that it has had from the start.
    pub event: Event,
    /// Whether the body is an event of Cognito. If it is not (an event inside another message, for
    /// example), the record must stay in the queue, or the user in it would be lost.
    pub readable: bool,
}

impl Batch {
    /// The batch in a payload with these members. None if the payload is not a batch of SQS.
    pub fn parse(payload: &Object<'_>) -> Option<Batch> {
        let records: Vec<&RawValue> = serde_json::from_str(payload.get("Records")?.get()).ok()?;
        let records: Vec<Object<'_>> = records.into_iter().map(Object::parse).collect();
        let from_sqs =
            records.iter().any(|record| record.text("eventSource").as_deref() == Some("aws:sqs"));
        from_sqs.then(|| Batch { records: records.iter().map(Record::read).collect() })
    }
}

impl Record {
    fn read(record: &Object<'_>) -> Record {
        let message_id = record.text("messageId").unwrap_or_default();
        let id = record.object("messageAttributes").object(EVENT_ID).text("stringValue");
        let body = RawValue::from_string(record.text("body").unwrap_or_default());
        let json = body.unwrap_or_else(|_| RawValue::NULL.to_owned());
        let readable = is_event(&json);
        let mut event = match id.filter(|id| is_event_id(id)) {
            Some(id) => Event::with_id(&json, id),
            // Put there by hand: its message is what makes it one event.
            None => Event::read(&json, &message_id),
        };
        if let Some(received_at) = received_at(record) {
            event.received_at = received_at;
        }
        Record {
            receive_count: record
                .object("attributes")
                .text("ApproximateReceiveCount")
                .and_then(|n| n.parse().ok()),
            event,
            readable,
            message_id,
        }
    }
}

/// When the host was first called with the event of `record`; if the message does not say so, when
/// it was sent.
fn received_at(record: &Object<'_>) -> Option<SystemTime> {
    let attribute = record.object("messageAttributes").object(RECEIVED_AT).text("stringValue");
    let said = attribute.and_then(|text| OffsetDateTime::parse(&text, &Rfc3339).ok());
    // A time without a year of four digits in UTC could not be written as one.
    if let Some(said) = said.and_then(|said| said.checked_to_offset(UtcOffset::UTC)) {
        return Some(said.into());
    }
    let sent: i128 = record.object("attributes").text("SentTimestamp")?.parse().ok()?;
    let sent = OffsetDateTime::from_unix_timestamp_nanos(sent.checked_mul(1_000_000)?).ok()?;
    Some(sent.into())
}

/// What tells SQS which records have to stay, by their message ids, as an event source mapping with
/// `ReportBatchItemFailures` reads it.
pub fn answer(failed: &[String]) -> Option<Box<RawValue>> {
    let failures: Vec<_> = failed.iter().map(|id| json!({ "itemIdentifier": id })).collect();
    to_raw_value(&json!({ "batchItemFailures": failures })).ok()
}

fn is_event_id(id: &str) -> bool {
    id.strip_prefix("evt_").is_some_and(|digits| is_hex(digits, 32))
}
