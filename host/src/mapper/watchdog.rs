//! What stops a mapper that loops: a thread that advances the engine's epoch when a call's time is up.
//!
//! A call announces its deadline and never takes it back, so an event costs no more than a message. The epoch may
//! therefore advance when no call is overdue, also in a later event on a Lambda function that was frozen meanwhile;
//! each sandbox looks at its own deadline before it stops anything.

use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use wasmtime::Engine;

/// How often the thread wakes at most, under load. An overdue call runs this much longer at most.
const PERIOD: Duration = Duration::from_millis(5);

/// The thread's handle. The thread ends with it.
pub(super) struct Watchdog(Sender<Instant>);

impl Watchdog {
    /// Starts the thread for `engine`.
    pub(super) fn start(engine: &Engine) -> std::io::Result<Watchdog> {
        let (announce, deadlines) = mpsc::channel();
        let engine = engine.clone();
        thread::Builder::new().name("watchdog".to_owned()).spawn(move || watch(&engine, &deadlines))?;
        Ok(Watchdog(announce))
    }

    /// Promises that the epoch advances soon after `deadline`.
    pub(super) fn announce(&self, deadline: Instant) {
        // The receiver lives as long as the thread, and the thread as long as this sender.
        let _ = self.0.send(deadline);
    }
}

/// Deadlines come nearly in order, because all calls of a process have the same time.
fn watch(engine: &Engine, deadlines: &Receiver<Instant>) {
    let mut next = None;
    while let Some(deadline) = next.take().or_else(|| deadlines.recv().ok()) {
        thread::sleep(deadline.saturating_duration_since(Instant::now()) + PERIOD);
        let now = Instant::now();
        engine.increment_epoch();
        // One advance serves every deadline that has passed by now.
        next = deadlines.try_iter().find(|deadline| *deadline > now);
    }
}
