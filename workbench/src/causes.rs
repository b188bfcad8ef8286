//! Why there is no answer, in the words of the reference: this program is installed without it.

use post_confirmation_host::error::Cause;

const REFERENCE: &str = include_str!("../../docs/reference.md");

/// The row of a `cause` in the reference's table.
pub struct Explained {
    /// What happened.
    pub what: &'static str,
    /// What to change.
    pub fix: &'static str,
}

/// What the reference says of `cause`, if it has a row for it.
pub fn explained(cause: Cause) -> Option<Explained> {
    let start = format!("| `{cause}` | ");
    let row = REFERENCE.lines().find_map(|line| line.strip_prefix(&start))?;
    let (what, fix) = row.strip_suffix(" |")?.split_once(" | ")?;
    Some(Explained { what, fix })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_is_explained() {
        for cause in Cause::ALL {
            let Explained { what, fix } = explained(cause).unwrap();
            assert!(!what.is_empty() && !fix.is_empty(), "{cause}");
            assert!(!fix.contains("]("), "a link leads nowhere in a terminal: {fix}");
        }
    }
}
