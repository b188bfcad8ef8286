//! Running the tools of languages, one at a time. `mapper dev` stops the one that runs when it
//! ends.

use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::process::{Command, Output, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::process::{Pid, Signal, kill_process_group};

static STATE: Mutex<State> = Mutex::new(State { grouped: false, stopped: false, running: None });

struct State {
    /// Whether a tool gets a process group, which holds all that it starts.
    grouped: bool,
    /// Whether no tool may be started any more.
    stopped: bool,
    /// The group of the tool that runs.
    running: Option<Pid>,
}

/// Gives each tool a process group of its own from now on, so that it can be stopped. An
/// interruption from the terminal no longer reaches it.
pub fn group() {
    state().grouped = true;
}

/// Stops the tool that runs, with all that it has started, and lets none start any more.
pub fn stop() {
    let mut state = state();
    state.stopped = true;
    if let Some(group) = state.running.filter(|_| state.grouped) {
        // It may have ended by itself.
        let _ = kill_process_group(group, Signal::KILL);
    }
}

/// Whether everything is to be stopped.
pub(super) fn is_stopped() -> bool {
    state().stopped
}

/// Runs `tool`, which reads `input`, to its end. Its standard error goes to `stderr`.
pub(super) fn output(tool: &mut Command, input: &str, stderr: Stdio) -> io::Result<Output> {
    tool.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(stderr);
    let mut running = {
        let mut state = state();
        if state.stopped {
            return Err(io::Error::new(io::ErrorKind::Interrupted, "interrupted"));
        }
        if state.grouped {
            tool.process_group(0);
        }
        let running = tool.spawn()?;
        state.running = Some(Pid::from_child(&running));
        running
    };
    if let Some(mut stdin) = running.stdin.take() {
        // A tool that ends early says why.
        let _ = stdin.write_all(input.as_bytes());
    }
    let ended = running.wait_with_output();
    state().running = None;
    ended
}

fn state() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}
