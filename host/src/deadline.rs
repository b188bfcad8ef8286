//! By when an event's answer has to be there.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// What is left of an invocation's own time for the answer's way to Lambda.
const BEFORE_LAMBDA: Duration = Duration::from_millis(200);
/// The share of an event's time that is left for its line in the log and the answer: some 140 ms of the default, where
/// a small function's share of a processor may be used up for 100 ms.
const ANSWERING: u32 = 32;
/// The share of an event's time that is kept for the queue.
const QUEUEING: u32 = 5;
/// As much as there is for keeping the user even where a slow start has used up all of the time, or the queue's share if
/// that is less: a late answer is better than a lost user.
const LEAST_TIME: Duration = Duration::from_millis(500);
/// How exactly the system knows when it started a process, rounding included. Reaching `main` takes about a
/// millisecond, but far longer where a small function's share of a processor is used up.
const RESOLUTION: Duration = Duration::from_millis(20);
/// An event that arrives later than this after the process was ready did not wait for it to start.
const WAITED: Duration = Duration::from_secs(1);

/// The clock of the process.
pub struct Clock {
    answer_within: Duration,
    started: Instant,
    ready: Instant,
    cold: AtomicBool,
}

/// The time of one event.
#[derive(Clone, Copy, Debug)]
pub struct Time {
    /// Whether it is the first event of this process.
    pub cold: bool,
    /// When it came: with the process where it waited for it to start, else when it was handed over.
    pub since: Instant,
    /// When its end has to be known, so that its answer is there in time.
    pub until: Instant,
    /// When Lambda ends the invocation, with some time for the answer; nothing where nobody knows.
    pub ends: Option<Instant>,
}

impl Time {
    /// When the backend must have the event, so that there is still time to put it into the queue.
    pub fn before_queue(&self) -> Instant {
        self.until - self.until.saturating_duration_since(self.since) / QUEUEING
    }

    /// When whoever is the last to be asked must have the event: the queue, or the backend where there is no queue.
    pub fn for_the_last(&self) -> Instant {
        let share = self.until.saturating_duration_since(self.since) / QUEUEING;
        let least = Instant::now() + share.min(LEAST_TIME);
        self.until.max(self.ends.map_or(least, |ends| least.min(ends)))
    }

    /// When the next of `records` that are still to be mapped has to be, if mapping has taken `mapping` so far. All of
    /// them have half of the time, and never more than half of what is left; the next one has a fair share of that, but
    /// at least a quarter, or none of many slow ones would ever be mapped.
    pub fn share(&self, records: usize, mapping: Duration) -> Instant {
        let now = Instant::now();
        let half = self.until.saturating_duration_since(self.since) / 2;
        let left = half.saturating_sub(mapping).min(self.until.saturating_duration_since(now) / 2);
        now + left / u32::try_from(records.clamp(1, 4)).unwrap_or(1)
    }

    /// When the requests of `records` have to be over, if `others` are still to be mapped: a fair share of what is
    /// left of the time.
    pub fn portion(&self, records: usize, others: usize) -> Instant {
        let now = Instant::now();
        let left = self.until.saturating_duration_since(now);
        now + left.mul_f64(records.max(1) as f64 / (records.max(1) + others) as f64)
    }
}

impl Clock {
    /// The clock of a process whose `main` began at `main` and that is ready for events now. `answer_within` is the
    /// time of an event.
    pub fn start(answer_within: Duration, main: Instant) -> Clock {
        let ready = Instant::now();
        let system = process_age().and_then(|age| ready.checked_sub(age));
        let started = system.filter(|started| *started + RESOLUTION < main).unwrap_or(main);
        Clock { answer_within, started, ready, cold: AtomicBool::new(true) }
    }

    /// How long the process took from its start to being ready.
    pub fn start_up(&self) -> Duration {
        self.ready - self.started
    }

    /// The time of the event that arrives now, in an invocation that Lambda ends at `lambda` (milliseconds since 1970;
    /// a time in the past means that nobody knows).
    ///
    /// The caller of a cold start has waited since the process was started. That is not so where Lambda started the
    /// process ahead of any event, as it does with provisioned concurrency and at times by itself: the first event
    /// then comes some time after the process was ready.
    pub fn event(&self, lambda: u64) -> Time {
        let now = Instant::now();
        let cold = self.cold.swap(false, Ordering::Relaxed);
        let since = if cold && now - self.ready < WAITED { self.started } else { now };
        let until = since + self.answer_within - self.answer_within / ANSWERING;
        let ends = ends(lambda, now);
        Time { cold, since, until: ends.map_or(until, |ends| until.min(ends)), ends }
    }

    /// The time of a batch from the queue. Nobody waits for it, so it has all the time of its invocation.
    pub fn batch(&self, lambda: u64) -> Time {
        let now = Instant::now();
        let cold = self.cold.swap(false, Ordering::Relaxed);
        let ends = ends(lambda, now);
        Time { cold, since: now, until: ends.unwrap_or(now + self.answer_within), ends }
    }
}

/// When an invocation that Lambda ends at `lambda` has to be over; nothing where that is in the past.
fn ends(lambda: u64, now: Instant) -> Option<Instant> {
    let lambda = UNIX_EPOCH.checked_add(Duration::from_millis(lambda))?;
    let left = lambda.duration_since(SystemTime::now()).ok()?;
    now.checked_add(left.saturating_sub(BEFORE_LAMBDA))
}

