//! The times by which the parts of an event have to be over.
//!
//! An event has `ANSWER_WITHIN_MS` from when it came. Of these:
//!
//! | share | for |
//! |---|---|
//! | 1/32, some 140 ms of the default | its line in the log and the answer: a small function may get no processor for 100 ms |
//! | 1/5 of the rest | the queue, if there is one |
//! | the rest | mapping and delivery |
//!
//! A batch has the time of its invocation, which its records share.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// What is left of an invocation's own time for the answer's way to Lambda.
pub const BEFORE_LAMBDA: Duration = Duration::from_millis(200);
/// The share of an event's time that is left for its line in the log and the answer.
const ANSWER_SHARE: u32 = 32;
/// The share of what is left of an event's time that is kept for the queue.
const QUEUE_SHARE: u32 = 5;
/// The time for keeping the user even if a slow start has used up all of it, or the queue's share
/// if that is less: a late answer is better than a lost user.
const LEAST_TIME: Duration = Duration::from_millis(500);
/// The most time that the requests of a portion leave to what follows them: some ten calls of
/// Cognito.
const MOST_FOR_EFFECTS: Duration = Duration::from_secs(5);
/// An event that arrives later than this after the process was ready did not wait for it to start.
const WAITED: Duration = Duration::from_secs(1);

/// The clock of the process.
pub struct Clock {
    answer_within: Duration,
    started: Instant,
    ready: Instant,
    cold: AtomicBool,
}

/// The deadlines of one event.
#[derive(Clone, Copy, Debug)]
pub struct Deadlines {
    /// Whether it is the first event of this process.
    pub cold: bool,
    /// When its time began: when the process started if the event waited for that, else when it was
    /// handed over.
    pub started: Instant,
    /// When its end has to be known, so that its answer is there in time.
    pub answer: Instant,
    /// When Lambda ends the invocation, less some time for the answer. None if that is unknown.
    pub lambda: Option<Instant>,
}

impl Deadlines {
    /// When the backend must have the event, so that there is still time to put it into the queue.
    pub fn delivery(&self) -> Instant {
        self.answer - self.whole() / QUEUE_SHARE
    }

    /// When the last destination must have the event: the queue, or the backend if there is no
    /// queue.
    pub fn last(&self) -> Instant {
        let least = Instant::now() + LEAST_TIME.min(self.whole() / QUEUE_SHARE);
        let least = self.lambda.map_or(least, |lambda| least.min(lambda));
        self.answer.max(least)
    }

    /// When the next of `records` of a batch has to be mapped, if mapping has taken `spent` so far.
    /// All of them have half of the time, and never more than half of what is left.
    pub fn mapping(&self, records: usize, spent: Duration) -> Instant {
        let unspent = (self.whole() / 2).saturating_sub(spent);
        let left = self.answer.saturating_duration_since(Instant::now());
        share(unspent.min(left / 2), records)
    }

    /// When the requests of `records` of a batch have to be over, if `others` are still to be
    /// mapped: a fair share of what is left of the time.
    pub fn portion(&self, records: usize, others: usize) -> Instant {
        let now = Instant::now();
        let left = self.answer.saturating_duration_since(now);
        let records = records.max(1);
        now + left.mul_f64(records as f64 / (records + others) as f64)
    }

    /// When those requests have to be over if their portion ends at `until` and the mapper wants
    /// their answers: a third of the time is for what follows, at most five seconds.
    pub fn requests(until: Instant) -> Instant {
        let now = Instant::now();
        let left = until.saturating_duration_since(now);
        now + left - (left / 3).min(MOST_FOR_EFFECTS)
    }

    /// When the next follow-up of `records` has to be over, if their portion ends at `until`. All
    /// of them have half of what is left, so that there is time for their effects.
    pub fn follow_up(records: usize, until: Instant) -> Instant {
        share(until.saturating_duration_since(Instant::now()) / 2, records)
    }

    /// All of the event's time.
    fn whole(&self) -> Duration {
        self.answer.saturating_duration_since(self.started)
    }
}

impl Clock {
    /// The clock of a process whose `main` began at `started` and that is ready for events now.
    /// `answer_within` is the time of an event.
    pub fn start(answer_within: Duration, started: Instant) -> Clock {
        Clock { answer_within, started, ready: Instant::now(), cold: AtomicBool::new(true) }
    }

    /// How long the process took from its start to being ready.
    pub fn start_up(&self) -> Duration {
        self.ready - self.started
    }

