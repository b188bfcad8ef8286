//! The one client of the AWS services: JSON in a POST, signed by SigV4 with the credentials that
//! Lambda puts into the environment. Nothing here runs for an event that needs no such service.

mod answer;
mod endpoint;
mod sign;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use aws_credential_types::Credentials;
use reqwest::Request;
use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;
use tokio::time::sleep;

use crate::backoff;
use crate::client::{Cause, Client};
use answer::Answered;
use sign::UnsignedRequest;

pub use endpoint::{Endpoints, Service};

/// The longest first wait between two tries.
const FIRST_WAIT: Duration = Duration::from_millis(50);
/// The longest wait between two tries.
const LONGEST_WAIT: Duration = Duration::from_millis(400);
/// The least time that a try needs.
const LEAST_TIME: Duration = Duration::from_millis(30);

/// What a service answered instead of what was asked for, fit to be logged: messages are left out,
/// they may quote what was sent.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Error {
    /// No connection was made, or it broke.
    #[error("no connection: {0}")]
    Unreachable(Cause),
    /// No answer in time.
    #[error("no answer in time: {0}")]
    TimedOut(Cause),
    /// The service's own code for a fault of its own, or that it is asked too often.
    #[error("{0}")]
    Unavailable(String),
    /// The service's own code, `AccessDenied` for example, or why the request could not be made.
    #[error("{0}")]
    Refused(String),
}

/// What the environment says about AWS.
#[derive(Default)]
pub struct Settings {
    /// The function's region.
    pub region: Option<String>,
    /// Who asks.
    pub credentials: Option<Credentials>,
    /// The addresses of the services.
    pub endpoints: Endpoints,
}

/// The services of this process. Nothing is made or asked before the first need.
#[derive(Default)]
pub struct Aws {
    settings: Settings,
    client: OnceLock<Client>,
    /// How far the services' clock is ahead of this machine's, in seconds.
    ahead: AtomicI64,
}

impl Error {
    /// Why there is no answer, by a fixed name. None if there is one, or if nothing was asked.
    pub fn cause(&self) -> Option<Cause> {
        match self {
            Error::Unreachable(cause) | Error::TimedOut(cause) => Some(*cause),
            Error::Unavailable(_) | Error::Refused(_) => None,
        }
    }
}

impl Aws {
    /// The services behind `settings`.
    pub fn new(settings: Settings) -> Aws {
        Aws { settings, client: OnceLock::new(), ahead: AtomicI64::new(0) }
    }

    /// Asks `service` to do `operation` with `input`, in `region` or else in the function's own. It
    /// tries until the service answers, until another try would change nothing, or until there is
    /// no time left before `until`.
    ///
    /// # Errors
    /// What the service answered last.
    pub async fn ask<T: DeserializeOwned>(
        &self,
        service: Service,
        region: Option<&str>,
        operation: &str,
        input: &impl Serialize,
        until: Instant,
    ) -> Result<T, Error> {
        let request = self.prepare(service, region, operation, input)?;
        let mut waits = backoff::waits(FIRST_WAIT, LONGEST_WAIT, usize::MAX);
        loop {
            let now = Instant::now();
            // Most of the time, so that a slow service is waited for, and not all of it, so that a
            // lost packet leaves time for another try.
            let try_until = now + until.saturating_duration_since(now) * 2 / 3;
            let error = match self.attempt(&request, try_until).await? {
                Answered::Done(output) => match answer::parse(&output) {
                    Ok(output) => return Ok(output),
                    Err(error) => error,
                },
                Answered::ClockIsOff(ahead, error) => {
                    self.ahead.store(ahead, Ordering::Relaxed);
                    error
                }
                Answered::Failed(error @ Error::Refused(_)) => return Err(error),
                Answered::Failed(error) => error,
            };
            let wait = waits.next().unwrap_or(LONGEST_WAIT);
            if until.saturating_duration_since(Instant::now()) < wait + LEAST_TIME {
                return Err(error);
            }
            sleep(wait).await;
        }
    }

    fn prepare(
        &self,
        service: Service,
        region: Option<&str>,
        operation: &str,
        input: &impl Serialize,
    ) -> Result<UnsignedRequest, Error> {
        let region = region.or(self.settings.region.as_deref());
        let region =
            region.ok_or_else(|| refused("no request could be made: AWS_REGION is not set"))?;
        let url = self.settings.endpoints.url(service, region);
        let url =
            url.ok_or_else(|| refused("no request could be made: the region is not one of AWS"))?;
        let body = serde_json::to_vec(input).map_err(|_| refused("no request could be made"))?;
        let target = format!("{}.{operation}", service.target());
        Ok(UnsignedRequest { service, region: region.to_owned(), url, target, body })
    }

    async fn attempt(&self, request: &UnsignedRequest, until: Instant) -> Result<Answered, Error> {
        let ahead = self.ahead.load(Ordering::Relaxed);
        let request = self.sign(request, shifted(SystemTime::now(), ahead))?;
        match self.client()?.send(request, until).await {
            Ok(answer) => Ok(answer::read(answer, ahead, until).await),
            Err(cause) if cause.is_timeout() => Ok(Answered::Failed(Error::TimedOut(cause))),
            Err(cause) => Ok(Answered::Failed(Error::Unreachable(cause))),
        }
    }

    fn client(&self) -> Result<&Client, Error> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let client = Client::new(&[]).map_err(|error| refused(&error.to_string()))?;
        Ok(self.client.get_or_init(|| client))
    }

    /// `request`, signed as of `time`.
    fn sign(&self, request: &UnsignedRequest, time: SystemTime) -> Result<Request, Error> {
        let credentials = self.settings.credentials.clone();
        let credentials = credentials.ok_or_else(|| {
            refused(
                "no request could be made: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set",
            )
        })?;
        request.signed(credentials, time).ok_or_else(|| refused("no request could be signed"))
    }
}

fn refused(why: &str) -> Error {
    Error::Refused(why.to_owned())
}

fn shifted(time: SystemTime, seconds: i64) -> SystemTime {
    let by = Duration::from_secs(seconds.unsigned_abs());
    let shifted = if seconds < 0 { time.checked_sub(by) } else { time.checked_add(by) };
    shifted.unwrap_or(time)
}
