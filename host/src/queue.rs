//! The queue that keeps what could not be delivered, and reading it back.

mod batch;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use serde::Serialize;
use serde::de::IgnoredAny;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::aws::{self, Aws, Service};
use crate::client::Cause;
use crate::event::Event;

pub use batch::{Batch, Record, answer};

/// The largest message of SQS with its attributes, in bytes. A queue may be set to less.
const MAX_MESSAGE: usize = 1024 * 1024;
/// The least limit that a queue can have, in bytes.
const LEAST_LIMIT: usize = 1024;
/// The longest delay of SQS.
const MAX_DELAY: Duration = Duration::from_secs(900);

/// The attribute with the event's id.
const EVENT_ID: &str = "event-id";
/// The attribute with the fixed name of the error.
const REASON: &str = "reason";
/// The attribute with the number of attempts.
const ATTEMPTS: &str = "attempts";
/// The attribute with the time of the first call with the event, RFC 3339.
const RECEIVED_AT: &str = "received-at";
/// The attribute with the time of the first failure, RFC 3339.
const FIRST_FAILED_AT: &str = "first-failed-at";

/// Why the queue does not have an event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The queue takes no such message.
    #[error("the event is larger than the queue takes")]
    TooLarge,
    /// SQS did not take it.
    #[error("the queue did not take the event: {0}")]
    Aws(#[from] aws::Error),
    /// A fault of the host itself. The queue may have the event.
    #[error("the host panicked")]
    Panicked,
}

impl Error {
    /// Why there was no answer, by a fixed name. None if there was one.
    pub fn cause(&self) -> Option<Cause> {
        match self {
            Error::TooLarge | Error::Panicked => None,
            Error::Aws(error) => error.cause(),
        }
    }
}

/// What a message says about its event, and when it may be delivered again.
pub struct QueueAttributes {
    /// The fixed name of the error.
    pub error_type: &'static str,
    /// How often the backend was asked.
    pub attempts: usize,
    /// When the first attempt failed.
    pub first_failed: SystemTime,
    /// How long the backend asked to wait.
    pub retry_after: Duration,
}

/// The queue of this process.
pub struct Queue {
    url: String,
    region: Option<String>,
    aws: Arc<Aws>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SendMessage<'a> {
    queue_url: &'a str,
    message_body: &'a str,
    message_attributes: BTreeMap<&'static str, Attribute>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delay_seconds: Option<u64>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Attribute {
    data_type: &'static str,
    string_value: String,
}

impl Queue {
    /// The queue at `url`, asked through `aws`.
    pub fn new(url: String, aws: Arc<Aws>) -> Queue {
        Queue { region: region(&url), url, aws }
    }

    /// Puts `event` into the queue before `until`.
    ///
    /// # Errors
    /// Why the queue does not have it, as far as is known: if it did not answer in time, it may
    /// have it.
    pub async fn put(
        &self,
        event: &Event,
        about: &QueueAttributes,
        until: Instant,
    ) -> Result<(), Error> {
        let first_failed =
            OffsetDateTime::from(about.first_failed).format(&Rfc3339).unwrap_or_default();
        let attributes = BTreeMap::from([
            (EVENT_ID, Attribute::new("String", event.id.clone())),
            (REASON, Attribute::new("String", about.error_type.to_owned())),
            (ATTEMPTS, Attribute::new("Number", about.attempts.to_string())),
            (RECEIVED_AT, Attribute::new("String", event.received_at_text())),
            (FIRST_FAILED_AT, Attribute::new("String", first_failed)),
        ]);
        let body = writable(event.json.get());
        let size = body.len()
            + attributes.iter().map(|(name, attribute)| attribute.size(name)).sum::<usize>();
        if size > MAX_MESSAGE {
            return Err(Error::TooLarge);
        }
        let delay = about.retry_after.min(MAX_DELAY).as_secs();
        let message = SendMessage {
            queue_url: &self.url,
            message_body: &body,
            message_attributes: attributes,
            delay_seconds: (delay > 0).then_some(delay),
        };
        // On the heap, because it is large and seldom made.
        let sent = Box::pin(self.aws.ask(
            Service::Sqs,
            self.region.as_deref(),
            "SendMessage",
            &message,
            until,
        ));
        match sent.await {
            Ok(IgnoredAny) => Ok(()),
            // One code for every wrong parameter, and of these only the size depends on the event.
            Err(aws::Error::Refused(code))
                if code.starts_with("InvalidParameterValue") && size > LEAST_LIMIT =>
            {
                Err(Error::TooLarge)
            }
            Err(error) => Err(error.into()),
        }
    }
}

impl Attribute {
    fn new(data_type: &'static str, string_value: String) -> Attribute {
        Attribute { data_type, string_value }
    }

    /// What it takes of a message's size under `name`, in bytes.
    fn size(&self, name: &str) -> usize {
        name.len() + self.data_type.len() + self.string_value.len()
    }
}

/// The region in the URL of a queue, `https://sqs.REGION.amazonaws.com/ACCOUNT/NAME`; None if it
/// has another form.
fn region(url: &str) -> Option<String> {
    let host = url.split('/').nth(2)?.strip_prefix("sqs.")?;
    host.split_once(".amazonaws.com").map(|(region, _)| region.to_owned())
}

/// `json` with the two characters that JSON may hold and SQS does not take written as escapes. They
/// can only stand in strings.
pub fn writable(json: &str) -> String {
    json.replace('\u{fffe}', "\\ufffe").replace('\u{ffff}', "\\uffff")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_region_is_the_queues_own() {
        assert_eq!(
            region("https://sqs.eu-west-1.amazonaws.com/123456789012/q").as_deref(),
            Some("eu-west-1")
        );
        assert_eq!(
            region("https://sqs.cn-north-1.amazonaws.com.cn/123456789012/q").as_deref(),
            Some("cn-north-1")
        );
        assert_eq!(region("http://127.0.0.1:5000/123456789012/q"), None);
    }

    #[test]
    fn characters_that_sqs_refuses_are_escaped_in_the_json() {
        let json = "{\"a\u{ffff}\":\"\u{fffe}\u{1f980}\u{fffd}\u{e000}\u{7f}\"}";
        let written = writable(json);
        assert!(!written.contains(['\u{fffe}', '\u{ffff}']));
        let [written, read] =
            [&*written, json].map(|json| serde_json::from_str::<serde_json::Value>(json).unwrap());
        assert_eq!(written, read);
        assert_eq!(writable(r#"{"a": 1.0}"#), r#"{"a": 1.0}"#);
    }
}
