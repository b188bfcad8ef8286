//! What the clients of AWS services have in common. Nothing here runs for an event that needs no such service.

use std::time::{Duration, Instant};

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sqs::config::http::HttpResponse;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use thiserror::Error;
use tokio::time::{sleep, timeout_at};

use crate::backoff;

/// The longest first wait between two tries.
const FIRST_WAIT: Duration = Duration::from_millis(50);
/// The longest wait between two tries.
const LONGEST_WAIT: Duration = Duration::from_millis(400);
/// As little time as a try can do with.
const LEAST_TIME: Duration = Duration::from_millis(30);

/// What a service said instead of an answer, fit to be logged: messages are left out, they may quote what was sent.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Failure {
    /// No connection was made, or it broke.
    #[error("no connection")]
    Unreachable,
    /// No answer in time.
    #[error("no answer in time")]
    TimedOut,
    /// The service's own code for a fault of its own, or that it is asked too often.
    #[error("{0}")]
    Unavailable(String),
    /// The service's own code, `AccessDenied` for example, or why the request could not be made.
    #[error("{0}")]
    Refused(String),
}

/// The configuration of the environment, for `region` where it is not the function's own.
///
/// The SDK's own retries are off: they end when the process has made some hundred of them, however long ago, and then
/// every event has one try.
pub async fn config(region: Option<String>) -> SdkConfig {
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        // As for the backend: a connection that is kept over a freeze is mostly dead.
        .pool_max_idle_per_host(0)
        .build_https();
    let config =
        aws_config::defaults(BehaviorVersion::v2026_01_12()).http_client(http).retry_config(RetryConfig::disabled());
    match region {
        Some(region) => config.region(Region::new(region)).load().await,
        None => config.load().await,
    }
}

/// Makes `request` until it is answered, until trying again would change nothing, or until there is no time left before
/// `until`.
///
/// # Errors
/// What the service said last.
pub async fn ask<T, R>(until: Instant, mut request: impl FnMut() -> R) -> Result<T, Failure>
where
    R: Future<Output = Result<T, Failure>>,
{
    let mut waits = backoff::waits(FIRST_WAIT, LONGEST_WAIT, usize::MAX);
    loop {
        let now = Instant::now();
        // Most of the time, so that a slow service is waited for, and not all of it, so that a lost packet leaves time
        // for another try.
        let try_until = now + until.saturating_duration_since(now) * 2 / 3;
        let failure = match timeout_at(try_until.into(), Box::pin(request())).await {
            Ok(Err(failure @ (Failure::Unreachable | Failure::TimedOut | Failure::Unavailable(_)))) => failure,
            Ok(done) => return done,
            Err(_) => Failure::TimedOut,
        };
        let wait = waits.next().unwrap_or(LONGEST_WAIT);
        if until.saturating_duration_since(Instant::now()) < wait + LEAST_TIME {
            return Err(failure);
        }
        sleep(wait).await;
    }
}

impl<E: ProvideErrorMetadata> From<SdkError<E, HttpResponse>> for Failure {
    fn from(error: SdkError<E, HttpResponse>) -> Failure {
        match error {
            SdkError::TimeoutError(_) => Failure::TimedOut,
            SdkError::DispatchFailure(failure) if failure.is_timeout() => Failure::TimedOut,
            SdkError::DispatchFailure(failure) if failure.is_io() => Failure::Unreachable,
            SdkError::DispatchFailure(_) => {
                Failure::Refused("no request could be made; are there credentials?".to_owned())
            }
            SdkError::ConstructionFailure(_) => {
                Failure::Refused("no request could be made; is there a region?".to_owned())
            }
            SdkError::ServiceError(failure) => {
                let (code, status) = (code(failure.err()), failure.raw().status().as_u16());
                let often = ["Throttl", "TooMany", "LimitExceeded", "OverLimit", "SlowDown"];
                if status >= 500 || status == 429 || often.iter().any(|part| code.contains(part)) {
                    Failure::Unavailable(code)
                } else {
                    Failure::Refused(code)
                }
            }
            // An answer that is none comes from something between here and there.
            _ => Failure::Unavailable("an answer that can't be read".to_owned()),
        }
    }
}

/// The service's code, where it looks like one.
fn code(error: &impl ProvideErrorMetadata) -> String {
    let code = error.code().unwrap_or_default();
    let fit = |c: char| c.is_ascii_alphanumeric() || c == '.';
    let fit = !code.is_empty() && code.len() <= 100 && code.chars().all(fit);
    if fit { code } else { "an error without a code" }.to_owned()
}
