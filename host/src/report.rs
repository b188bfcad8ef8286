//! What is logged: one line for each event, with its metrics. A line holds no attribute, no user name, no secret, no
//! body and no address; the user's `sub` only where nobody has the user, so that the user can be found again.

mod line;
mod metrics;
mod text;

use std::error::Error as _;
use std::fmt::Display;
use std::io::{self, Write};
use std::time::{Duration, SystemTime};

use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::deadline::Time;
use crate::error::Error;
use crate::event::Event;
use crate::handler::Ended;
use crate::mapper::{LoadError, Manifest, Said};
use crate::printable;
use crate::undelivered::Record;

/// As much is written of why there is no mapper, in bytes: it may name what the component imports.
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

/// How lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One object on a line, with metrics.
    Json,
    /// For people.
    Text,
}

/// The log of this process: standard output.
pub struct Log {
    /// Lines below it are left out.
    pub level: Level,
    /// How lines are written.
    pub format: Format,
    /// The function's name, by which its metrics are kept.
    pub function: String,
}

/// What an event's line says about its invocation.
pub struct Invocation<'a> {
    /// The invocation's id.
    pub request_id: &'a str,
    /// The event's time.
    pub time: Time,
    /// How long the process took to start.
    pub start_up: Duration,
    /// The record of the queue that the event came with.
    pub record: Option<&'a Record>,
    /// What the mapper was made of, where there is one.
    pub mapper: Option<&'a Manifest>,
}

impl Log {
    /// Logs how `event` ended.
    pub fn ended(&self, event: &Event, ended: &Ended, invocation: &Invocation<'_>) {
        let mut line = line::Event::of(event, ended, invocation, &self.function);
        if line.end == "undelivered" {
            // Nothing else tells of this user, so no level leaves the line out.
            line.head.level = line.head.level.max(self.level);
        }
        self.write(line.head.level, &line);
    }

    /// Logs what the mapper said about `event`, where it said anything.
    pub fn said(&self, event: &Event, said: &Said) {
        if !said.stdout.is_empty() || !said.stderr.is_empty() || said.message.is_some() || said.backtrace.is_some() {
            let line = line::Said::of(event, said);
            self.write(line.head.level, &line);
        }
    }

    /// Logs where the shadow mapper's request for `event` differs.
    pub fn shadow(&self, event: &Event, shadow: &Manifest, differences: &[String]) {
        let line = line::Shadow::of(event, shadow, differences);
        self.write(line.head.level, &line);
    }

    /// Logs that there is no shadow mapper.
    pub fn no_shadow(&self, error: &LoadError) {
        let line = line::Fault::of(Level::Warn, "there is no shadow mapper", with_causes(error));
        self.write(line.head.level, &line);
    }

    /// Logs that there is no mapper, and returns why in words.
    pub fn no_mapper(&self, error: &LoadError) -> String {
        let message = "there is no mapper: every event goes into the queue";
        let line = line::Fault::of(Level::Error, message, with_causes(error));
        self.write(line.head.level, &line);
        line.error
    }

    /// Logs that `variables` name a proxy, if they do: nothing is sent through one.
    pub fn proxies(&self, variables: &[&str]) {
        if variables.is_empty() {
            return;
        }
        let error = format!("set and not used: {}", variables.join(", "));
        let line = line::Fault::of(Level::Warn, "no request of this function goes through a proxy", error);
        self.write(line.head.level, &line);
    }

    /// Logs why a dry run failed.
    pub fn dry_run_failed(&self, error: &Error) {
        let line = line::Fault::of(Level::Error, "the dry run failed", error.to_string());
        self.write(line.head.level, &line);
    }

    /// One line at once, so that lines of other threads don't mix with it. A log that can't be written is no reason to
    /// fail an event.
    fn write(&self, level: Level, line: &(impl Serialize + Display)) {
        if level < self.level {
            return;
        }
        let written = match self.format {
            Format::Json => printable::json(serde_json::to_string(line).unwrap_or_default()),
            Format::Text => printable::line(&line.to_string()).into_owned(),
        };
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
