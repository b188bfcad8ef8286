//! How long to wait before trying again. How often is for the caller to say.

use std::iter;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};

/// The waits between `tries` tries: exponential with full jitter, so that functions whose events
/// failed together don't come back together. The first one is at most `first`, each further one at
/// most twice the longest before it, and none is longer than `longest`.
pub fn waits(first: Duration, longest: Duration, tries: usize) -> impl Iterator<Item = Duration> {
    let bounds = ExponentialBuilder::new()
        .with_min_delay(first)
        .with_max_delay(longest)
        .with_max_times(tries.saturating_sub(1))
        .build();
    iter::zip(bounds, iter::repeat_with(fastrand::f64)).map(|(bound, share)| bound.mul_f64(share))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Duration = Duration::from_millis(200);

    fn drawn(tries: usize) -> impl Iterator<Item = Duration> {
        waits(FIRST, Duration::from_millis(1600), tries)
    }

    #[test]
    fn there_is_one_wait_less_than_there_are_tries() {
        assert_eq!(
            (drawn(0).count(), drawn(1).count(), drawn(2).count(), drawn(9).count()),
            (0, 0, 1, 8)
        );
        assert!(drawn(usize::MAX).nth(1000).is_some());
    }

    #[test]
    fn waits_are_drawn_from_zero_to_a_longest_one_that_doubles() {
        for _ in 0..100 {
            let bounds = [200, 400, 800, 1600, 1600].map(Duration::from_millis);
            assert!(drawn(6).zip(bounds).all(|(wait, bound)| wait <= bound));
        }
        let first: Vec<Duration> = (0..100).filter_map(|_| drawn(2).next()).collect();
        assert!(
            first.iter().any(|wait| *wait < FIRST / 2)
                && first.iter().any(|wait| *wait > FIRST / 2)
        );
    }
}
