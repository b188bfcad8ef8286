//! The checks of `doctor`, a file for each part of a deployment, and the kinds of finding.

pub mod deployment;
pub mod function;
pub mod network;
pub mod queue;
pub mod secrets;
pub mod trigger;
pub mod users;

use std::fmt::Display;

use post_confirmation_host::printable;
use serde::Serialize;

use super::answer::Unexpected;
use super::aws::AwsError;
use super::dry_run::TryError;
use deployment::Deployment;

/// A check: it adds what it finds, nothing if all is well.
pub type Check = fn(&Deployment, &mut Vec<Finding>) -> Result<(), NotChecked>;

/// The most bytes of AWS's words that are shown.
const LENGTH: usize = 300;

/// What a finding means.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// It loses users, keeps them from the backend, or makes dead letters of their events.
    Fault,
    /// It may do harm later, or may be intended.
    Warning,
    /// The check could not be made.
    #[serde(rename = "not checked")]
    NotChecked,
}

/// What is wrong, why it matters, and how to fix it. It never holds user data or the value of a
/// secret setting.
#[derive(Clone, Serialize)]
pub struct Finding {
    /// What it means.
    pub level: Level,
    /// What is wrong.
    pub what: String,
    /// Why it matters.
    pub why: String,
    /// How to fix it.
    pub fix: String,
}

impl Finding {
    /// One that is a fault.
    pub fn fault(
        what: impl Into<String>,
        why: impl Into<String>,
        fix: impl Into<String>,
    ) -> Finding {
        Finding { level: Level::Fault, what: what.into(), why: why.into(), fix: fix.into() }
    }

    /// One that is a warning.
    pub fn warning(
        what: impl Into<String>,
        why: impl Into<String>,
        fix: impl Into<String>,
    ) -> Finding {
        Finding { level: Level::Warning, ..Finding::fault(what, why, fix) }
    }

    /// The same as a warning, if `only` holds.
    pub fn warning_if(mut self, only: bool) -> Finding {
        if only {
            self.level = Level::Warning;
        }
        self
    }
}

/// Why a check could not be made.
#[derive(Clone)]
pub struct NotChecked {
    finding: Finding,
    /// Whether a part that it needs does not exist.
    pub lacks_a_part: bool,
}

impl NotChecked {
    /// A part that the check needs does not exist.
    pub fn lacks(reason: impl Display) -> NotChecked {
        let mut it = NotChecked::new(reason, "it depends on this", "fix that, and run this again");
        it.lacks_a_part = true;
        it
    }

    /// In one line.
    fn new(reason: impl Display, why: &str, fix: impl Into<String>) -> NotChecked {
        let words: Vec<String> = reason.to_string().split_whitespace().map(str::to_owned).collect();
        let what = printable::cut(&printable::line(&words.join(" ")), LENGTH).to_owned();
        let finding = Finding { level: Level::NotChecked, ..Finding::fault(what, why, fix.into()) };
        NotChecked { finding, lacks_a_part: false }
    }

    /// That the check could not be made is a finding too.
    pub fn into_finding(self) -> Finding {
        self.finding
    }
}

impl From<AwsError> for NotChecked {
    fn from(error: AwsError) -> NotChecked {
        match error.missing_right() {
            Some(right) => {
                let fix = format!("ask for the right {right}");
                NotChecked::new(format!("needs {right}"), "AWS refuses to show it", fix)
            }
            None => NotChecked::new(error, "AWS did not answer", "fix that, and run this again"),
        }
    }
}

impl From<TryError> for NotChecked {
    fn from(error: TryError) -> NotChecked {
        match error {
            TryError::Aws(error) => error.into(),
            TryError::Failed(failed) => NotChecked::lacks(failed),
        }
    }
}

impl From<Unexpected> for NotChecked {
    fn from(error: Unexpected) -> NotChecked {
        // An answer that AWS does not document must not hide the findings of the other checks.
        NotChecked::new(error, "it can't be interpreted", "run this again with the newest AWS CLI")
    }
}

impl From<anyhow::Error> for NotChecked {
    fn from(error: anyhow::Error) -> NotChecked {
        let error = match error.downcast::<AwsError>() {
            Ok(error) => return error.into(),
            Err(error) => error,
        };
        match error.downcast::<Unexpected>() {
            Ok(error) => error.into(),
            Err(error) => NotChecked::new(
                format!("{error:#}"),
                "it depends on this",
                "fix that, and run this again",
            ),
        }
    }
}
