//! An event's metrics, in the line of the event, by CloudWatch's Embedded Metric Format
//! (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>).

use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;

use crate::outcome::End;

/// The namespace of all metrics.
const NAMESPACE: &str = "PostConfirmation";

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
    duration: f64,
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
    metrics: [Metric; 6],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metric {
    name: &'static str,
    unit: &'static str,
}

impl<'a> Metrics<'a> {
    /// The metrics of an event with this `end` after `attempts` and `duration` in milliseconds.
    pub fn new(function: &'a str, end: &End, attempts: usize, duration: f64) -> Metrics<'a> {
        Metrics {
            aws: Metadata {
                timestamp: SystemTime::now()
                    .duration_since(UNIX_EPOCH)
                    .unwrap_or_default()
                    .as_millis(),
                cloud_watch_metrics: [Directive {
                    namespace: NAMESPACE,
                    dimensions: [["FunctionName"]],
                    metrics: [
                        metric("Delivered", "Count"),
                        metric("Skipped", "Count"),
                        metric("Queued", "Count"),
                        metric("Undelivered", "Count"),
                        metric("Attempts", "Count"),
                        metric("Duration", "Milliseconds"),
                    ],
                }],
            },
            function_name: function,
            delivered: u8::from(matches!(end, End::Delivered(_))),
            skipped: u8::from(matches!(end, End::Skipped(_))),
            queued: u8::from(matches!(end, End::Queued(_))),
            undelivered: u8::from(matches!(end, End::Undelivered { .. })),
            attempts,
            duration,
        }
    }
}

fn metric(name: &'static str, unit: &'static str) -> Metric {
    Metric { name, unit }
}
