//! What stops a mapper that loops: a thread that advances the engine's epoch when a call's time is
//! up.
//!
//! A call announces its deadline and never takes it back, so an event costs no more than a message.
//! The epoch may therefore advance when no call is overdue, also in a later event on a Lambda
//! function that was frozen meanwhile; each sandbox looks at its own deadline before it stops
//! anything.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use wasmtime::Engine;

/// The thread's longest sleep while a deadline is to come, because a message does not wake it: a
/// later call may have an earlier deadline. An overdue call runs this much longer at most.
const LONGEST_SLEEP: Duration = Duration::from_millis(20);
/// Its shortest sleep, so that it does not wake for each of many calls.
const SHORTEST_SLEEP: Duration = Duration::from_millis(5);

/// The thread's handle. The thread ends with it.
pub(super) struct Watchdog(Sender<Instant>);

impl Watchdog {
    /// Starts the thread for `engine`.
    pub(super) fn start(engine: &Engine) -> std::io::Result<Watchdog> {
        let (announce, deadlines) = mpsc::channel();
        let engine = engine.clone();
        thread::Builder::new()
            .name("watchdog".to_owned())
            .spawn(move || watch(&engine, &deadlines))?;
        Ok(Watchdog(announce))
    }

    /// Promises that the epoch advances soon after `deadline`.
    pub(super) fn announce(&self, deadline: Instant) {
        // The receiver lives as long as the thread, and the thread as long as this sender.
        let _ = self.0.send(deadline);
    }
}

fn watch(engine: &Engine, deadlines: &Receiver<Instant>) {
    let mut open = BinaryHeap::new();
    while let Ok(first) = deadlines.recv() {
        open.push(Reverse(first));
        while let Some(Reverse(next)) = open.peek() {
            let left = next.saturating_duration_since(Instant::now());
            thread::sleep(left.clamp(SHORTEST_SLEEP, LONGEST_SLEEP));
            open.extend(deadlines.try_iter().map(Reverse));
            let now = Instant::now();
            if open.peek().is_some_and(|Reverse(next)| *next <= now) {
                // One advance serves every deadline that has passed by now.
                engine.increment_epoch();
                open.retain(|Reverse(deadline)| *deadline > now);
            }
        }
    }
}
