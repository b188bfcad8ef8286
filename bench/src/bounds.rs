//! The bounds of the project: what is promised, what was measured, and whether that keeps the
//! promise.

use crate::Found;
use crate::cold::Condition;
use crate::peers::Peer;
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
    LessThan(f64),
}
use Promise::{AtLeast, AtMost, LessThan};

impl Bound {
    /// Whether the figure keeps the promise. One that is missing does not.
    pub fn is_met(&self) -> bool {
        match self.promise {
            AtMost(limit) => self.figure <= limit,
            AtLeast(limit) => self.figure >= limit,
            LessThan(limit) => self.figure < limit,
        }
    }
}

/// The bounds with the figures of a run.
pub fn of(found: &Found) -> Vec<Bound> {
    let bound = |what, figure, promise, unit| Bound { what, figure, promise, unit };
    let start = |peer, other| ratio(starts(found, peer), starts(found, other));
    let event = |peer, other| ratio(rounds(found, peer), rounds(found, other));
    let peak = |peer| warm(found, peer).map_or(f64::NAN, |warm| warm.peak);
    let own = [Peer::Rust, Peer::JavaScript, Peer::Python];
    // A figure that is missing is the most.
    let most = own.map(peak).into_iter().max_by(f64::total_cmp).unwrap_or(f64::NAN);
    vec![
        bound(
            "start to first poll, Rust mapper / native",
            start(Peer::Rust, Peer::Native),
            AtMost(1.2),
            "×",
        ),
        bound(
            "start to first poll, Node.js / Rust mapper",
            start(Peer::Node, Peer::Rust),
            AtLeast(8.0),
            "×",
        ),
        bound(
            "start to first poll, Node.js / JavaScript mapper",
            start(Peer::Node, Peer::JavaScript),
            AtLeast(4.0),
            "×",
        ),
        bound(
            "start to first poll, Node.js / Python mapper",
            start(Peer::Node, Peer::Python),
            AtLeast(4.0),
            "×",
        ),
        bound(
            "warm event, Rust mapper / native",
            event(Peer::Rust, Peer::Native),
            AtMost(1.1),
            "×",
        ),
        bound(
            "warm event, Rust mapper / Node.js",
            event(Peer::Rust, Peer::Node),
            LessThan(1.0),
            "×",
        ),
        bound("sandbox and mapping, Rust mapper, p50", median(&found.life), AtMost(30.0), "µs"),
        bound("memory, Rust mapper", peak(Peer::Rust), AtMost(16.0), "MB"),
        bound("memory, JavaScript mapper", peak(Peer::JavaScript), AtMost(40.0), "MB"),
        bound("memory, Python mapper", peak(Peer::Python), AtMost(40.0), "MB"),
        bound("memory, the most of all mappers", most, AtMost(128.0), "MB"),
        bound("deployment package", found.sizes.package, AtMost(4.0), "MB"),
        bound("image of the default mapper", found.sizes.image * 1000.0, AtMost(300.0), "KB"),
    ]
}

/// A line for each bound.
pub fn lines(bounds: &[Bound]) -> String {
    let line = |bound: &Bound| {
        let Bound { what, figure, unit, .. } = bound;
        let (word, limit) = match bound.promise {
            AtMost(limit) => ("at most", limit),
            AtLeast(limit) => ("at least", limit),
            LessThan(limit) => ("less than", limit),
        };
        let verdict = if bound.is_met() { "met" } else { "NOT MET" };
        format!("{verdict:<8} {what:<50} {figure:>8.2} {unit:<3} {word} {limit} {unit}\n")
    };
    bounds.iter().map(line).collect()
}

/// The usual starts of `peer`, to the first poll.
fn starts(found: &Found, peer: Peer) -> &[f64] {
    let cold =
        found.cold.iter().find(|cold| cold.peer == peer && cold.condition == Condition::USUAL);
    cold.map_or(&[], |cold| &cold.ready)
}

/// The rounds of events of `peer`.
fn rounds(found: &Found, peer: Peer) -> &[f64] {
    warm(found, peer).map_or(&[], |warm| &warm.rounds)
}

fn warm(found: &Found, peer: Peer) -> Option<&Warm> {
    found.warm.iter().find(|warm| warm.peer == peer)
}
