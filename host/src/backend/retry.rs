//! Delivering a request, and the retry policy towards the backend: what is tried again, and when.
//! The limits that an operator sets are in `config`, the jitter is in `backoff`, and
//! `docs/reference.md` tells users about all of it.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};

use super::{Answer, Backend, Error, PreparedRequest};
use crate::backoff;
use crate::client::Cause;
use crate::credentials::Credentials;

/// Statuses that ask to try again: the backend may not have taken the request, and may take it
/// later.
pub(super) const RETRIED: [u16; 7] = [408, 425, 429, 500, 502, 503, 504];
/// The longest first wait between two attempts.
const FIRST_WAIT: Duration = Duration::from_millis(200);
/// The longest wait between two attempts, unless the backend asks for more.
const LONGEST_WAIT: Duration = Duration::from_millis(1600);
/// A further attempt is made only if it has as much time: a connection, its TLS and an answer take
/// some 100 ms on a small function. An attempt that is cut short is not another chance, but a
/// second, doubtful delivery.
const LEAST_TIME: Duration = Duration::from_millis(500);
/// The first attempt is made if it has as much time: enough for a backend that is near.
const LEAST_FIRST_TIME: Duration = Duration::from_millis(50);
/// The most that is read of an answer's body, so that the connection closes cleanly. The content is
/// ignored.
const MAX_ANSWER: usize = 64 * 1024;
/// The longest wait for an answer's body: the user is at the backend already, and Cognito is
/// waiting.
const MAX_ANSWER_TIME: Duration = Duration::from_millis(250);

/// The delivery of a request.
#[derive(Debug)]
pub struct Delivery {
    /// The status with which the backend took it, or why the last attempt failed, or why there was
    /// none.
    pub result: Result<StatusCode, Error>,
    /// Every attempt.
    pub attempts: Vec<Attempt>,
    /// When the first attempt failed.
    pub first_failed: Option<SystemTime>,
    /// How long the backend asked to wait.
    pub retry_after: Option<Duration>,
    /// The answer with which the backend took it, if somebody wants that, or why it could not be
    /// read.
    pub answer: Option<Result<Answer, Error>>,
}

/// What an attempt brought.
struct Attempted {
    result: Result<StatusCode, Error>,
    retry_after: Option<Duration>,
    answer: Option<Result<Answer, Error>>,
}

/// One attempt.
#[derive(Debug)]
pub struct Attempt {
    /// The status with which the backend took the request, or why it did not.
    pub result: Result<StatusCode, Error>,
    /// How long it took.
    pub took: Duration,
}

/// What comes after an attempt that failed.
enum Next {
    /// Nothing: another attempt would change nothing.
    Stop,
    /// Another attempt after a wait.
    Retry,
    /// Another attempt at once, with these credentials.
    Renewed(Arc<Credentials>),
}

impl Backend {
    /// Delivers `prepared` before `until`, in as many attempts as it takes, are allowed and have
    /// time. The answer is kept if it is `wanted`.
    pub async fn deliver(
        &self,
        prepared: &PreparedRequest,
        wanted: bool,
        until: Instant,
    ) -> Delivery {
        let mut credentials = match self.settings.credentials.current(until).await {
            Ok(credentials) => credentials,
            Err(error) => return Delivery::unsent(error.into()),
        };
        let mut delivery = Delivery::unsent(Error::OutOfTime);
        if until.saturating_duration_since(Instant::now()) < LEAST_FIRST_TIME {
            return delivery;
        }
        let mut waits = backoff::waits(FIRST_WAIT, LONGEST_WAIT, self.settings.max_attempts);
        loop {
            let started = Instant::now();
            let attempt_until = until.min(started + self.settings.attempt_timeout);
            let attempted = self.attempt(prepared, wanted, &credentials, attempt_until).await;
            let Attempted { result, retry_after, answer } = attempted;
            delivery.add(Attempt { result, took: started.elapsed() }, retry_after);
            delivery.answer = answer;
            let Err(error) = &delivery.result else { return delivery };

            // Also if this was the last attempt: the next event profits from a renewed secret.
            let next = self.next(error, &credentials, until).await;
            let Some(drawn) = waits.next() else { return delivery };
            let wait = match next {
                Next::Stop => return delivery,
                Next::Retry => drawn.max(retry_after.unwrap_or_default()),
                Next::Renewed(renewed) => {
                    credentials = renewed;
                    Duration::ZERO
                }
            };
            let left = until.saturating_duration_since(Instant::now());
            if left < wait.saturating_add(LEAST_TIME.min(self.settings.attempt_timeout)) {
                return delivery;
            }
            tokio::time::sleep(wait).await;
        }
    }

