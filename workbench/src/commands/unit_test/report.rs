//! What the author sees: a line for each test, then the failures and a summary, in libtest's words.

use std::fmt::Display;
use std::io::{self, Write};
use std::time::Duration;

use anstream::{print, println};
use anstyle::{AnsiColor, Style};
use post_confirmation_host::printable::shown;

use super::verdict::{Failure, Panic, Verdict};

const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();
const OTHER: Style = AnsiColor::Yellow.on_default();
const QUIET: Style = Style::new().dimmed();

/// A test and what came of it.
pub struct Tested {
    /// Its name, with a note where it should panic.
    pub label: String,
    pub verdict: Verdict,
    pub took: Duration,
}

/// How to report.
pub struct Report {
    /// One character for a test.
    pub quiet: bool,
    /// What each test wrote, at once.
    pub nocapture: bool,
    /// What passed tests wrote, at the end.
    pub show_output: bool,
    /// The longest label.
    pub width: usize,
}

fn styled(style: Style, text: impl Display) -> String {
    format!("{style}{text}{style:#}")
}

impl Report {
    /// Says how many tests are run.
    pub fn begin(&self, tests: usize) {
        println!("\nrunning {tests} test{}", if tests == 1 { "" } else { "s" });
    }

    /// Tells one test.
    pub fn test(&self, tested: &Tested) {
        let (style, word, letter) = match &tested.verdict {
            Verdict::Passed(_) => (GOOD, "ok", '.'),
            Verdict::Ignored(_) => (OTHER, "ignored", 'i'),
            Verdict::Failed(_) => (BAD, "FAILED", 'F'),
        };
        if self.quiet {
            print!("{}", styled(style, letter));
            // Where nobody looks any more, nobody misses it.
            let _ = io::stdout().flush();
            return;
        }
        let more = match &tested.verdict {
            Verdict::Ignored(reason) => {
                reason.as_ref().map(|reason| format!("  {}", shown(reason))).unwrap_or_default()
            }
            _ => format!("{:gap$}{}", "", styled(QUIET, time(tested.took)), gap = 7 - word.len()),
        };
        println!("test {:width$} ... {}{more}", tested.label, styled(style, word), width = self.width);
        if self.nocapture
            && let Verdict::Passed(output) | Verdict::Failed(Failure { output, .. }) = &tested.verdict
            && !output.is_empty()
        {
            println!("{}", shown(output));
        }
    }

    /// Tells what has failed, and how many of all tests have done what.
    pub fn end(&self, tested: &[Tested], filtered_out: usize, took: Duration) {
        if self.quiet {
            println!();
        }
        if self.show_output {
            for test in tested {
                if let Verdict::Passed(output) = &test.verdict
                    && !output.is_empty()
                {
                    println!("\n---- {} ----\n{}", test.label, shown(output));
                }
            }
        }
        let failures: Vec<_> = tested.iter().filter_map(Tested::failure).collect();
        for (label, failure) in &failures {
            println!("\n{}", styled(BAD, format!("---- {label} ----")));
            self.failure(failure);
        }
        if !failures.is_empty() {
            println!("\nfailures:");
            for (label, _) in &failures {
                println!("    {label}");
            }
        }
        let passed = tested.iter().filter(|test| matches!(test.verdict, Verdict::Passed(_))).count();
        println!(
            "\ntest result: {}. {passed} passed; {} failed; {} ignored; 0 measured; {filtered_out} filtered out; \
             finished in {:.2}s\n",
            if failures.is_empty() { styled(GOOD, "ok") } else { styled(BAD, "FAILED") },
            failures.len(),
            tested.len() - passed - failures.len(),
            took.as_secs_f64()
        );
    }

    fn failure(&self, Failure { output, panic, why, frames }: &Failure) {
        if !output.is_empty() {
            println!("{}", shown(output));
        }
        if let Some(Panic { place, message }) = panic {
            println!("panicked at {}:\n{}", shown(place), shown(message));
        }
        if let Some(why) = why {
            println!("{}", shown(why));
        }
        for (number, name) in frames.iter().enumerate() {
            println!("{}", styled(QUIET, format!("{number:4}: {}", shown(name))));
        }
    }
}

impl Tested {
    /// What is to say of it where it has failed.
    pub fn failure(&self) -> Option<(&str, &Failure)> {
        match &self.verdict {
            Verdict::Failed(failure) => Some((&self.label, failure)),
            _ => None,
        }
    }
}

/// A time as it fits below others.
fn time(took: Duration) -> String {
    let seconds = took.as_secs_f64();
    if seconds < 1.0 { format!("{:5.1} ms", seconds * 1000.0) } else { format!("{seconds:5.1} s") }
}
