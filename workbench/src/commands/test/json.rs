//! What `mapper test` prints for machines.

use std::path::Path;

use serde::Serialize;

use super::cost::{CaseCost, Exceeded};
use super::{CaseResult, Verdict};
use crate::expectation::Mapped;

/// The whole as machines read it.
#[derive(Serialize)]
pub struct Report<'a> {
    mapper: &'a Path,
    passed: usize,
    failed: usize,
    cases: Vec<Line<'a>>,
}

#[derive(Serialize)]
struct Line<'a> {
    name: &'a str,
    verdict: Verdict,
    milliseconds: f64,
    stable: bool,
    mapped: &'a Mapped,
    /// What the second run made of it, if that is something else.
    #[serde(skip_serializing_if = "Option::is_none")]
    second: Option<&'a Mapped>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<&'a Mapped>,
    /// What it costs, if that is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    cost: Option<&'a CaseCost>,
    /// The bounds that it breaks.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    exceeded: &'a [Exceeded],
}

impl<'a> Report<'a> {
    /// What came of the cases `tried`, of which `failed` did, with the mapper in the file `mapper`.
    pub fn new(mapper: &'a Path, tried: &'a [CaseResult], failed: usize) -> Report<'a> {
        let cases = tried.iter().map(|CaseResult { case, trial, verdict, cost, exceeded }| Line {
            name: &case.name,
            verdict: *verdict,
            milliseconds: trial.took.as_secs_f64() * 1e3,
            stable: trial.is_stable(),
            mapped: &trial.mapped,
            second: trial.second.as_ref(),
            expected: case.expected.as_ref(),
            cost: cost.as_ref(),
            exceeded,
        });
        Report { mapper, passed: tried.len() - failed, failed, cases: cases.collect() }
    }
}
