//! What `mapper dev` shows: on a terminal each run anew and whole, in a pipe a line for all that is
//! different.

use std::io::{IsTerminal, Write, stdout};
use std::time::Duration;

use anstream::print;
use post_confirmation_host::backend::{Attempt, Error};
use post_confirmation_host::error::backend_error_type;
use post_confirmation_host::outcome::{End, Handled};
use post_confirmation_host::printable;

use crate::commands::test::{CaseResult, Tried, Verdict};
use crate::expectation::Mapped;
use crate::terminal::{BAD, FAINT, GOOD, HEADING, time};

/// What clears a terminal and goes to its first line.
const CLEAR: &str = "\x1b[2J\x1b[H";

/// How a case ended.
struct Was {
    name: String,
    verdict: Verdict,
    mapped: Mapped,
}

/// What is shown, and what was shown last.
pub struct Show {
    /// What the first run begins with, and on a terminal each.
    greeting: String,
    has_begun: bool,
    last: Option<Vec<Was>>,
}

impl Show {
    /// One that has shown nothing yet.
    pub fn new(greeting: String) -> Show {
        Show { greeting, has_begun: false, last: None }
    }

    /// Begins a run, for a `reason` if it is not the first.
    pub fn begin(&mut self, reason: Option<&str>) {
        if stdout().is_terminal() {
            // The stream that drops colours would drop this, too.
            let _ = stdout().write_all(CLEAR.as_bytes());
            print!("{}\n", self.greeting);
        } else if !self.has_begun {
            print!("{}\n", self.greeting);
        } else {
            print!("\n");
        }
        self.has_begun = true;
        if let Some(reason) = reason {
            print!("{HEADING}{}{HEADING:#}\n", printable::line(reason));
        }
    }

    /// Says that the source could not be built, and whether there is an older mapper.
    pub fn broken(&self, is_there: bool) {
        let stays = if is_there { "the last good mapper stays" } else { "there is no mapper yet" };
        print!("{BAD}not built{BAD:#}: {stays}\n");
    }

    /// Shows the verdicts of a run: all of them the first time and on a terminal, else those that
    /// are different. If the source `is_broken`, the mapper is an older one.
    pub fn verdicts(&mut self, tried: &Tried, is_broken: bool) {
        let last = self.last.take();
        let mut lines = String::new();
        let mut explained = String::new();
        for result in &tried.cases {
            let note = last.as_ref().and_then(|last| noted(last, result));
            if note.is_some() || last.is_none() || stdout().is_terminal() {
                lines.push_str(&result.line(note.as_deref().unwrap_or_default()));
                if result.needs_a_look() {
                    explained.push_str(&result.explained(false));
                }
            }
        }
        for was in last.iter().flatten() {
            if tried.cases.iter().all(|result| result.case.name != was.name) {
                lines.push_str(&format!(
                    "{FAINT}{:<9}{FAINT:#} {}\n",
                    "gone",
                    printable::line(&was.name)
                ));
            }
        }
        let older = if is_broken { ", by the last good mapper" } else { "" };
        print!("{lines}{explained}{}", sum(&tried.cases, tried.took, older));
        self.last = Some(tried.cases.iter().map(Was::new).collect());
    }
}

/// How an event that came in has ended, with each attempt.
pub fn ended(handled: &Handled) -> String {
    let attempts: Vec<String> = handled.attempts().iter().map(attempt).collect();
    let (style, kept) = match &handled.end {
        End::Delivered(_) | End::Skipped(_) => (GOOD, ""),
        End::Queued(_) | End::Undelivered { .. } => (BAD, "; a function's queue would keep it"),
    };
    let (name, attempts) = (handled.end.name(), attempts.join(", "));
    format!("{style}{name}{style:#}{kept}  {FAINT}{attempts}{FAINT:#}\n")
}

fn attempt(attempt: &Attempt) -> String {
    let answer = match &attempt.result {
        Ok(status) | Err(Error::Unavailable(status) | Error::Refused(status)) => status.to_string(),
        Err(error) => backend_error_type(error).to_owned(),
    };
    format!("{answer} after {}", time(attempt.took))
}

impl Was {
    fn new(result: &CaseResult) -> Was {
        let CaseResult { case, trial, verdict, .. } = result;
        Was { name: case.name.clone(), verdict: *verdict, mapped: trial.mapped.clone() }
    }
}

/// What is different about `result` since the `last` run, if anything is.
fn noted(last: &[Was], result: &CaseResult) -> Option<String> {
    let Some(was) = last.iter().find(|was| was.name == result.case.name) else {
        return Some(format!("  {FAINT}a case more{FAINT:#}"));
    };
    if was.verdict != result.verdict {
        let style = if was.verdict.is_good() { GOOD } else { BAD };
        return Some(format!("  {FAINT}was{FAINT:#} {style}{}{style:#}", was.verdict.word()));
    }
    let differs = was.mapped != result.trial.mapped;
    differs.then(|| format!("  {FAINT}another result{FAINT:#}"))
}

/// The line under the verdicts, with a `note`.
fn sum(cases: &[CaseResult], took: Duration, note: &str) -> String {
    let passed = cases.iter().filter(|result| result.verdict.is_good()).count();
    let failed = cases.len() - passed;
    let style = if failed == 0 { GOOD } else { BAD };
    format!("\n{style}{passed} passed, {failed} failed{style:#} in {}{note}\n", time(took))
}
