//! Cold starts: from starting the process to its asking for the first event, and to the answer to
//! that.

use anyhow::{Context, Result};
use std::fs;

use crate::backend::Backend;
use crate::peers::{Parts, Peer};
use test_support::function::Function;
use test_support::processor::Share;
use test_support::root;

/// Starts of each peer under each condition.
pub const STARTS: usize = 20;
/// What Lambda gives to a function of its smallest size: 128 MB, and with them 128/1769 of a
/// processor.
const SMALLEST: (u32, u64) = (72, 128 * 1024 * 1024);
/// The kernel's switch that drops what it keeps of files.
const DROP_CACHES: &str = "/proc/sys/vm/drop_caches";

/// Under which a start is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Condition {
    /// Whether it has what Lambda's smallest function has.
    pub limited: bool,
    /// Whether no file was in memory.
    pub dropped: bool,
}

/// The starts of a peer under a condition, in milliseconds, in the order of the rounds.
pub struct Cold {
    pub peer: Peer,
    pub condition: Condition,
    /// To asking for the first event.
    pub ready: Vec<f64>,
    /// To the answer to the first event.
    pub answered: Vec<f64>,
}

impl Condition {
    pub const USUAL: Condition = Condition { limited: false, dropped: false };
    pub const FROM_DISK: Condition = Condition { limited: false, dropped: true };
    const ALL: [Condition; 4] = [
        Condition::USUAL,
        Condition::FROM_DISK,
        Condition { limited: true, dropped: false },
        Condition { limited: true, dropped: true },
    ];

    /// The name in tables and plots.
    pub fn name(self) -> &'static str {
        match (self.limited, self.dropped) {
            (false, false) => "all of the machine, files in memory",
            (false, true) => "all of the machine, files on the disk",
            (true, false) => "128 MB and 7.2% of a processor, files in memory",
            (true, true) => "128 MB and 7.2% of a processor, files on the disk",
        }
    }

    /// Whether this machine lets us make it.
    fn is_possible(self) -> bool {
        (!self.limited || smallest().is_some()) && (!self.dropped || drop_caches().is_ok())
    }
}

/// Measures all peers in turn under each condition that this machine lets us make.
pub async fn measure(parts: &Parts, backend: &Backend) -> Result<Vec<Cold>> {
    let mut all = Vec::new();
    for condition in Condition::ALL {
        if !condition.is_possible() {
            eprintln!(
                "starts with {}: not measured, this machine does not let us",
                condition.name()
            );
            continue;
        }
        eprintln!("starts with {}", condition.name());
        let mut colds = Peer::STARTING.map(|peer| Cold {
            peer,
            condition,
            ready: Vec::new(),
            answered: Vec::new(),
        });
        // One round more, which is not counted: whoever comes first would pay for what all have in
        // common.
        for round in 0..=STARTS {
            let mut turns = colds.each_mut();
            fastrand::shuffle(&mut turns);
            for cold in turns {
                let (ready, answered) = start(parts, backend, cold.peer, condition).await?;
                if round > 0 {
                    cold.ready.push(ready);
                    cold.answered.push(answered);
                }
            }
        }
        all.extend(colds);
    }
    Ok(all)
}

async fn start(
    parts: &Parts,
    backend: &Backend,
    peer: Peer,
    condition: Condition,
) -> Result<(f64, f64)> {
    let share = if condition.limited { smallest() } else { None };
    if condition.dropped {
        drop_caches()?;
    }
    let mut function = parts.start(peer, &backend.url, share.as_ref(), &[]).await?;
    function.response_to(event()).await;
    let times = function.api.times().context("the function asked for nothing")?;
    let since = |then: std::time::Instant| (then - function.started).as_secs_f64() * 1e3;
    let measured = (since(times.asked), since(times.answered));
    ended(function).await;
    Ok(measured)
}

/// Ends `function` and waits for it: its end must not be measured with the next one's start.
async fn ended(function: Function) {
    function.killed().await;
}

fn smallest() -> Option<Share> {
    let (thousandths, memory) = SMALLEST;
    Share::of(thousandths)?.with_memory(memory)
}

fn drop_caches() -> std::io::Result<()> {
    fs::write(DROP_CACHES, "3")
}

/// The sign-up that every peer gets: one of the default mapper's cases.
pub fn event() -> Vec<u8> {
    fs::read(root().join("guest/cases/native.event.json")).unwrap_or_default()
}
