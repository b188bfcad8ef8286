//! How the workbench looks in a terminal. The streams of `anstream` drop the colours everywhere
//! else.

use std::io::{ErrorKind, IsTerminal, Write as _, stderr, stdout};
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use anyhow::{Context, Error, Result};
use indicatif::{ProgressBar, ProgressStyle};
use post_confirmation_host::printable;
use serde::Serialize;

/// The most that is shown of an error, in bytes: it may hold names that a component has chosen.
const MAX_ERROR: usize = 8 * 1024;

/// What is as it should be, or was added.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// What is not as it should be, or was removed.
pub const BAD: Style = AnsiColor::Red.on_default();
/// What needs a second look.
pub const WARNING: Style = AnsiColor::Yellow.on_default();
/// What matters less.
pub const FAINT: Style = Style::new().dimmed();
/// A heading.
pub const HEADING: Style = Style::new().bold();

/// Says on standard error that `what` goes on, with the time that it has taken in a terminal, until
/// the value is dropped.
pub fn progress(what: String) -> ProgressBar {
    if !stderr().is_terminal() {
        anstream::eprintln!("{what}");
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new_spinner().with_message(what);
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} ({elapsed})") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(100));
    bar.with_finish(indicatif::ProgressFinish::AndClear)
}

/// Says on standard error why something could not be carried out.
pub fn error(error: &Error) {
    let text = format!("{error:#}");
    let text = printable::shown(printable::cut(&text, MAX_ERROR));
    anstream::eprintln!("{BAD}error{BAD:#}: {text}");
}

/// Says `text` on standard error, which may hold what an author's file or a component has chosen.
pub fn tell(text: &str) {
    anstream::eprintln!("{}", printable::shown(text));
}

/// Says on standard error what is perhaps not meant.
pub fn warn(what: &str) {
    anstream::eprintln!("{WARNING}warning{WARNING:#}: {}", printable::line(what));
}

/// Prints `value` as JSON on standard output, to the byte. A reader that has left is not a failure.
pub fn json(value: &impl Serialize) -> Result<()> {
    let text = printable::json(serde_json::to_string_pretty(value)?);
    match writeln!(stdout(), "{text}") {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(error).context("standard output can't be written")
        }
        _ => Ok(()),
    }
}

/// `bytes` for people: `12.0 MB`, `263 KB`.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} KB", bytes.div_ceil(1000)),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

/// `time` for people: `1.2 s`, `310 ms`, `0.031 ms`.
pub fn time(time: Duration) -> String {
    match time.as_millis() {
        0..100 => format!("{:.3} ms", time.as_secs_f64() * 1e3),
        100..1000 => format!("{} ms", time.as_millis()),
        _ => format!("{:.1} s", time.as_secs_f64()),
    }
}

/// Whether a mapper has a follow-up, for people.
pub fn follow_up(has_one: bool) -> &'static str {
    if has_one { "yes: it gets the backend's answer" } else { "none" }
}