    /// Sends `prepared` once. The result is there before `until`.
    async fn attempt(
        &self,
        prepared: &PreparedRequest,
        wanted: bool,
        credentials: &Credentials,
        until: Instant,
    ) -> Attempted {
        let request = prepared.with_credentials(credentials);
        let mut answer = match self.client.send(request, until).await {
            Ok(answer) => answer,
            Err(error) => {
                return Attempted { result: Err(error.into()), retry_after: None, answer: None };
            }
        };
        let status = answer.status();
        let retry_after = retry_after(answer.headers());
        let result = prepared.judge(status);
        let answer = if wanted && result.is_ok() {
            let read = tokio::time::timeout_at(until.into(), Answer::read(answer)).await;
            Some(read.unwrap_or(Err(Error::TimedOut(Cause::AnswerTimedOut))))
        } else {
            // The status settles the matter: a body that is slow, broken or endless changes
            // nothing.
            let drained_by = until.min(Instant::now() + MAX_ANSWER_TIME);
            let _ = tokio::time::timeout_at(drained_by.into(), answer.body(MAX_ANSWER)).await;
            None
        };
        Attempted { result, retry_after, answer }
    }

    /// What comes after an attempt with `credentials` that failed with `error`.
    async fn next(&self, error: &Error, credentials: &Credentials, until: Instant) -> Next {
        match error {
            Error::Unreachable(_) | Error::TimedOut(_) | Error::Unavailable(_) => Next::Retry,
            // The secret may have been changed since it was fetched.
            Error::Refused(StatusCode::UNAUTHORIZED) => {
                match self.settings.credentials.other_than(credentials, until).await {
                    Some(renewed) => Next::Renewed(renewed),
                    None => Next::Stop,
                }
            }
            Error::Refused(_)
            | Error::AnswerTooLarge
            | Error::OutOfTime
            | Error::Credentials(_) => Next::Stop,
        }
    }
}

impl PreparedRequest {
    /// What an answer with `status` means.
    ///
    /// # Errors
    /// It does not count as delivered.
    pub fn judge(&self, status: StatusCode) -> Result<StatusCode, Error> {
        if status.is_success() || self.accept_status.contains(&status) {
            Ok(status)
        } else if RETRIED.contains(&status.as_u16()) {
            Err(Error::Unavailable(status))
        } else {
            Err(Error::Refused(status))
        }
    }
}

impl Delivery {
    /// A delivery without an attempt so far, because of `error`.
    fn unsent(error: Error) -> Delivery {
        Delivery {
            result: Err(error),
            attempts: Vec::new(),
            first_failed: None,
            retry_after: None,
            answer: None,
        }
    }

    fn add(&mut self, attempt: Attempt, retry_after: Option<Duration>) {
        if attempt.result.is_err() {
            self.first_failed.get_or_insert_with(SystemTime::now);
        }
        self.result = attempt.result.clone();
        // One that took the request has nothing to wait for.
        self.retry_after = retry_after.filter(|_| attempt.result.is_err());
        self.attempts.push(attempt);
    }
}

/// How long the answer with these headers asks to wait: seconds, or until a date.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
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
        assert!(
            asked(&date).is_some_and(
                |wait| wait > Duration::from_secs(90) && wait <= Duration::from_secs(100)
            )
        );
        assert_eq!(asked("Thu, 01 Jan 1970 00:00:00 GMT"), Some(Duration::ZERO));
        assert!(
            ["", "-1", "1.5", "soon", "99999999999999999999"]
                .into_iter()
                .all(|value| asked(value).is_none())
        );
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }
}
