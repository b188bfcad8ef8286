//! What is counted, and the table of it.

use std::collections::BTreeMap;
use std::fmt;

/// Counts under a title and a name each, and what went wrong.
#[derive(Default)]
pub struct Tally {
    counts: BTreeMap<(&'static str, String), usize>,
    problems: Vec<String>,
}

impl Tally {
    /// Counts one `name` under `title`.
    pub fn count(&mut self, title: &'static str, name: impl fmt::Display) {
        *self.counts.entry((title, name.to_string())).or_default() += 1;
    }

    /// Remembers what went wrong, for whoever has to find out why.
    pub fn problem(&mut self, problem: String) {
        self.problems.push(problem);
    }

    /// The count of `name` under `title`.
    pub fn of(&self, title: &'static str, name: &str) -> usize {
        self.counts.get(&(title, name.to_owned())).copied().unwrap_or_default()
    }

    /// Adds what another has counted.
    pub fn add(&mut self, other: Tally) {
        for (name, count) in other.counts {
            *self.counts.entry(name).or_default() += count;
        }
        self.problems.extend(other.problems);
    }

    /// Everything that went wrong, a line each.
    pub fn problems(&self) -> String {
        self.problems.join("\n")
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut last = "";
        for ((title, name), count) in &self.counts {
            if *title != last {
                writeln!(f, "\n{title}")?;
                last = title;
            }
            writeln!(f, "  {name:<44}{count:>8}")?;
        }
        Ok(())
    }
}
