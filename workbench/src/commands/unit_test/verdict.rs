//! The verdict on a test: libtest's word, or how the program ended without it.

use std::time::Duration;

use post_confirmation_host::mapper::{Error, Finished, Settings};

use crate::render::demangled;

/// A hint of Rust's that does not hold here: the functions are shown anyway.
const NOTE: &str = "note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace";

/// The function in which every panic of Rust ends.
const PANIC: &str = "rust_panic";

/// The verdict on a test.
pub enum Verdict {
    /// It passed.
    Passed {
        /// What it wrote.
        output: String,
    },
    /// It was not run.
    Ignored {
        /// The reason, if its author has written one.
        reason: Option<String>,
    },
    /// It failed.
    Failed {
        /// What it wrote, the text of a panic included.
        output: String,
        /// What else is wrong.
        why: Option<String>,
        /// The functions in which it trapped, innermost first.
        frames: Vec<String>,
    },
}

/// Judges the run of the test `name` alone, with these limits.
pub fn judge(name: &str, finished: &Finished, settings: &Settings) -> Verdict {
    let stdout = &finished.output.stdout;
    let output =
        format!("{}{}", own_output(name, stdout), finished.output.stderr).trim().to_owned();
    let backtrace = finished.output.backtrace.as_deref().unwrap_or_default();
    let why = match &finished.result {
        // libtest returns success if the test has passed or was not run.
        Ok(true) if stdout.contains("\ntest result: ok. 0 passed; 0 failed; 1 ignored;") => {
            return Verdict::Ignored { reason: reason(name, stdout) };
        }
        Ok(true) if !stdout.contains("\ntest result: ok. 0 passed;") => {
            return Verdict::Passed { output };
        }
        Ok(_) => Some("it ended without libtest's word for it".to_owned()),
        // libtest exits after a test that has returned an error.
        Err(Error::Exited) if stdout.contains("\ntest result: FAILED. 0 passed; 1 failed;") => {
            output.is_empty().then(|| "it returned an error".to_owned())
        }
        Err(Error::Exited) => Some("it called `exit`".to_owned()),
        Err(Error::TimedOut) => Some(format!(
            "it was stopped after {}, as the function stops a mapper; MAPPER_TIMEOUT_MS sets the time",
            milliseconds(settings.timeout)
        )),
        Err(Error::OutOfMemory) => Some(format!(
            "it ran out of memory: a test has {} MB, as a mapper; MAPPER_MEMORY_MB sets that",
            settings.memory >> 20
        )),
        // A panic has told why.
        Err(Error::Trapped(_)) if backtrace.contains(PANIC) => None,
        Err(error) => Some(error.to_string().replace("the mapper", "it")),
    };
    let frames = match &finished.result {
        Err(Error::Trapped(_)) => frames(backtrace),
        _ => Vec::new(),
    };
    Verdict::Failed { output: output.replace(NOTE, ""), why, frames }
}

/// The functions between the marks that Rust's own short backtraces go by, as they stand in the
/// source.
fn frames(backtrace: &str) -> Vec<String> {
    let names: Vec<String> = backtrace.lines().map(demangled).collect();
    let start = names.iter().rposition(|name| name.contains("__rust_end_short_backtrace"));
    let own = &names[start.map_or(0, |mark| mark + 1)..];
    let end = own.iter().position(|name| name.contains("__rust_begin_short_backtrace"));
    own[..end.unwrap_or(own.len())].to_vec()
}

/// The reason that libtest gives for not running a test.
fn reason(name: &str, stdout: &str) -> Option<String> {
    let (_, reason) = stdout.split_once(&format!("test {name} ... ignored, "))?;
    reason.split("\n\ntest result: ").next().map(str::to_owned)
}

/// What the test itself wrote to standard output, without libtest's words around it.
fn own_output<'a>(name: &str, stdout: &'a str) -> &'a str {
    let own = stdout.split_once(&format!("test {name} ... ")).map_or(stdout, |(_, own)| own);
    let ends = ["ok\n\ntest result: ok. 1 passed;", "FAILED\n\nfailures:\n"];
    let end = ends.into_iter().find_map(|end| own.rfind(end));
    &own[..end.unwrap_or(own.len())]
}

fn milliseconds(time: Duration) -> String {
    format!("{} ms", time.as_millis())
}
