//! The team's backend, for the life of the process: what may be requested of it, what only the host may add to a
//! request, and sending it. It knows nothing of WebAssembly.

mod client;
mod policy;

use std::fmt;
use std::time::{Duration, Instant};

use reqwest::header::{self, HeaderMap, HeaderName, HeaderValue};
use reqwest::{StatusCode, Url};
use rustls::pki_types::CertificateDer;
use thiserror::Error;

pub use client::BuildError;
pub(crate) use client::build as client;
pub use policy::Violation;

/// Carries the event's id, the same for every attempt, so that the backend can tell a repetition from a new user.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Statuses that ask to try again: the backend did not take the request, but may take it later.
const RETRIED: [u16; 7] = [408, 425, 429, 500, 502, 503, 504];
/// As much of an answer's body as is read, so that the connection ends in peace. Nobody looks into it.
const MAX_ANSWER: usize = 64 * 1024;
/// As long as an answer's body is waited for: the user is at the backend already, and Cognito is waiting.
const MAX_ANSWER_TIME: Duration = Duration::from_millis(250);

/// What the operator has set about the backend.
pub struct Settings {
    /// The base of every request, without query and fragment.
    pub api_url: Url,
    /// The value of the `authorization` header, marked as sensitive.
    pub authorization: Option<HeaderValue>,
    /// Certificates to trust besides the public ones.
    pub roots: Vec<CertificateDer<'static>>,
}

/// What a mapper asks for, unchecked.
pub struct Request {
    /// The method.
    pub method: Method,
    /// The path under the base address, with a query.
    pub path: String,
    /// Header names and values in the order in which they are sent.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// Statuses besides 2xx that count as delivered.
    pub accept_status: Vec<u16>,
}

/// The methods of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Method {
    Post,
    Put,
    Patch,
}

/// Why the backend did not take a request. It holds no address: an address may hold user data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Failure {
    /// No connection was made, or it broke.
    #[error("the backend could not be reached")]
    Unreachable,
    /// No answer in time.
    #[error("the backend did not answer in time")]
    TimedOut,
    /// An answer that asks to try again.
    #[error("the backend answered {0}: not now")]
    Unavailable(StatusCode),
    /// Any other answer that does not count as delivered; a redirect is one.
    #[error("the backend answered {0}")]
    Refused(StatusCode),
}

/// The backend of this process.
pub struct Backend {
    client: reqwest::Client,
    api_url: Url,
    authorization: Option<HeaderValue>,
}

/// A checked request with everything that the host adds, as it goes over the wire.
pub struct Prepared {
    method: reqwest::Method,
    url: Url,
    headers: HeaderMap,
    body: Vec<u8>,
    accept_status: Vec<StatusCode>,
}

impl Backend {
    /// The backend behind `settings`. Nothing is connected yet.
    ///
    /// # Errors
    /// A certificate in `roots` that is none.
    pub fn new(settings: Settings) -> Result<Backend, BuildError> {
        Ok(Backend {
            client: client::build(&settings.roots)?,
            api_url: settings.api_url,
            authorization: settings.authorization,
        })
    }

    /// Checks what a mapper asks for and adds what only the host may add for the event `event_id`.
    ///
    /// # Errors
    /// The rule that the request breaks.
    pub fn prepare(&self, request: Request, event_id: &str) -> Result<Prepared, Violation> {
        let approved = policy::approve(&self.api_url, request)?;
        let mut headers = approved.headers;
        let agent = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));
        headers.entry(header::USER_AGENT).or_insert(HeaderValue::from_static(agent));
        headers.entry(header::ACCEPT).or_insert(HeaderValue::from_static("*/*"));
        // An id is `evt_` and hexadecimal digits, which are always valid here.
        headers.insert(IDEMPOTENCY_KEY, HeaderValue::from_str(event_id).map_err(|_| Violation::HeaderValue)?);
        if let Some(authorization) = &self.authorization {
            headers.insert(header::AUTHORIZATION, authorization.clone());
        }
        Ok(Prepared {
            method: approved.method,
            url: approved.url,
            headers,
            body: approved.body,
            accept_status: approved.accept_status,
        })
    }

    /// Sends `prepared` once. The answer's status, where it counts as delivered, is there before `until`.
    ///
    /// # Errors
    /// Why the backend did not take it.
    pub async fn send(&self, prepared: &Prepared, until: Instant) -> Result<StatusCode, Failure> {
        let left = until.saturating_duration_since(Instant::now());
        let request = self
            .client
            .request(prepared.method.clone(), prepared.url.clone())
            .headers(prepared.headers.clone())
            .body(prepared.body.clone())
            .timeout(left);
        let mut answer = request.send().await.map_err(Failure::from)?;
        let status = answer.status();

        // The status has settled the matter: a body that is slow, broken or endless changes nothing.
        let mut read = 0;
        let drain = async {
            while let Ok(Some(chunk)) = answer.chunk().await {
                read += chunk.len();
                if read > MAX_ANSWER {
                    break;
                }
            }
        };
        let drained_by = until.min(Instant::now() + MAX_ANSWER_TIME);
        let _ = tokio::time::timeout_at(drained_by.into(), drain).await;

        if status.is_success() || prepared.accept_status.contains(&status) {
            Ok(status)
        } else if RETRIED.contains(&status.as_u16()) {
            Err(Failure::Unavailable(status))
        } else {
            Err(Failure::Refused(status))
        }
    }
}

impl From<reqwest::Error> for Failure {
    fn from(error: reqwest::Error) -> Failure {
        if error.is_timeout() { Failure::TimedOut } else { Failure::Unreachable }
    }
}

impl Prepared {
    /// The method.
    pub fn method(&self) -> &str {
        self.method.as_str()
    }

    /// The whole address.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The headers in the order in which they are sent. The host's secrets among them are marked as sensitive.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The body.
    pub fn body(&self) -> &[u8] {
        &self.body
    }
}

impl fmt::Debug for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prepared")
            .field("method", &self.method)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}
