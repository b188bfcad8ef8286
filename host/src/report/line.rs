//! The lines of the log. Queries depend on the names of their fields.

use serde::Serialize;

use super::metrics::{Metrics, Milliseconds, milliseconds};
use super::{Invocation, Level, timestamp};
use crate::backend;
use crate::client::Cause;
use crate::effects::{self, Done};
use crate::error::{Error, backend_error_type, queue_error_type};
use crate::event::{self, TriggerSource};
use crate::mapper::{self, Identity};
use crate::outcome::{End, Handled};
use crate::queue;

/// What every line begins with; Lambda reads both to filter and to sort.
#[derive(Serialize)]
pub struct Head {
    pub timestamp: String,
    pub level: Level,
    pub message: &'static str,
}

/// The line of an event.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Event<'a> {
    #[serde(flatten)]
    pub head: Head,
    pub end: &'static str,
    pub event_id: &'a str,
    pub trigger_source: &'a str,
    pub user_pool_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effect_error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effects: Option<Done>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue_error_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue_error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue_cause: Option<&'static str>,
    pub attempts: Vec<Attempt>,
    pub cold_start: bool,
    pub milliseconds: Milliseconds,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mapper: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wit: Option<&'a str>,
    pub request_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receive_count: Option<u32>,
    #[serde(flatten)]
    pub metrics: Metrics<'a>,
}

/// One attempt.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<&'static str>,
    pub milliseconds: f64,
}

/// What the mapper said of an event.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MapperOutput<'a> {
    #[serde(flatten)]
    pub head: Head,
    pub event_id: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub stdout: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub stderr: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_message: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backtrace: Option<&'a str>,
}

/// How the shadow mapper's request differs.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Shadow<'a> {
    #[serde(flatten)]
    pub head: Head,
    pub event_id: &'a str,
    pub shadow_mapper: &'a str,
    pub differences: &'a [String],
}

/// A fault that is not tied to an event.
#[derive(Serialize)]
pub struct Fault {
    #[serde(flatten)]
    pub head: Head,
    pub error: String,
}

impl Head {
    fn new(level: Level, message: &'static str) -> Head {
        Head { timestamp: timestamp(), level, message }
    }
}

impl<'a> Event<'a> {
    pub fn new(
        event: &'a event::Event,
        handled: &'a Handled,
        invocation: &Invocation<'a>,
        function: &'a str,
    ) -> Event<'a> {
        let end = &handled.end;
        let error = end.error();
        let (sub, code, queue_error) = match end {
            End::Delivered(_) | End::Queued(_) => (None, None, None),
            End::Skipped(code) => (None, Some(code.as_str()), None),
            End::Undelivered { queue, .. } => (event.sub(), None, queue.as_ref()),
        };
        let attempts = handled.attempts();
        let took = Milliseconds::new(handled, invocation);
        Event {
            head: head(end, handled.is_at_backend()),
            end: end.name(),
            event_id: &event.id,
            trigger_source: source(event),
            user_pool_id: pool(event),
            sub,
            code,
            status: attempts.last().and_then(status),
            error_type: error.map(Error::error_type),
            error: error.map(Error::to_string),
            cause: error.and_then(Error::cause).map(Cause::name),
            effect_error: error.and_then(effect_error),
            effects: handled.done(),
            queue_error_type: queue_error.map(queue_error_type),
            queue_error: queue_error.map(ToString::to_string),
            queue_cause: queue_error.and_then(queue::Error::cause).map(Cause::name),
            attempts: attempts.iter().map(Attempt::new).collect(),
            cold_start: invocation.deadlines.cold,
            mapper: invocation.mapper.map(|mapper| mapper.sha256.as_str()),
            wit: invocation.mapper.map(|mapper| mapper.wit.as_str()),
            request_id: invocation.request_id,
            message_id: invocation.redelivery.map(|record| record.message_id),
            receive_count: invocation.redelivery.and_then(|record| record.receive_count),
            metrics: Metrics::new(function, handled, invocation.deadlines.cold, &took),
            milliseconds: took,
        }
    }
}

impl Attempt {
    fn new(attempt: &backend::Attempt) -> Attempt {
        let status = status(attempt);
        let failed = attempt.result.as_ref().err().filter(|_| status.is_none());
        Attempt {
            status,
            error_type: failed.map(backend_error_type),
            cause: failed.and_then(backend::Error::cause).map(Cause::name),
            milliseconds: milliseconds(attempt.took),
        }
    }
}

impl<'a> MapperOutput<'a> {
    pub fn new(event: &'a event::Event, output: &'a mapper::MapperOutput) -> MapperOutput<'a> {
        MapperOutput {
            head: Head::new(Level::Info, "the mapper said"),
            event_id: &event.id,
            stdout: &output.stdout,
            stderr: &output.stderr,
            error_message: output.message.as_deref(),
            backtrace: output.backtrace.as_deref(),
        }
    }
}

impl<'a> Shadow<'a> {
    pub fn new(
        event: &'a event::Event,
        shadow: &'a Identity,
        differences: &'a [String],
    ) -> Shadow<'a> {
        let same = differences.is_empty();
        let message = if same { "the shadow mapper agrees" } else { "the shadow mapper differs" };
        let head = Head::new(Level::Info, message);
        Shadow { head, event_id: &event.id, shadow_mapper: &shadow.sha256, differences }
    }
}

impl Fault {
    pub fn new(level: Level, message: &'static str, error: String) -> Fault {
        Fault { head: Head::new(level, message), error }
    }
}

/// How a line about an event with this end begins. The backend may have the user though the event
/// did not come to its end.
fn head(end: &End, at_backend: bool) -> Head {
    match end {
        End::Delivered(_) => Head::new(Level::Info, "the user is at the backend"),
        End::Skipped(_) => Head::new(Level::Info, "the mapper skipped the event"),
        End::Queued(_) if at_backend => Head::new(
            Level::Warn,
            "the user is at the backend, and in the queue for what has to follow",
        ),
        End::Queued(_) => Head::new(Level::Warn, "the user is in the queue, not at the backend"),
        End::Undelivered { .. } if at_backend => Head::new(
            Level::Error,
            "the user is at the backend, but what has to follow is not done",
        ),
        End::Undelivered { .. } => Head::new(Level::Error, "the user is not at the backend"),
    }
}

/// What Cognito answered instead of doing it, or the rule that was broken.
fn effect_error(error: &Error) -> Option<String> {
    match error {
        Error::Effect(effects::Error::Aws(error)) => Some(error.to_string()),
        Error::Effect(effects::Error::NotAllowed(rule)) => Some(rule.to_string()),
        _ => None,
    }
}

/// The status of an attempt that was answered.
fn status(attempt: &backend::Attempt) -> Option<u16> {
    match &attempt.result {
        Ok(status) | Err(backend::Error::Unavailable(status) | backend::Error::Refused(status)) => {
            Some(status.as_u16())
        }
        Err(_) => None,
    }
}

/// The source if it has a name. Any other is whatever the caller wrote, so it is not logged.
fn source(event: &event::Event) -> &str {
    match &event.trigger_source {
        TriggerSource::Other(_) => "other",
        known => known.as_str(),
    }
}

/// The pool's id if it has the form `REGION_ID`. Anything else is whatever the caller wrote, so it
/// is not logged.
fn pool(event: &event::Event) -> &str {
    let pool = event.user_pool_id.as_str();
    let fits = pool.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    if fits && pool.len() <= 55 && pool.contains('_') { pool } else { "unknown" }
}