    /// The deadlines of the event that arrives now, in an invocation that Lambda ends at `lambda`
    /// (milliseconds since 1970; a time in the past means that it is unknown).
    ///
    /// The caller of a cold start has waited since the process was started. That is not so if
    /// Lambda started the process ahead of any event, as it does with provisioned concurrency and
    /// at times by itself: the first event then comes some time after the process was ready.
    pub fn event(&self, lambda: u64) -> Deadlines {
        let now = Instant::now();
        let cold = self.cold.swap(false, Ordering::Relaxed);
        let started = if cold && now - self.ready < WAITED { self.started } else { now };
        let answer = started + self.answer_within - self.answer_within / ANSWER_SHARE;
        let lambda = end_of_invocation(lambda, now);
        let answer = lambda.map_or(answer, |lambda| answer.min(lambda));
        Deadlines { cold, started, answer, lambda }
    }

    /// The deadlines of a batch from the queue. Nobody waits for it, so it has all the time of its
    /// invocation.
    pub fn batch(&self, lambda: u64) -> Deadlines {
        let now = Instant::now();
        let cold = self.cold.swap(false, Ordering::Relaxed);
        let lambda = end_of_invocation(lambda, now);
        Deadlines { cold, started: now, answer: lambda.unwrap_or(now + self.answer_within), lambda }
    }
}

/// When the next of `records` has to be over that share the time `left`: it has a fair share, but
/// at least a quarter. Otherwise none of many slow ones would ever come to its end.
fn share(left: Duration, records: usize) -> Instant {
    Instant::now() + left / u32::try_from(records.clamp(1, 4)).unwrap_or(1)
}

