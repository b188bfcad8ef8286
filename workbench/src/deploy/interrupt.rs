//! Ctrl-C, a closed terminal and the end of a job. They end the program at once, unless it holds
//! something that has to be put right first, or has changed something: then they end what it does
//! next.

use std::process;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use anyhow::Result;
use thiserror::Error;
use tokio::signal::unix::{SignalKind, signal};

use super::changes;

static HOLDS: AtomicUsize = AtomicUsize::new(0);
static CAME: AtomicBool = AtomicBool::new(false);
static IGNORED: AtomicBool = AtomicBool::new(false);

/// The person has interrupted the program.
#[derive(Debug, Error)]
#[error("interrupted{0}")]
pub struct Interrupted(&'static str);

impl Interrupted {
    fn new() -> Interrupted {
        Interrupted(if changes::begun() { "" } else { "; nothing was changed" })
    }
}

/// As long as this lives, an interruption does not end the program: [`check`] tells of it.
pub struct Hold(());

impl Drop for Hold {
    fn drop(&mut self) {
        HOLDS.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Reacts to interruptions from now on; `failed` is the exit status if one ends the program.
///
/// # Errors
/// The system does not tell of them.
pub fn watch(failed: u8) -> Result<()> {
    for kind in [SignalKind::interrupt(), SignalKind::hangup(), SignalKind::terminate()] {
        let mut signals = signal(kind)?;
        tokio::spawn(async move {
            while signals.recv().await.is_some() {
                react(failed);
            }
        });
    }
    Ok(())
}

fn react(failed: u8) {
    if IGNORED.load(Ordering::SeqCst) {
        return;
    }
    CAME.store(true, Ordering::SeqCst);
    if HOLDS.load(Ordering::SeqCst) == 0 && !changes::begun() {
        anstream::eprintln!("\nerror: {}", Interrupted::new());
        process::exit(failed.into());
    }
}

/// Keeps interruptions from ending the program.
pub fn hold() -> Hold {
    HOLDS.fetch_add(1, Ordering::SeqCst);
    Hold(())
}

/// Does `work`, and lets an interruption end it only afterwards: what it makes on its way would be
/// left behind.
///
/// # Errors
/// An interruption came.
pub fn after<T>(work: impl FnOnce() -> T) -> Result<T, Interrupted> {
    let held = hold();
    let done = work();
    drop(held);
    check()?;
    Ok(done)
}

/// Ignores interruptions from now on, one that came included: another one would leave the functions
/// half restored.
pub fn ignore() {
    IGNORED.store(true, Ordering::SeqCst);
    CAME.store(false, Ordering::SeqCst);
}

/// Says whether an interruption came.
///
/// # Errors
/// One did.
pub fn check() -> Result<(), Interrupted> {
    if CAME.load(Ordering::SeqCst) { Err(Interrupted::new()) } else { Ok(()) }
}
