//! What each case of `mapper test` costs, and what it may cost. It is counted in an engine of its
//! own, after the verdicts: those hold with the limits and the time of production.

use std::fmt;
use std::sync::Arc;

use anstyle::Style;
use anyhow::Result;
use post_confirmation_host::printable;
use serde::Serialize;

use super::{CaseResult, Verdict};
use crate::cases::Case;
use crate::expectation::{Failed, Mapped};
use crate::runner::{Bench, Cost, Trial};
use crate::terminal::{BAD, HEADING};

/// What is counted, and the bounds.
#[derive(clap::Args)]
pub struct Costs {
    /// Count what each event costs: instructions, the most memory and the answer's size in bytes.
    #[arg(long)]
    cost: bool,
    /// Count it, and fail each case whose event takes more instructions.
    #[arg(long, value_name = "N")]
    at_most_instructions: Option<u64>,
    /// Count it, and fail each case whose event takes more memory, in bytes.
    #[arg(long, value_name = "BYTES")]
    at_most_memory: Option<u64>,
}

/// What a case costs.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub enum CaseCost {
    /// Nothing that could be told: its event failed.
    Failed(Failed),
    /// This.
    #[serde(untagged)]
    Counted(Cost),
}

/// A bound that a case breaks.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Exceeded {
    figure: &'static str,
    counted: u64,
    at_most: u64,
    #[serde(skip)]
    unit: &'static str,
}

impl Costs {
    /// Whether anything is to be counted.
    pub fn are_wanted(&self) -> bool {
        self.cost || self.at_most_instructions.is_some() || self.at_most_memory.is_some()
    }

    /// Counts on `bench` what the cases `tried` cost, and which bounds each of them breaks. What
    /// has failed is not tried again.
    ///
    /// # Errors
    /// They can't be tried.
    pub async fn count(&self, bench: Bench, tried: &mut [CaseResult]) -> Result<()> {
        let (failed, sound): (Vec<&mut CaseResult>, Vec<_>) =
            tried.iter_mut().partition(|tried| matches!(tried.trial.mapped, Mapped::Failed(_)));
        let cases: Vec<Arc<Case>> = sound.iter().map(|tried| Arc::clone(&tried.case)).collect();
        for (tried, trial) in sound.into_iter().zip(bench.try_all(&cases).await?) {
            tried.cost = CaseCost::measured(&trial);
            match tried.cost {
                Some(CaseCost::Counted(cost)) => tried.exceeded = self.exceeded_by(cost),
                _ => tried.verdict = Verdict::Failed,
            }
        }
        for tried in failed {
            tried.cost = CaseCost::measured(&tried.trial);
        }
        Ok(())
    }

    /// The bounds that `cost` breaks.
    fn exceeded_by(&self, cost: Cost) -> Vec<Exceeded> {
        let figures = [
            ("instructions", cost.instructions, self.at_most_instructions, "instructions"),
            ("memory", cost.memory, self.at_most_memory, "bytes of memory"),
        ];
        let exceeded = figures.into_iter().filter_map(|(figure, counted, at_most, unit)| {
            let at_most = at_most.filter(|at_most| counted > *at_most)?;
            Some(Exceeded { figure, counted, at_most, unit })
        });
        exceeded.collect()
    }
}

impl CaseCost {
    /// What the event of `trial` costs. None if that was not counted.
    fn measured(trial: &Trial) -> Option<CaseCost> {
        match &trial.mapped {
            Mapped::Failed(failed) => Some(CaseCost::Failed(failed.clone())),
            _ => trial.cost.map(CaseCost::Counted),
        }
    }
}

impl fmt::Display for Exceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Exceeded { counted, at_most, unit, .. } = self;
        write!(f, "{counted} {unit}, and at most {at_most} are allowed")
    }
}

/// A line for each of the cases `tried` whose costs were counted, under a heading. Empty if none
/// were.
pub fn table(tried: &[CaseResult]) -> String {
    let lines: String = tried.iter().filter_map(line).collect();
    if lines.is_empty() {
        return lines;
    }
    let titles = format!("{:<32} {:>14} {:>14} {:>14}", "cost", "instructions", "memory", "answer");
    format!("\n{HEADING}{titles}{HEADING:#}\n{lines}")
}

fn line(CaseResult { case, cost, exceeded, .. }: &CaseResult) -> Option<String> {
    let figures = match cost.as_ref()? {
        CaseCost::Failed(failed) => format!("{BAD}{}{BAD:#}", failed.error_type),
        CaseCost::Counted(Cost { instructions, memory, answer }) => {
            let (first, second) = (style("instructions", exceeded), style("memory", exceeded));
            format!(
                "{first}{instructions:>14}{first:#} {second}{memory:>14}{second:#} {answer:>14}"
            )
        }
    };
    Some(format!("{:<32} {figures}\n", printable::line(&case.name)))
}

/// How a figure looks, which is among those that are `exceeded` or not.
fn style(figure: &str, exceeded: &[Exceeded]) -> Style {
    let is_exceeded = exceeded.iter().any(|it| it.figure == figure);
    if is_exceeded { BAD } else { Style::new() }
}

/// What is wrong with what a case costs. Empty if nothing is.
pub fn wrong(CaseResult { trial, cost, exceeded, .. }: &CaseResult) -> String {
    if let (Some(CaseCost::Failed(failed)), false) =
        (cost, matches!(trial.mapped, Mapped::Failed(_)))
    {
        let why = format!("{}: {}", failed.error_type, failed.error);
        return format!(
            "it failed while it was measured, with fixed clocks and random numbers: {why}\n"
        );
    }
    exceeded.iter().map(|exceeded| format!("{exceeded}\n")).collect()
}