/// When an invocation that Lambda ends at `lambda` has to be over. None if that is in the past.
fn end_of_invocation(lambda: u64, now: Instant) -> Option<Instant> {
    let lambda = UNIX_EPOCH.checked_add(Duration::from_millis(lambda))?;
    let left = lambda.duration_since(SystemTime::now()).ok()?;
    now.checked_add(left.saturating_sub(BEFORE_LAMBDA))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER_WITHIN: Duration = Duration::from_millis(4500);
    /// What is left of it besides the answer.
    const WORKING: Duration = Duration::from_micros(4_359_375);
    /// Longer than any test is kept from running.
    const HOUR: Duration = Duration::from_secs(3600);

    /// A process that took 300 ms to start and is ready then.
    fn ready(ready: Instant) -> Clock {
        let started = ready.checked_sub(Duration::from_millis(300)).unwrap();
        Clock { answer_within: ANSWER_WITHIN, started, ready, cold: AtomicBool::new(true) }
    }

    /// The end of an invocation in so much time, as Lambda states it.
    fn lambda(within: Duration) -> u64 {
        (SystemTime::now() + within)
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_millis()
            .try_into()
            .unwrap()
    }

    #[test]
    fn an_event_that_waited_for_the_process_counts_from_its_start() {
        // Ahead of all events, however long the test is kept from running.
        let clock = ready(Instant::now() + HOUR);
        let deadlines = clock.event(0);
        assert!(deadlines.cold);
        assert_eq!((deadlines.started, deadlines.answer), (clock.started, clock.started + WORKING));
    }

    #[test]
    fn a_first_event_that_did_not_wait_counts_from_its_arrival() {
        let clock = ready(Instant::now().checked_sub(Duration::from_secs(60)).unwrap());
        let deadlines = clock.event(0);
        assert!(deadlines.cold && deadlines.started > clock.ready + Duration::from_secs(59));
    }

    #[test]
    fn later_events_count_from_their_arrival() {
        let clock = ready(Instant::now());
        clock.event(0);
        let deadlines = clock.event(0);
        assert!(!deadlines.cold && deadlines.started >= clock.ready);
    }

    #[test]
    fn an_invocation_that_ends_sooner_has_less_time() {
        let clock = Clock { answer_within: HOUR, ..ready(Instant::now()) };
        clock.event(0);
        let deadlines = clock.event(lambda(HOUR / 2));
        assert!(
            deadlines.answer <= deadlines.started + HOUR / 2 - BEFORE_LAMBDA
                && deadlines.answer > deadlines.started + HOUR / 4
        );
        let deadlines = clock.event(lambda(HOUR * 2));
        assert_eq!(deadlines.answer, deadlines.started + HOUR - HOUR / ANSWER_SHARE);
    }

    #[test]
    fn a_deadline_in_the_past_or_beyond_all_time_is_unknown() {
        let clock = ready(Instant::now());
        for deadline in [0, 600_000, u64::MAX] {
            let deadlines = clock.event(deadline);
            assert_eq!(deadlines.answer, deadlines.started + WORKING);
        }
    }

    #[test]
    fn the_last_fifth_of_the_time_is_the_queues() {
        let clock = ready(Instant::now());
        clock.event(0);
        let deadlines = clock.event(0);
        assert_eq!(deadlines.delivery(), deadlines.started + WORKING * 4 / 5);
    }

    #[test]
    fn the_last_has_some_time_but_never_more_than_lambda_has() {
        let late = Instant::now() - Duration::from_secs(1);
        let since = late.checked_sub(WORKING).unwrap();
        let deadlines = Deadlines { cold: true, started: since, answer: late, lambda: None };
        let before = Instant::now();
        assert!(deadlines.last() >= before + LEAST_TIME);
        let ends = Instant::now() + Duration::from_millis(100);
        assert_eq!(Deadlines { lambda: Some(ends), ..deadlines }.last(), ends);
        let later = Instant::now() + Duration::from_secs(60);
        assert_eq!(Deadlines { answer: later, ..deadlines }.last(), later);
    }

    fn hours(until: Instant, since: Instant) -> f64 {
        (until - since).as_secs_f64() / HOUR.as_secs_f64()
    }

    #[test]
    fn records_share_half_of_the_time() {
        let since = Instant::now();
        let deadlines =
            Deadlines { cold: false, started: since, answer: since + 20 * HOUR, lambda: None };
        for (records, share) in [(0, 10.0), (1, 10.0), (2, 5.0), (4, 2.5), (100, 2.5)] {
            let until = deadlines.mapping(records, Duration::ZERO);
            assert!((hours(until, since) - share).abs() < 0.1, "{records}");
        }
    }

    #[test]
    fn what_requests_take_is_not_counted_as_mapping() {
        let now = Instant::now();
        let since = now.checked_sub(Duration::from_secs(120)).unwrap();
        let deadlines = Deadlines {
            cold: false,
            started: since,
            answer: since + Duration::from_secs(200),
            lambda: None,
        };
        // Of 100 seconds 90 are over, or 30: then there are the 80 seconds that are left, and half
        // of them is for requests.
        for (mapping, share) in [(90, 10.0), (30, 40.0), (100, 0.0), (600, 0.0)] {
            let until = deadlines.mapping(1, Duration::from_secs(mapping));
            assert!(((until - now).as_secs_f64() - share).abs() < 4.0, "{mapping}");
        }
    }

    #[test]
    fn what_follows_the_requests_of_a_portion_has_its_own_time() {
        let now = Instant::now();
        let until = now + 12 * HOUR;
        assert!(Deadlines::requests(until) == until - MOST_FOR_EFFECTS);
        let short = now + Duration::from_secs(12);
        let requests = Deadlines::requests(short);
        assert!(requests < short - MOST_FOR_EFFECTS / 2 && requests > short - MOST_FOR_EFFECTS);
        for (records, share) in [(1, 6.0), (2, 3.0), (100, 1.5)] {
            let until = Deadlines::follow_up(records, until);
            assert!((hours(until, now) - share).abs() < 0.1, "{records}");
        }
        let past = now.checked_sub(Duration::from_secs(1)).unwrap();
        assert!(Deadlines::requests(past) >= now && Deadlines::follow_up(1, past) >= now);
    }

    #[test]
    fn portions_of_a_batch_share_what_is_left_of_the_time() {
        let now = Instant::now();
        let deadlines =
            Deadlines { cold: false, started: now, answer: now + 20 * HOUR, lambda: None };
        for (records, others, share) in [(10, 0, 20.0), (10, 10, 10.0), (5, 15, 5.0), (0, 0, 20.0)]
        {
            let until = deadlines.portion(records, others);
            assert!((hours(until, now) - share).abs() < 0.1, "{records} of {others} more");
        }
    }

    #[test]
    fn a_batch_has_the_time_of_its_invocation() {
        let clock = ready(Instant::now());
        let deadlines = clock.batch(lambda(HOUR));
        assert!(deadlines.cold && deadlines.answer > deadlines.started + HOUR / 2);
        assert!(deadlines.answer <= deadlines.started + HOUR - BEFORE_LAMBDA);
        let deadlines = clock.batch(0);
        assert_eq!(deadlines.answer, deadlines.started + ANSWER_WITHIN);
    }
}
