//! What the clients of AWS services have in common. Nothing here runs for an event that needs no such service.

use std::time::{Duration, Instant};

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use thiserror::Error;

/// The longest wait for a connection to AWS, which is near.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(1000);
/// The longest first wait between two tries; the SDK's own second would be all the time that there is.
const FIRST_WAIT: Duration = Duration::from_millis(50);
/// The longest wait between two tries.
const LONGEST_WAIT: Duration = Duration::from_millis(400);
/// More tries than there is ever time for: whoever asks ends them.
const TRIES: u32 = 100;

/// The configuration of the environment, for `region` where it is not the function's own. Tries go on until whoever asks
/// stops waiting.
pub async fn config(region: Option<String>) -> SdkConfig {
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        // As for the backend: a connection that is kept over a freeze is mostly dead.
        .pool_max_idle_per_host(0)
        .build_https();
    let retries = RetryConfig::standard()
        .with_initial_backoff(FIRST_WAIT)
        .with_max_backoff(LONGEST_WAIT)
        .with_max_attempts(TRIES);
    let mut config = aws_config::defaults(BehaviorVersion::v2026_01_12()).http_client(http).retry_config(retries);
    if let Some(region) = region {
        config = config.region(Region::new(region));
    }
    config.load().await
}

/// The time of each try where all of them have until `until`: most of it, so that a slow service is waited for, and not
/// all of it, so that a lost packet leaves time for a second try.
pub fn timeouts(until: Instant) -> TimeoutConfig {
    let attempt = until.saturating_duration_since(Instant::now()) * 2 / 3;
    TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT.min(attempt)).operation_attempt_timeout(attempt).build()
}

/// What a service said instead of an answer, fit to be logged: messages are left out, they may quote what was sent.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Failure {
    /// No connection was made, or it broke.
    #[error("no connection")]
    Unreachable,
    /// No answer in time.
    #[error("no answer in time")]
    TimedOut,
    /// The service's own code, `AccessDenied` for example, or why the request could not be made.
    #[error("{0}")]
    Refused(String),
}

impl<E: ProvideErrorMetadata, R> From<SdkError<E, R>> for Failure {
    fn from(error: SdkError<E, R>) -> Failure {
        match error {
            SdkError::TimeoutError(_) => Failure::TimedOut,
            SdkError::DispatchFailure(failure) if failure.is_timeout() => Failure::TimedOut,
            SdkError::DispatchFailure(failure) if failure.is_io() => Failure::Unreachable,
            SdkError::DispatchFailure(_) => {
                Failure::Refused("no request could be made; are there credentials?".to_owned())
            }
            SdkError::ServiceError(failure) => {
                let code = failure.err().code().unwrap_or_default();
                let fit = |c: char| c.is_ascii_alphanumeric() || c == '.';
                let fit = !code.is_empty() && code.len() <= 100 && code.chars().all(fit);
                Failure::Refused(if fit { code } else { "an error without a code" }.to_owned())
            }
            SdkError::ConstructionFailure(_) => {
                Failure::Refused("no request could be made; is there a region?".to_owned())
            }
            _ => Failure::Refused("an answer that is none".to_owned()),
        }
    }
}
