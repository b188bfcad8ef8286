//! The bounds of the project: what is promised, what was measured, and whether that keeps the
//! promise.

use crate::Found;
use crate::cold::{Cold, Condition};
use crate::peers::Peer::{self, JavaScript, Native, Node, Python, Rust};
use crate::stats::{median, ratio};
use crate::warm::Warm;

/// A promise and its figure.
pub struct Bound {
    what: &'static str,
    figure: f64,
    promise: Promise,
    unit: &'static str,
}

enum Promise {
    AtMost(f64),
    AtLeast(f64),
}
use Promise::{AtLeast, AtMost};

impl Bound {
    /// Whether the figure keeps the promise. One that is missing does not.
    pub fn is_met(&self) -> bool {
        match self.promise {
            AtMost(limit) => self.figure <= limit,
            AtLeast(limit) => self.figure >= limit,
        }
    }
}

/// The bounds with the figures of a run.
pub fn of(found: &Found) -> Vec<Bound> {
    let bound = |what, figure, promise, unit| Bound { what, figure, promise, unit };
    let start = |peer, other| ratio(starts(found, peer), starts(found, other));
    let event = |peer, other| ratio(rounds(found, peer), rounds(found, other));
    let peak = |peer| warm(found, peer).map_or(f64::NAN, |warm| warm.peak);
    let mapping = |peer| warm(found, peer).map_or(f64::NAN, |warm| median(&warm.mapping));
    let first = |peer| {
        cold(found, peer, Condition::FROM_DISK).map_or(f64::NAN, |cold| median(&cold.answered))
    };
    let from_disk = first(JavaScript) / first(Rust);
    let sizes = &found.sizes;

    vec![
        bound("start, Rust mapper / native", start(Rust, Native), AtMost(1.2), "×"),
        bound("start, Node.js / Rust mapper", start(Node, Rust), AtLeast(10.0), "×"),
        bound("start, JavaScript / Rust mapper", start(JavaScript, Rust), AtMost(1.2), "×"),
        bound("first event from disk, JavaScript / Rust mapper", from_disk, AtMost(1.5), "×"),
        bound("warm event, Rust mapper / native", event(Rust, Native), AtMost(1.1), "×"),
        bound("warm event, JavaScript mapper / Node.js", event(JavaScript, Node), AtMost(0.6), "×"),
        bound("warm event, Python mapper / Node.js", event(Python, Node), AtMost(1.5), "×"),
        bound("mapping, Rust mapper, p50", mapping(Rust), AtMost(20.0), "µs"),
        bound("mapping, JavaScript mapper, p50", mapping(JavaScript), AtMost(120.0), "µs"),
        bound("memory, Rust mapper", peak(Rust), AtMost(8.0), "MB"),
        bound("memory, JavaScript mapper", peak(JavaScript), AtMost(12.0), "MB"),
        bound("memory, Python mapper", peak(Python), AtMost(24.0), "MB"),
        bound("deployment package", sizes.package, AtMost(3.0), "MB"),
        bound("image of the default mapper", sizes.image * 1000.0, AtMost(300.0), "KB"),
        bound("image of the JavaScript mapper", sizes.javascript_image, AtMost(3.5), "MB"),
    ]
}

/// A line for each bound.
pub fn lines(bounds: &[Bound]) -> String {
    let line = |bound: &Bound| {
        let Bound { what, figure, unit, .. } = bound;
        let (word, limit) = match bound.promise {
            AtMost(limit) => ("at most", limit),
            AtLeast(limit) => ("at least", limit),
        };
        let verdict = if bound.is_met() { "met" } else { "NOT MET" };
        format!("{verdict:<8} {what:<50} {figure:>8.2} {unit:<3} {word} {limit} {unit}\n")
    };
    bounds.iter().map(line).collect()
}

/// The usual starts of `peer`, to the first poll.
fn starts(found: &Found, peer: Peer) -> &[f64] {
    cold(found, peer, Condition::USUAL).map_or(&[], |cold| &cold.ready)
}

fn cold(found: &Found, peer: Peer, condition: Condition) -> Option<&Cold> {
    found.cold.iter().find(|cold| cold.peer == peer && cold.condition == condition)
}

/// The rounds of events of `peer`.
fn rounds(found: &Found, peer: Peer) -> &[f64] {
    warm(found, peer).map_or(&[], |warm| &warm.rounds)
}

fn warm(found: &Found, peer: Peer) -> Option<&Warm> {
    found.warm.iter().find(|warm| warm.peer == peer)
}
