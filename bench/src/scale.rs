//! Many processes at once, one event at a time each, as Lambda runs them: against a backend that
//! takes every user at once, and against one that takes so many a second. What the latter does not
//! take in time goes into a queue on moto.

use std::time::{Duration, Instant};

use anyhow::Result;
use futures_util::future::join_all;
use serde_json::Value;

use crate::backend::{Backend, UNLIMITED};
use crate::cold::event;
use crate::peers::{Parts, Peer};
use test_support::aws::Queue;
use test_support::event_source::EventSource;
use test_support::function::Function;

/// Processes at once.
const PROCESSES: [usize; 4] = [1, 4, 16, 64];
/// Users a second that the slow backend takes: with the most processes, more are waiting than it
/// takes within an attempt.
pub const SLOW: u32 = 20;
/// As long as events come.
const LOAD: Duration = Duration::from_secs(8);
/// What Cognito waits, in milliseconds.
const COGNITO_WAITS: f64 = 5000.0;

/// A number of processes at a backend.
pub struct Level {
    pub processes: usize,
    /// Users a second that the backend takes; `UNLIMITED` if it takes all.
    pub rate: u32,
    /// How the events ended.
    pub delivered: usize,
    pub queued: usize,
    pub undelivered: usize,
    /// Answers to Cognito within its time.
    pub in_time: usize,
    /// From handing an event over to its answer, in milliseconds.
    pub event: Vec<f64>,
    /// Answered events a second.
    pub per_second: f64,
    /// Processor time of one event over all processes, in microseconds.
    pub processor: f64,
    /// Proportional memory of one process, in megabytes.
    pub memory: f64,
    /// Seconds in which one redelivering function emptied the queue.
    pub redelivery: f64,
}

impl Level {
    pub fn events(&self) -> usize {
        self.event.len()
    }
}

/// Measures every number of processes at both backends.
pub async fn measure(parts: &Parts) -> Result<Vec<Level>> {
    let mut levels = Vec::new();
    for rate in [UNLIMITED, SLOW] {
        let backend = Backend::start(rate).await?;
        for processes in PROCESSES {
            eprintln!(
                "{processes} processes at a backend that takes {}",
                if rate == UNLIMITED { "all" } else { "some" }
            );
            levels.push(level(parts, &backend, rate, processes).await?);
        }
    }
    Ok(levels)
}

async fn level(parts: &Parts, backend: &Backend, rate: u32, processes: usize) -> Result<Level> {
    let queue = Queue::new().await;
    let settings = queue.settings();
    let mut functions = Vec::new();
    for _ in 0..processes {
        let mut function = parts.start(Peer::Rust, &backend.url, None, &settings).await?;
        // The first event is none of those that are measured.
        function.response_to(skipped()).await;
        function.raw_line().await;
        functions.push(function);
    }
    let processor = total(&functions);
    let started = Instant::now();
    let ends = join_all(functions.iter_mut().map(|function| load(function, started + LOAD))).await;
    let took = started.elapsed();
    let processor = total(&functions) - processor;
    let memory =
        functions.iter().map(Function::proportional_kilobytes).sum::<u64>() as f64 / 1024.0;
    drop(functions);

    let ends: Vec<(String, f64)> = ends.into_iter().collect::<Result<Vec<_>>>()?.concat();
    let count = |end: &str| ends.iter().filter(|(ended, _)| ended == end).count();
    let event: Vec<f64> = ends.iter().map(|(_, milliseconds)| *milliseconds).collect();
    Ok(Level {
        processes,
        rate,
        delivered: count("delivered"),
        queued: count("queued"),
        undelivered: count("undelivered"),
        in_time: event.iter().filter(|milliseconds| **milliseconds < COGNITO_WAITS).count(),
        per_second: ends.len() as f64 / took.as_secs_f64(),
        processor: processor.as_secs_f64() * 1e6 / ends.len() as f64,
        memory: memory / processes as f64,
        redelivery: redelivery(parts, backend, &queue).await?,
        event,
    })
}

/// Gives events to `function`, one after the other, until `until`. Returns how each ended and what
/// it took.
async fn load(function: &mut Function, until: Instant) -> Result<Vec<(String, f64)>> {
    let mut ends = Vec::new();
    while Instant::now() < until {
        let started = Instant::now();
        function.response_to(event()).await;
        let took = started.elapsed().as_secs_f64() * 1e3;
        let line: Value = serde_json::from_str(&function.raw_line().await)?;
        ends.push((line["end"].as_str().unwrap_or_default().to_owned(), took));
    }
    Ok(ends)
}

/// Empties `queue` by one function that redelivers. Returns how many seconds it took.
async fn redelivery(parts: &Parts, backend: &Backend, queue: &Queue) -> Result<f64> {
    let mut function = parts.start(Peer::Rust, &backend.url, None, &[]).await?;
    let source = EventSource::of(queue);
    let started = Instant::now();
    while queue.count().await > 0 {
        source.poll(&mut function).await;
    }
    Ok(started.elapsed().as_secs_f64())
}

fn total(functions: &[Function]) -> Duration {
    functions.iter().map(Function::processor_time).sum()
}

/// An event that no backend hears of.
fn skipped() -> &'static str {
    r#"{"triggerSource":"PostConfirmation_ConfirmForgotPassword"}"#
}