/// How long ago the system started this process: to a hundredth of a second, and nothing where it doesn't tell.
fn process_age() -> Option<Duration> {
    /// The unit of `/proc`'s times, `USER_HZ`, which is 100 on every machine that Lambda has.
    const TICKS_PER_SECOND: u64 = 100;
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The second field is the program's name in brackets and may hold anything; `starttime` is the 22nd.
    let started: u64 = stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()?;
    let uptime = fs::read_to_string("/proc/uptime").ok()?;
    let uptime: f64 = uptime.split_whitespace().next()?.parse().ok()?;
    let started = Duration::from_millis(started * 1000 / TICKS_PER_SECOND);
    Some(Duration::from_secs_f64(uptime).saturating_sub(started))
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
        (SystemTime::now() + within).duration_since(UNIX_EPOCH).unwrap().as_millis().try_into().unwrap()
    }

    #[test]
    fn an_event_that_waited_for_the_process_counts_from_its_start() {
        // Ahead of all events, however long the test is kept from running.
        let clock = ready(Instant::now() + HOUR);
        let time = clock.event(0);
        assert!(time.cold);
        assert_eq!((time.since, time.until), (clock.started, clock.started + WORKING));
    }

    #[test]
    fn a_first_event_that_did_not_wait_counts_from_its_arrival() {
        let clock = ready(Instant::now().checked_sub(Duration::from_secs(60)).unwrap());
        let time = clock.event(0);
        assert!(time.cold && time.since > clock.ready + Duration::from_secs(59));
    }

    #[test]
    fn later_events_count_from_their_arrival() {
        let clock = ready(Instant::now());
        clock.event(0);
        let time = clock.event(0);
        assert!(!time.cold && time.since >= clock.ready);
    }

    #[test]
    fn an_invocation_that_ends_sooner_has_less_time_and_a_later_end_changes_nothing() {
        let clock = Clock { answer_within: HOUR, ..ready(Instant::now()) };
        clock.event(0);
        let time = clock.event(lambda(HOUR / 2));
        assert!(time.until <= time.since + HOUR / 2 - BEFORE_LAMBDA && time.until > time.since + HOUR / 4);
        let time = clock.event(lambda(HOUR * 2));
        assert_eq!(time.until, time.since + HOUR - HOUR / ANSWERING);
    }

    #[test]
    fn a_deadline_in_the_past_or_beyond_all_time_means_that_nobody_knows() {
        let clock = ready(Instant::now());
        for deadline in [0, 600_000, u64::MAX] {
            let time = clock.event(deadline);
            assert_eq!(time.until, time.since + WORKING);
        }
    }

    #[test]
    fn the_last_fifth_of_the_time_is_the_queues() {
        let clock = ready(Instant::now());
        clock.event(0);
        let time = clock.event(0);
        assert_eq!(time.before_queue(), time.since + WORKING * 4 / 5);
    }

    #[test]
    fn there_is_some_time_for_the_last_even_where_all_is_used_up_but_never_more_than_lambda_has() {
        let late = Instant::now() - Duration::from_secs(1);
        let since = late.checked_sub(WORKING).unwrap();
        let time = Time { cold: true, since, until: late, ends: None };
        let before = Instant::now();
        assert!(time.for_the_last() >= before + LEAST_TIME);
        let ends = Instant::now() + Duration::from_millis(100);
        assert_eq!(Time { ends: Some(ends), ..time }.for_the_last(), ends);
        let later = Instant::now() + Duration::from_secs(60);
        assert_eq!(Time { until: later, ..time }.for_the_last(), later);
    }

    #[test]
    fn records_share_half_of_the_time() {
        let since = Instant::now();
        let time = Time { cold: false, since, until: since + 20 * HOUR, ends: None };
        let share = |records| time.share(records, Duration::ZERO) - since;
        let about = |share: Duration, hours: f64| (share.as_secs_f64() / HOUR.as_secs_f64() - hours).abs() < 0.1;
        assert!(about(share(1), 10.0) && about(share(2), 5.0) && about(share(4), 2.5));
        assert!(about(share(100), 2.5) && about(share(0), 10.0));
    }

    #[test]
    fn what_requests_take_is_not_counted_as_mapping() {
        let now = Instant::now();
        let since = now.checked_sub(Duration::from_secs(120)).unwrap();
        let time = Time { cold: false, since, until: since + Duration::from_secs(200), ends: None };
        let share = |mapping| (time.share(1, Duration::from_secs(mapping)) - now).as_secs_f64();
        // Of 100 seconds 90 are over, or 30: then there are the 80 seconds that are left, and half of them is for requests.
        assert!((share(90) - 10.0).abs() < 4.0 && (share(30) - 40.0).abs() < 4.0);
        assert!(share(100).abs() < 4.0 && share(600).abs() < 4.0);
    }

    #[test]
    fn portions_of_a_batch_share_what_is_left_of_the_time() {
        let now = Instant::now();
        let time = Time { cold: false, since: now, until: now + 20 * HOUR, ends: None };
        let portion = |records, others| (time.portion(records, others) - now).as_secs_f64() / HOUR.as_secs_f64();
        assert!((portion(10, 0) - 20.0).abs() < 0.1 && (portion(10, 10) - 10.0).abs() < 0.1);
        assert!((portion(5, 15) - 5.0).abs() < 0.1 && (portion(0, 0) - 20.0).abs() < 0.1);
    }

    #[test]
    fn a_batch_has_the_time_of_its_invocation() {
        let clock = ready(Instant::now());
        let time = clock.batch(lambda(HOUR));
        assert!(time.cold && time.until > time.since + HOUR / 2);
        assert!(time.until <= time.since + HOUR - BEFORE_LAMBDA);
        let time = clock.batch(0);
        assert_eq!(time.until, time.since + ANSWER_WITHIN);
    }

    #[test]
    fn the_system_knows_when_this_process_was_started() {
        let age = process_age().unwrap();
        assert!(age < Duration::from_secs(3600), "{age:?}");
    }
}
