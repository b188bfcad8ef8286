//! Two texts and their differences, for people.

use std::fmt::Write as _;

use post_confirmation_host::printable;
use similar::{ChangeTag, TextDiff};

use crate::terminal::{BAD, FAINT, GOOD};

/// How many lines around a difference are shown.
const AROUND: usize = 3;

/// The lines of `old` and `new` around each difference: `-` stands only in `old`, `+` only in
/// `new`.
pub fn shown(old: &str, new: &str) -> String {
    let mut shown = String::new();
    let diff = TextDiff::from_lines(old, new);
    for (number, group) in diff.grouped_ops(AROUND).iter().enumerate() {
        if number > 0 {
            let _ = writeln!(shown, "    {FAINT}…{FAINT:#}");
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let (sign, style) = match change.tag() {
                ChangeTag::Delete => ('-', BAD),
                ChangeTag::Insert => ('+', GOOD),
                ChangeTag::Equal => (' ', FAINT),
            };
            let line = change.value().trim_end_matches('\n');
            let _ = writeln!(shown, "  {style}{sign} {}{style:#}", printable::shown(line));
        }
    }
    shown
}
