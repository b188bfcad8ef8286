//! Delivering a request: attempts within the time that there is.

use std::time::{Duration, Instant, SystemTime};

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};

use super::{Backend, Failure, Prepared};
use crate::backoff;

/// The longest first wait between two attempts.
const FIRST_WAIT: Duration = Duration::from_millis(200);
/// The longest wait between two attempts, unless the backend asks for more.
const LONGEST_WAIT: Duration = Duration::from_millis(1600);
/// A further attempt is made only where it would have as much time: a connection, its TLS and an answer take some
/// 100 ms on a small function. What is cut short at the end is no chance but a second, doubtful delivery.
const LEAST_TIME: Duration = Duration::from_millis(500);
/// The first attempt is made where it would have as much: a backend that is near can do with it.
const LEAST_FIRST_TIME: Duration = Duration::from_millis(50);

/// What became of a request.
#[derive(Debug)]
pub struct Delivery {
    /// The status with which the backend took it, or why the last attempt failed, or why there was none.
    pub result: Result<StatusCode, Failure>,
    /// Every attempt.
    pub attempts: Vec<Attempt>,
    /// When the first attempt failed.
    pub first_failed: Option<SystemTime>,
    /// How long the backend wants to be left alone.
    pub retry_after: Option<Duration>,
}

/// One attempt.
#[derive(Debug)]
pub struct Attempt {
    /// What came of it.
    pub result: Result<StatusCode, Failure>,
    /// How long it took.
    pub took: Duration,
}

impl Backend {
    /// Delivers `prepared` before `until`, in as many attempts as it takes, are allowed and have time.
    pub async fn deliver(&self, prepared: &Prepared, until: Instant) -> Delivery {
        let mut delivery =
            Delivery { result: Err(Failure::OutOfTime), attempts: Vec::new(), first_failed: None, retry_after: None };
        let mut keys = match self.secrets.current(until).await {
            Ok(keys) => keys,
            Err(failure) => {
                delivery.result = Err(failure.into());
                return delivery;
            }
        };
        if until.saturating_duration_since(Instant::now()) < LEAST_FIRST_TIME {
            return delivery;
        }
        let mut waits = backoff::waits(FIRST_WAIT, LONGEST_WAIT, self.max_attempts);
        loop {
            let started = Instant::now();
            let answer = self.attempt(prepared, &keys, until.min(started + self.attempt_timeout)).await;
            delivery.attempts.push(Attempt { result: answer.result.clone(), took: started.elapsed() });
            delivery.result = answer.result;
            delivery.retry_after = answer.retry_after;
            let Err(failure) = &delivery.result else { return delivery };
            delivery.first_failed.get_or_insert_with(SystemTime::now);

            let renewed = match failure {
                // The secret may have been changed since it was fetched.
                Failure::Refused(StatusCode::UNAUTHORIZED) => match self.secrets.other_than(&keys, until).await {
                    Some(renewed) => Some(renewed),
                    None => return delivery,
                },
                failure if failure.is_final() => return delivery,
                _ => None,
            };
            let Some(drawn) = waits.next() else { return delivery };
            let wait = match &renewed {
                Some(_) => Duration::ZERO,
                None => drawn.max(delivery.retry_after.unwrap_or_default()),
            };
            let left = until.saturating_duration_since(Instant::now());
            if left < wait.saturating_add(LEAST_TIME.min(self.attempt_timeout)) {
                return delivery;
            }
            tokio::time::sleep(wait).await;
            keys = renewed.unwrap_or(keys);
        }
    }
}

/// How long the answer with these headers asks to wait: seconds, or until a date.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    match value.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => {
            let date = httpdate::parse_http_date(value).ok()?;
            Some(date.duration_since(SystemTime::now()).unwrap_or_default())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(value: &str) -> Option<Duration> {
        retry_after(&HeaderMap::from_iter([(RETRY_AFTER, value.parse().unwrap())]))
    }

    #[test]
    fn a_backend_may_ask_for_seconds_or_for_a_date() {
        assert_eq!(asked("7"), Some(Duration::from_secs(7)));
        assert_eq!(asked(" 0 "), Some(Duration::ZERO));
        let date = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(100));
        assert!(asked(&date).is_some_and(|wait| wait > Duration::from_secs(90) && wait <= Duration::from_secs(100)));
        assert_eq!(asked("Thu, 01 Jan 1970 00:00:00 GMT"), Some(Duration::ZERO));
        assert!(["", "-1", "1.5", "soon", "99999999999999999999"].into_iter().all(|value| asked(value).is_none()));
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }
}
