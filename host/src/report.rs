//! What is logged: one line of JSON for each event, with its metrics. A line holds no attribute, no
//! user name, no secret, no body and no address. It holds the user's `sub` only if nobody has the
//! user, so that the user can be found again.

mod line;
mod metrics;

use std::error::Error as _;
use std::io::{self, Write};
use std::time::{Duration, SystemTime};

use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::deadline::Deadlines;
use crate::error::Error;
use crate::event::Event;
use crate::mapper::{Identity, LoadError, MapperOutput};
use crate::outcome::{End, Handled};
use crate::printable;

/// The most that is written of why there is no mapper, in bytes: it may name what the component
/// imports.
const MAX_REASON: usize = 2 * 1024;

/// How detailed the log is, in the order of detail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "UPPERCASE")]
#[allow(missing_docs, reason = "the names are Lambda's")]
pub enum Level {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
    Fatal,
}

/// The log of this process: standard output.
pub struct Log {
    /// Lines below it are left out.
    pub level: Level,
    /// The function's name, by which its metrics are kept.
    pub function: String,
}

/// What an event's line says about the message of the queue that the event came with.
#[derive(Clone, Copy)]
pub struct Redelivery<'a> {
    /// The message's id.
    pub message_id: &'a str,
    /// How often the message was handed over, this time included.
    pub receive_count: Option<u32>,
}

/// What an event's line says about its invocation.
pub struct Invocation<'a> {
    /// The invocation's id.
    pub request_id: &'a str,
    /// The event's deadlines.
    pub deadlines: Deadlines,
    /// How long the process took to start.
    pub start_up: Duration,
    /// The message of the queue that the event came with.
    pub redelivery: Option<Redelivery<'a>>,
    /// What the mapper was made of, if there is a mapper.
    pub mapper: Option<&'a Identity>,
}

impl Log {
    /// Logs how `event` ended.
    pub fn handled(&self, event: &Event, handled: &Handled, invocation: &Invocation<'_>) {
        let mut line = line::Event::new(event, handled, invocation, &self.function);
        if let End::Undelivered { .. } = handled.end {
            // Nothing else tells of this user, so no level leaves the line out.
            line.head.level = line.head.level.max(self.level);
        }
        self.write(line.head.level, &line);
    }

    /// Logs what the mapper wrote about `event`, if it wrote anything.
    pub fn mapper_output(&self, event: &Event, output: &MapperOutput) {
        if !output.is_empty() {
            let line = line::MapperOutput::new(event, output);
            self.write(line.head.level, &line);
        }
    }

    /// Logs how the shadow mapper's request for `event` differs.
    pub fn shadow(&self, event: &Event, shadow: &Identity, differences: &[String]) {
        let line = line::Shadow::new(event, shadow, differences);
        self.write(line.head.level, &line);
    }

    /// Logs that there is no shadow mapper.
    pub fn no_shadow(&self, error: &LoadError) {
        self.fault(Level::Warn, "there is no shadow mapper", with_causes(error));
    }

    /// Logs that there is no mapper, and returns why in words.
    pub fn no_mapper(&self, error: &LoadError) -> String {
        let reason = with_causes(error);
        self.fault(
            Level::Error,
            "there is no mapper: every event goes into the queue",
            reason.clone(),
        );
        reason
    }

    /// Logs that `variables` name a proxy, if they do: nothing is sent through one.
    pub fn proxies(&self, variables: &[&str]) {
        if variables.is_empty() {
            return;
        }
        let error = format!("set and not used: {}", variables.join(", "));
        self.fault(Level::Warn, "no request of this function goes through a proxy", error);
    }

    /// Logs why a dry run failed.
    pub fn dry_run_failed(&self, error: &Error) {
        self.fault(Level::Error, "the dry run failed", error.to_string());
    }

    /// Logs that the host panicked outside of an event's pipeline. The place is on standard error.
    pub fn panicked(&self) {
        self.fault(
            Level::Error,
            "the host panicked",
            "see standard error for the place".to_owned(),
        );
    }

    /// Logs a fault that is not tied to an event.
    fn fault(&self, level: Level, message: &'static str, error: String) {
        self.write(level, &line::Fault::new(level, message, error));
    }

    /// Writes one line at once, so that lines of other threads don't mix with it. An event does not
    /// fail because its line can't be written.
    fn write(&self, level: Level, line: &impl Serialize) {
        if level < self.level {
            return;
        }
        let written = printable::json(serde_json::to_string(line).unwrap_or_default());
        let _ = io::stdout().write_all(format!("{written}\n").as_bytes());
    }
}

/// Now, as Lambda reads it in a line: RFC 3339.
fn timestamp() -> String {
    OffsetDateTime::from(SystemTime::now()).format(&Rfc3339).unwrap_or_default()
}

/// An error with its causes, as `anyhow` writes it.
fn with_causes(error: &LoadError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    printable::cut(&text, MAX_REASON).to_owned()
}
