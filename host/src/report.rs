//! What is logged of an event: one line of JSON. It holds no attribute, no user name, no secret, no body and no
//! address; the user's `sub` only where nobody has the user, so that the user can be found again.

use std::io::{self, Write};
use std::time::Duration;

use serde::Serialize;

use crate::deadline::{Clock, Time};
use crate::event::{Event, TriggerSource};
use crate::handler::{End, Ended};
use crate::mapper::{Manifest, Said};

/// The line of an event.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    level: &'static str,
    message: &'static str,
    end: &'static str,
    event_id: &'a str,
    trigger_source: &'a str,
    user_pool_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    cold_start: bool,
    milliseconds: Milliseconds,
    mapper: &'a str,
    wit: &'a str,
    request_id: &'a str,
}

/// How long the steps took.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Milliseconds {
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mapping: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delivery: Option<f64>,
    total: f64,
}

/// What the mapper said of an event.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SaidLine<'a> {
    level: &'static str,
    message: &'static str,
    event_id: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    stdout: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    stderr: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_message: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    backtrace: Option<&'a str>,
}

/// Logs how `event` ended.
pub fn ended(event: &Event, ended: &Ended, request_id: &str, mapper: &Manifest, time: Time, clock: &Clock) {
    let mut line = Line {
        level: "INFO",
        message: "the user is at the backend",
        end: "delivered",
        event_id: &event.id,
        trigger_source: source(event),
        user_pool_id: pool(event),
        sub: None,
        code: None,
        status: None,
        error_type: None,
        error: None,
        cold_start: time.cold,
        milliseconds: Milliseconds {
            start: time.cold.then(|| milliseconds(clock.start_up())),
            mapping: ended.mapping.map(milliseconds),
            delivery: ended.delivery.map(milliseconds),
            total: milliseconds(time.since.elapsed()),
        },
        mapper: &mapper.component.sha256,
        wit: &mapper.wit,
        request_id,
    };
    match &ended.end {
        End::Delivered(status) => line.status = Some(status.as_u16()),
        End::Skipped(code) => {
            line.message = "the mapper skipped the event";
            line.end = "skipped";
            line.code = Some(code);
        }
        End::Undelivered(error) => {
            line.level = "ERROR";
            line.message = "the user is not at the backend";
            line.end = "undelivered";
            line.sub = event.sub();
            line.error_type = Some(error.error_type());
            line.error = Some(error.to_string());
        }
    }
    write(&line);
}

/// Logs what the mapper said about `event`, where it said anything.
pub fn said(event: &Event, said: &Said) {
    if said.stdout.is_empty() && said.stderr.is_empty() && said.message.is_none() && said.backtrace.is_none() {
        return;
    }
    write(&SaidLine {
        level: "INFO",
        message: "the mapper said",
        event_id: &event.id,
        stdout: &said.stdout,
        stderr: &said.stderr,
        error_message: said.message.as_deref(),
        backtrace: said.backtrace.as_deref(),
    });
}

/// One line at once, so that lines of other threads don't mix with it. A log that can't be written is no reason to
/// fail an event.
fn write(line: &impl Serialize) {
    if let Ok(mut line) = serde_json::to_vec(line) {
        line.push(b'\n');
        let _ = io::stdout().write_all(&line);
    }
}

/// The source, where it is one that has a name; any other is whatever the caller wrote.
fn source(event: &Event) -> &str {
    match &event.trigger_source {
        TriggerSource::Other(_) => "other",
        known => known.as_str(),
    }
}

/// The pool's id, where it is one (`REGION_ID`); anything else is whatever the caller wrote.
fn pool(event: &Event) -> &str {
    let pool = event.user_pool_id.as_str();
    let fit = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if pool.len() <= 55 && pool.contains('_') && pool.chars().all(fit) { pool } else { "unknown" }
}

/// Milliseconds to a thousandth.
fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}
