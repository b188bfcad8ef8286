//! The report of `mapper test` in JUnit's form.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::{CaseResult, Verdict, cost};
use crate::expectation::Mapped;
use crate::{render, runner};

/// Writes the report of `tried` to `path`: cases of the mapper `mapper` that took `took` together,
/// with `fixed` clocks or not.
pub fn write(
    path: &Path,
    mapper: &Path,
    tried: &[CaseResult],
    fixed: bool,
    took: Duration,
) -> Result<()> {
    let mut suite = TestSuite::new(mapper.display().to_string());
    suite.set_time(took);
    suite.add_test_cases(tried.iter().map(|tried| case(tried, fixed)));
    let mut report = Report::new("mapper test");
    report.set_time(took);
    report.add_test_suite(suite);
    File::create(path)
        .map_err(anyhow::Error::from)
        .and_then(|file| Ok(report.serialize(file)?))
        .with_context(|| format!("the report `{}` can't be written", path.display()))
}

fn case(tried: &CaseResult, fixed: bool) -> TestCase {
    let mut status = TestCaseStatus::success();
    if !tried.verdict.is_good() {
        let kind = if tried.verdict == Verdict::Failed {
            NonSuccessKind::Error
        } else {
            NonSuccessKind::Failure
        };
        status = TestCaseStatus::non_success(kind);
        status.set_message(message(tried, fixed));
        status.set_description(tried.wrong());
    }
    let mut case = TestCase::new(&tried.case.name, status);
    case.set_time(tried.trial.took);
    let words = render::words(&tried.trial.output);
    if !words.is_empty() {
        case.set_system_err(words);
    }
    case
}

fn message(tried: &CaseResult, fixed: bool) -> String {
    match (&tried.trial.mapped, tried.verdict) {
        (Mapped::Failed(failed), _) => format!("{}: {}", failed.error_type, failed.error),
        (_, Verdict::Unstable) => runner::unstable(fixed).to_owned(),
        (_, Verdict::Failed | Verdict::Costly) => cost::wrong(tried).trim_end().replace('\n', "; "),
        (_, Verdict::New) => "nothing is expected yet".to_owned(),
        _ => "the mapper makes something else of the event".to_owned(),
    }
}
