//! The team's backend, for the life of the process: what may be requested of it, what only the host
//! may add to a request, and sending it. It knows nothing of WebAssembly.

mod answer;
mod policy;
mod prepared;
mod retry;
mod trace;

use std::time::{Duration, Instant};

use reqwest::Url;
use reqwest::header::{HeaderName, HeaderValue};
use rustls::pki_types::CertificateDer;

use crate::client::{BuildError, Cause, Client};
use crate::credentials::{self, CredentialStore};
use crate::request::Request;

pub use crate::signing::{Key, signatures};
pub use answer::Answer;
pub use policy::{Violation, may_be_accepted};
pub use prepared::PreparedRequest;
pub use reqwest::{StatusCode, header};
pub use retry::{Attempt, Delivery};
pub use trace::Trace;

/// Carries the event's id, the same for every attempt, so that the backend can tell a repetition
/// from a new user.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The same id, under the name that the Standard Webhooks specification has for it.
const WEBHOOK_ID: HeaderName = HeaderName::from_static("webhook-id");
/// When this attempt was made, in seconds since 1970.
const WEBHOOK_TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
/// Signatures of id, timestamp and body.
const WEBHOOK_SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

/// What the operator has set about the backend.
pub struct Settings {
    /// The base of every request, without query and fragment.
    pub api_url: Url,
    /// What authorizes and signs.
    pub credentials: CredentialStore,
    /// Certificates to trust besides the public ones.
    pub roots: Vec<CertificateDer<'static>>,
    /// The longest time of one attempt.
    pub attempt_timeout: Duration,
    /// The most attempts; at least one.
    pub max_attempts: usize,
}

/// Why the backend did not take a request. It holds no address: an address may hold user data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It was not asked.
    #[error("there was no time left to ask the backend")]
    OutOfTime,
    /// It was not asked, because the secrets that it expects are missing.
    #[error(transparent)]
    Credentials(#[from] credentials::Error),
    /// No connection was made, or it broke.
    #[error("the backend could not be reached: {0}")]
    Unreachable(Cause),
    /// No answer in time.
    #[error("the backend did not answer in time: {0}")]
    TimedOut(Cause),
    /// An answer that asks to try again.
    #[error("the backend answered {0}: not now")]
    Unavailable(StatusCode),
    /// It took the request, and its answer is larger than a mapper may get.
    #[error("the backend's answer is larger than {} bytes", answer::MAX_BODY)]
    AnswerTooLarge,
    /// Any other answer that does not count as delivered; a redirect is one.
    #[error("the backend answered {0}")]
    Refused(StatusCode),
}

/// The backend of this process.
pub struct Backend {
    client: Client,
    settings: Settings,
}

impl Backend {
    /// The backend behind `settings`. Nothing is connected yet.
    ///
    /// # Errors
    /// A certificate in `roots` can't be used.
    pub fn new(settings: Settings) -> Result<Backend, BuildError> {
        Ok(Backend { client: Client::new(&settings.roots)?, settings })
    }

    /// Checks what a mapper asks for and adds what the host adds for the event `event_id` in the
    /// trace `trace`.
    ///
    /// # Errors
    /// The rule that the request breaks.
    pub fn prepare(
        &self,
        request: Request,
        event_id: &str,
        trace: &Trace,
    ) -> Result<PreparedRequest, Violation> {
        let mut prepared = policy::approve(&self.settings.api_url, event_id, request)?;
        let headers = &mut prepared.headers;
        let agent = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));
        headers.entry(header::USER_AGENT).or_insert(HeaderValue::from_static(agent));
        headers.entry(header::ACCEPT).or_insert(HeaderValue::from_static("*/*"));
        // An id is `evt_` and hexadecimal digits, which are always valid here.
        let id = HeaderValue::from_str(event_id).map_err(|_| Violation::HeaderValue)?;
        headers.insert(IDEMPOTENCY_KEY, id.clone());
        headers.insert(WEBHOOK_ID, id);
        trace.add_to(headers);
        Ok(prepared)
    }

    /// The headers that each attempt adds, as far as the settings tell.
    pub fn added_headers(&self) -> Vec<HeaderName> {
        let credentials = &self.settings.credentials;
        let authorization = credentials.authorize().then_some(header::AUTHORIZATION);
        let signature = credentials.sign().then_some([WEBHOOK_TIMESTAMP, WEBHOOK_SIGNATURE]);
        authorization.into_iter().chain(signature.into_iter().flatten()).collect()
    }

    /// Fetches the secrets before `until`, without asking the backend.
    ///
    /// # Errors
    /// No secret could be fetched.
    pub async fn fetch_credentials(&self, until: Instant) -> Result<(), Error> {
        Ok(self.settings.credentials.current(until).await.map(drop)?)
    }

    /// Connects to the backend before `until`, and sends nothing.
    ///
    /// # Errors
    /// Why there is no connection.
    pub async fn reach(&self, until: Instant) -> Result<(), Error> {
        Ok(self.client.reach(&self.settings.api_url, until).await?)
    }
}

impl Error {
    /// Why there is no answer, by a fixed name. None if there is one, or if nobody was asked.
    pub fn cause(&self) -> Option<Cause> {
        match self {
            Error::Unreachable(cause) | Error::TimedOut(cause) => Some(*cause),
            Error::Credentials(credentials::Error::Unavailable(_, error)) => error.cause(),
            _ => None,
        }
    }
}

impl From<Cause> for Error {
    fn from(cause: Cause) -> Error {
        if cause.is_timeout() { Error::TimedOut(cause) } else { Error::Unreachable(cause) }
    }
}
