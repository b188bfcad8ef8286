//! An event's times and metrics, in the line of the event. Metrics are in CloudWatch's [Embedded
//! Metric Format]; dashboards and alarms depend on their names.
//!
//! [Embedded Metric Format]: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serialize;

use super::Invocation;
use crate::deadline::Deadlines;
use crate::outcome::{End, Handled};

/// The namespace of all metrics.
const NAMESPACE: &str = "PostConfirmation";

/// The metrics of every event.
const ALWAYS: [Metric; 7] = [
    metric("Delivered", "Count"),
    metric("Skipped", "Count"),
    metric("Queued", "Count"),
    metric("Undelivered", "Count"),
    metric("Attempts", "Count"),
    metric("ColdStarts", "Count"),
    metric("Duration", "Milliseconds"),
];
/// Besides, if the mapper was called.
const MAPPING: [Metric; 1] = [metric("MappingDuration", "Milliseconds")];
/// Besides, if the backend was asked.
const BACKEND: [Metric; 1] = [metric("BackendDuration", "Milliseconds")];
/// Besides, if the mapper was asked for effects.
const EFFECTS: [Metric; 4] = [
    metric("Attributes", "Count"),
    metric("Groups", "Count"),
    metric("EffectsFailed", "Count"),
    metric("EffectsDuration", "Milliseconds"),
];

/// How long the steps took.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Milliseconds {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mapping: Option<f64>,
    /// All attempts together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backend: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effects: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<f64>,
    pub total: f64,
}

/// The metrics of one event: how it ended and how long it took. The only dimension is the function:
/// no dimension ever holds a value of a user.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Metrics<'a> {
    #[serde(rename = "_aws")]
    aws: Metadata,
    function_name: &'a str,
    delivered: u8,
    skipped: u8,
    queued: u8,
    undelivered: u8,
    attempts: usize,
    cold_starts: u8,
    duration: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    mapping_duration: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    backend_duration: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attributes: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    groups: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    effects_failed: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    effects_duration: Option<f64>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata {
    timestamp: u128,
    cloud_watch_metrics: [Directive; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Directive {
    namespace: &'static str,
    dimensions: [[&'static str; 1]; 1],
    metrics: Vec<&'static Metric>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metric {
    name: &'static str,
    unit: &'static str,
}

impl Milliseconds {
    pub fn new(handled: &Handled, invocation: &Invocation<'_>) -> Milliseconds {
        let attempts = handled.attempts();
        let sent: Duration = attempts.iter().map(|attempt| attempt.took).sum();
        let Deadlines { cold, started, .. } = invocation.deadlines;
        Milliseconds {
            start: cold.then(|| milliseconds(invocation.start_up)),
            mapping: handled.plan.call.as_ref().map(|call| milliseconds(call.took)),
            backend: (!attempts.is_empty()).then(|| milliseconds(sent)),
            effects: handled.done().map(|done| milliseconds(done.took)),
            queue: handled.queue_time.map(milliseconds),
            total: milliseconds(started.elapsed()),
        }
    }
}

impl<'a> Metrics<'a> {
    /// The metrics of an event of `function` whose steps `took` so long. It is `cold` if it is the
    /// first one of its process.
    pub fn new(
        function: &'a str,
        handled: &Handled,
        cold: bool,
        took: &Milliseconds,
    ) -> Metrics<'a> {
        let (end, effects) = (&handled.end, handled.done());
        // CloudWatch takes a metric that is named and has no value for a fault of the line.
        let named = [
            Some(&ALWAYS[..]),
            took.mapping.map(|_| &MAPPING[..]),
            took.backend.map(|_| &BACKEND[..]),
            effects.map(|_| &EFFECTS[..]),
        ];
        Metrics {
            aws: Metadata {
                timestamp: SystemTime::now()
                    .duration_since(UNIX_EPOCH)
                    .unwrap_or_default()
                    .as_millis(),
                cloud_watch_metrics: [Directive {
                    namespace: NAMESPACE,
                    dimensions: [["FunctionName"]],
                    metrics: named.into_iter().flatten().flatten().collect(),
                }],
            },
            function_name: function,
            delivered: u8::from(matches!(end, End::Delivered(_))),
            skipped: u8::from(matches!(end, End::Skipped(_))),
            queued: u8::from(matches!(end, End::Queued(_))),
            undelivered: u8::from(matches!(end, End::Undelivered { .. })),
            attempts: handled.attempts().len(),
            cold_starts: u8::from(cold),
            duration: took.total,
            mapping_duration: took.mapping,
            backend_duration: took.backend,
            attributes: effects.map(|done| done.attributes),
            groups: effects.map(|done| done.groups),
            effects_failed: effects.map(|_| u8::from(end.error().is_some())),
            effects_duration: took.effects,
        }
    }
}

const fn metric(name: &'static str, unit: &'static str) -> Metric {
    Metric { name, unit }
}

/// Milliseconds to a thousandth.
pub fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}
