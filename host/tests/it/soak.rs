//! The campaign: many events, faults drawn at random for the backend, the queue and the mapper,
//! Cognito's duplicates, processes that die between events, and redelivery until the queue is
//! empty. No confirmed user may be lost by it.
//!
//! `SOAK_EVENTS` and `SOAK_SEED` are read from the environment. A seed repeats what is drawn, not
//! how long anything takes.

mod draw;
mod lane;
mod tally;

use std::env;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use fastrand::Rng;

use lane::Lane;
use tally::Tally;
use test_support::aws;
use test_support::components::{DEFAULT, MISBEHAVING, image};

/// Enough to meet every fault in a short run.
const EVENTS: usize = 300;
/// Pools that live side by side, each with functions, a backend and a queue of its own. Most of the
/// time is waiting, so more of them than processors pay.
const LANES: usize = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_confirmed_user_is_lost() {
    let (seed, events) = (number("SOAK_SEED", 1), number("SOAK_EVENTS", EVENTS));
    // What is built and started once must not make the first events late.
    image(DEFAULT);
    image(MISBEHAVING);
    aws::endpoint();

    let mut rng = Rng::with_seed(seed as u64);
    let done = Arc::new(AtomicUsize::new(0));
    let lanes: Vec<_> = (0..LANES)
        .map(|lane| {
            let share = events / LANES + usize::from(lane < events % LANES);
            let (rng, done) = (rng.fork(), done.clone());
            tokio::spawn(async move { Lane::new(lane, rng).await.run(share, &done).await })
        })
        .collect();
    let mut tally = Tally::default();
    for lane in lanes {
        tally.add(lane.await.unwrap());
    }
    println!("{tally}");
    println!("seed {seed}; again: just soak {events} {seed}");

    assert_eq!(tally.of("users", "confirmed"), events);
    assert_eq!(
        (tally.of("users", "lost"), tally.of("users", "at the backend twice")),
        (0, 0),
        "\n{}",
        tally.problems()
    );
    assert_eq!(tally.of("effects", lane::WRONG), 0, "\n{}", tally.problems());
    // A campaign in which nothing went wrong would prove nothing.
    for end in ["delivered", "queued"] {
        assert!(events < EVENTS || tally.of("answers to Cognito", end) > 0, "nothing was {end}");
    }
    assert!(tally.of("effects", lane::ALL) > 0, "nobody has got anything");
}

fn number(variable: &str, default: usize) -> usize {
    env::var(variable).map_or(default, |value| {
        value.parse().unwrap_or_else(|_| panic!("{variable} is no number"))
    })
}
