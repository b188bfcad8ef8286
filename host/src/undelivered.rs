//! What could not be delivered: the queue that keeps it, and reading it back.

mod batch;

use std::collections::HashMap;
use std::time::{Duration, Instant, SystemTime};

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::operation::send_message::SendMessageError;
use aws_sdk_sqs::primitives::{DateTime, DateTimeFormat};
use aws_sdk_sqs::types::MessageAttributeValue;
use thiserror::Error;
use tokio::sync::OnceCell;

use crate::aws;
use crate::event::Event;

pub use batch::{Batch, Record, answer};

/// The largest message of SQS with its attributes, in bytes. A queue may be set to less.
const MAX_MESSAGE: usize = 1024 * 1024;
/// The longest delay of SQS.
const MAX_DELAY: Duration = Duration::from_secs(900);

/// The attribute with the event's id.
const EVENT_ID: &str = "event-id";
/// The attribute with the fixed name of the error.
const REASON: &str = "reason";
/// The attribute with the number of attempts.
const ATTEMPTS: &str = "attempts";
/// The attribute with the time of the first failure, RFC 3339.
const FIRST_FAILED_AT: &str = "first-failed-at";

/// Why the queue does not have an event.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Failure {
    /// The queue takes no such message.
    #[error("the event is larger than the queue takes")]
    TooLarge,
    /// SQS did not take it.
    #[error("the queue did not take the event: {0}")]
    Aws(#[from] aws::Failure),
}

/// Why an event is handed to the queue.
pub struct Reason {
    /// The fixed name of the error.
    pub error_type: &'static str,
    /// How often the backend was asked.
    pub attempts: usize,
    /// When the first failure was.
    pub first_failed: SystemTime,
    /// How long the backend wants to be left alone.
    pub retry_after: Duration,
}

/// The queue of this process.
pub struct Queue {
    url: String,
    client: OnceCell<Client>,
}

impl Queue {
    /// The queue at `url`. Nothing is made or asked before the first need, so that an event that is delivered pays
    /// nothing for it.
    pub fn new(url: String) -> Queue {
        Queue { url, client: OnceCell::new() }
    }

    /// Puts `event` into the queue before `until`.
    ///
    /// # Errors
    /// Why the queue does not have it, as far as is known: where it did not answer in time, it may have it.
    pub async fn put(&self, event: &Event, reason: &Reason, until: Instant) -> Result<(), Failure> {
        let first_failed = DateTime::from(reason.first_failed).fmt(DateTimeFormat::DateTime).unwrap_or_default();
        let attributes = [
            (EVENT_ID, "String", event.id.clone()),
            (REASON, "String", reason.error_type.to_owned()),
            (ATTEMPTS, "Number", reason.attempts.to_string()),
            (FIRST_FAILED_AT, "String", first_failed),
        ];
        let body = writable(event.json.get());
        let parts = attributes.iter().flat_map(|(name, kind, value)| [name.len(), kind.len(), value.len()]);
        if body.len() + parts.sum::<usize>() > MAX_MESSAGE {
            return Err(Failure::TooLarge);
        }
        let attribute = |(name, kind, value): (&str, &str, String)| {
            let value = MessageAttributeValue::builder().data_type(kind).string_value(value).build();
            // Only a missing type could be wrong with it.
            value.map(|value| (name.to_owned(), value)).map_err(|_| aws::Failure::Refused("no type".to_owned()))
        };
        let attributes: HashMap<_, _> = attributes.into_iter().map(attribute).collect::<Result<_, _>>()?;
        let delay = reason.retry_after.min(MAX_DELAY).as_secs();
        let send = async || {
            let region = region(&self.url);
            let client = self.client.get_or_init(async || Client::new(&aws::config(region).await)).await;
            let mut message = client.send_message().queue_url(&self.url).message_body(&body);
            message = message.set_message_attributes(Some(attributes.clone()));
            if delay > 0 {
                message = message.delay_seconds(delay.try_into().unwrap_or_default());
            }
            match message.send().await {
                Err(error) if says_too_large(&error) => Ok(Err(Failure::TooLarge)),
                sent => Ok(Ok(sent.map(drop)?)),
            }
        };
        // On the heap, because it is large and seldom made.
        Box::pin(aws::ask(until, send)).await?
    }
}

/// The region in the URL of a queue, `https://sqs.REGION.amazonaws.com/ACCOUNT/NAME`; nothing where it has another form.
fn region(url: &str) -> Option<String> {
    let host = url.split('/').nth(2)?.strip_prefix("sqs.")?;
    host.split_once(".amazonaws.com").map(|(region, _)| region.to_owned())
}

/// The message is read here and nowhere shown; the code is one that SQS has for many faults.
fn says_too_large(error: &SdkError<SendMessageError>) -> bool {
    error.meta().message().is_some_and(|message| message.contains("must be shorter than"))
}

/// `json` with the two characters that JSON may hold and SQS does not take written as escapes. They can only stand in
/// strings.
fn writable(json: &str) -> String {
    json.replace('\u{fffe}', "\\ufffe").replace('\u{ffff}', "\\uffff")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_region_is_the_queues_own() {
        let of = |url| region(url);
        assert_eq!(of("https://sqs.eu-west-1.amazonaws.com/123456789012/q").as_deref(), Some("eu-west-1"));
        assert_eq!(of("https://sqs.cn-north-1.amazonaws.com.cn/123456789012/q").as_deref(), Some("cn-north-1"));
        assert_eq!(of("http://127.0.0.1:5000/123456789012/q"), None);
    }

    #[test]
    fn what_sqs_does_not_take_is_written_as_an_escape_of_the_same_json() {
        let json = "{\"a\u{ffff}\":\"\u{fffe}\u{1f980}\u{fffd}\u{e000}\u{7f}\"}";
        let written = writable(json);
        assert!(!written.contains(['\u{fffe}', '\u{ffff}']));
        let read = |json: &str| serde_json::from_str::<serde_json::Value>(json).unwrap();
        assert_eq!(read(&written), read(json));
        assert_eq!(writable(r#"{"a": 1.0}"#), r#"{"a": 1.0}"#);
    }
}
