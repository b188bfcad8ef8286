//! What the author sees: a line for each test, then the failures and a summary, in libtest's words.

use std::fmt::Display;
use std::io::{self, Write};
use std::time::Duration;

use anstream::{print, println};
use anstyle::Style;
use post_confirmation_host::printable::shown;

use super::verdict::Verdict;
use crate::terminal::{BAD, FAINT, GOOD, WARNING};

/// A test and the verdict on it.
pub struct Tested {
    /// Its name.
    pub label: String,
    pub verdict: Verdict,
    pub took: Duration,
}

/// How to report.
pub struct Report {
    /// One character for a test.
    pub terse: bool,
    /// What each test wrote, at once.
    pub nocapture: bool,
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
            Verdict::Passed { .. } => (GOOD, "ok", '.'),
            Verdict::Ignored { .. } => (WARNING, "ignored", 'i'),
            Verdict::Failed { .. } => (BAD, "FAILED", 'F'),
        };
        if self.terse {
            print!("{}", styled(style, letter));
            // A reader that has left misses nothing.
            let _ = io::stdout().flush();
            return;
        }
        let more = match &tested.verdict {
            Verdict::Ignored { reason } => {
                reason.as_ref().map(|reason| format!("  {}", shown(reason))).unwrap_or_default()
            }
            _ => format!("{:gap$}{}", "", styled(FAINT, time(tested.took)), gap = 7 - word.len()),
        };
        println!(
            "test {:width$} ... {}{more}",
            tested.label,
            styled(style, word),
            width = self.width
        );
        if self.nocapture
            && let Verdict::Passed { output } | Verdict::Failed { output, .. } = &tested.verdict
            && !output.is_empty()
        {
            println!("{}", shown(output));
        }
    }

    /// Tells what has failed, and how many of all tests have done what.
    pub fn end(&self, tested: &[Tested], filtered_out: usize, took: Duration) {
        if self.terse {
            println!();
        }
        let failures: Vec<&Tested> = tested.iter().filter(|test| test.has_failed()).collect();
        for test in &failures {
            println!("\n{}", styled(BAD, format!("---- {} ----", test.label)));
            test.explain();
        }
        if !failures.is_empty() {
            println!("\nfailures:");
            failures.iter().for_each(|test| println!("    {}", test.label));
        }
        let passed =
            tested.iter().filter(|test| matches!(test.verdict, Verdict::Passed { .. })).count();
        println!(
            "\ntest result: {}. {passed} passed; {} failed; {} ignored; 0 measured; {filtered_out} filtered out; \
             finished in {:.2}s\n",
            if failures.is_empty() { styled(GOOD, "ok") } else { styled(BAD, "FAILED") },
            failures.len(),
            tested.len() - passed - failures.len(),
            took.as_secs_f64()
        );
    }
}

impl Tested {
    pub fn has_failed(&self) -> bool {
        matches!(self.verdict, Verdict::Failed { .. })
    }

    fn explain(&self) {
        let Verdict::Failed { output, why, frames } = &self.verdict else { return };
        if !output.is_empty() {
            println!("{}", shown(output));
        }
        if let Some(why) = why {
            println!("{}", shown(why));
        }
        for (number, name) in frames.iter().enumerate() {
            println!("{}", styled(FAINT, format!("{number:4}: {}", shown(name))));
        }
    }
}

/// A time as it fits below others.
fn time(took: Duration) -> String {
    let seconds = took.as_secs_f64();
    if seconds < 1.0 { format!("{:5.1} ms", seconds * 1000.0) } else { format!("{seconds:5.1} s") }
}
