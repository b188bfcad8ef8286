//! Events of a function that runs already: time and processor time of one, and memory.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::backend::Backend;
use crate::cold::event;
use crate::peers::{Parts, Peer};
use test_support::function::Function;

/// Rounds, in which each peer gets so many events in a row.
const ROUNDS: usize = 40;
const EVENTS: usize = 50;

/// What a peer takes for an event.
pub struct Warm {
    pub peer: Peer,
    /// From handing an event over to its answer, in microseconds, in the order of the rounds.
    pub event: Vec<f64>,
    /// Median of each round.
    pub rounds: Vec<f64>,
    /// The mapper's call, in microseconds, by the function's own log; None if it did not run.
    pub mapping: Vec<f64>,
    /// Events a second, one after the other.
    pub per_second: f64,
    /// Processor time of one event, in microseconds.
    pub processor: f64,
    /// Resident memory after all events, and the most there was, in megabytes.
    pub resident: f64,
    pub peak: f64,
}

/// Measures the peers in turn.
pub async fn measure(parts: &Parts, backend: &Backend) -> Result<Vec<Warm>> {
    eprintln!("events of functions that run");
    let mut peers = Vec::new();
    for peer in Peer::WARM {
        let mut function = parts.start(peer, &backend.url, None, &[]).await?;
        // Caches fill, and compilers of Node.js get going.
        for _ in 0..EVENTS * 4 {
            function.response_to(event()).await;
            function.raw_line().await;
        }
        let warm = Warm {
            peer,
            event: Vec::new(),
            rounds: Vec::new(),
            mapping: Vec::new(),
            per_second: 0.0,
            processor: 0.0,
            resident: 0.0,
            peak: 0.0,
        };
        peers.push((function, warm));
    }
    for _ in 0..ROUNDS {
        // In another order each time: what Node.js does after its events must not fall on the same
        // neighbour.
        let mut turns: Vec<_> = peers.iter_mut().collect();
        fastrand::shuffle(&mut turns);
        for (function, warm) in turns {
            round(function, warm).await?;
        }
    }
    let finished = peers.into_iter().map(|(function, mut warm)| {
        let events = (ROUNDS * EVENTS) as f64;
        warm.per_second = events / warm.per_second;
        warm.processor /= events;
        warm.resident = function.resident_kilobytes() as f64 / 1024.0;
        warm.peak = function.peak_kilobytes() as f64 / 1024.0;
        warm
    });
    Ok(finished.collect())
}

/// One round of one peer. Times and processor times are added up until the end.
async fn round(function: &mut Function, warm: &mut Warm) -> Result<()> {
    let (started, processor) = (std::time::Instant::now(), function.processor_time());
    let mut lines = Vec::with_capacity(EVENTS);
    let first = warm.event.len();
    for _ in 0..EVENTS {
        function.response_to(event()).await;
        let times = function.api.times().context("the function asked for nothing")?;
        warm.event.push((times.answered - times.handed).as_secs_f64() * 1e6);
        lines.push(function.raw_line().await);
    }
    warm.per_second += started.elapsed().as_secs_f64();
    warm.processor += (function.processor_time() - processor).as_secs_f64() * 1e6;
    warm.rounds.push(crate::stats::median(&warm.event[first..]));
    if warm.peer != Peer::Node {
        for line in lines {
            let line: Value = serde_json::from_str(&line)?;
            ensure!(line["end"] == "delivered", "an event was not delivered: {line}");
            let follow_up = line["effects"]["groups"] == 1;
            ensure!(follow_up == (warm.peer == Peer::FollowUp), "not what was to follow: {line}");
            warm.mapping
                .extend(line["milliseconds"]["mapping"].as_f64().map(|mapping| mapping * 1e3));
        }
    }
    Ok(())
}
