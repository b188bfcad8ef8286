//! The team's backend, for the life of the process: what may be requested of it, what only the host may add to a
//! request, and sending it. It knows nothing of WebAssembly.

mod attempts;
mod policy;
mod signing;
mod trace;

use std::fmt;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use reqwest::header::{self, HeaderMap, HeaderName, HeaderValue};
use reqwest::{StatusCode, Url};
use rustls::pki_types::CertificateDer;
use thiserror::Error;

use crate::client::{BuildError, Cause, Client, Unanswered};
use crate::secrets::{self, Keys, Secrets};

pub use attempts::{Attempt, Delivery};
pub use policy::Violation;
pub use signing::{Key, KeyError, signatures};
pub use trace::Trace;

/// Carries the event's id, the same for every attempt, so that the backend can tell a repetition from a new user.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The same id, under the name that the Standard Webhooks specification has for it.
const WEBHOOK_ID: HeaderName = HeaderName::from_static("webhook-id");
/// When this attempt was made, in seconds since 1970.
const WEBHOOK_TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
/// Who vouches for id, timestamp and body.
const WEBHOOK_SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");
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
    /// What authorizes and signs.
    pub secrets: Secrets,
    /// Certificates to trust besides the public ones.
    pub roots: Vec<CertificateDer<'static>>,
    /// The longest time of one attempt.
    pub attempt_timeout: Duration,
    /// The most attempts; at least one.
    pub max_attempts: usize,
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
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Failure {
    /// It was not asked.
    #[error("there was no time left to ask the backend")]
    OutOfTime,
    /// It was not asked, because it would not have believed who asks.
    #[error(transparent)]
    Secret(#[from] secrets::Failure),
    /// No connection was made, or it broke.
    #[error("the backend could not be reached: {0}")]
    Unreachable(Cause),
    /// No answer in time.
    #[error("the backend did not answer in time: {0}")]
    TimedOut(Cause),
    /// An answer that asks to try again.
    #[error("the backend answered {0}: not now")]
    Unavailable(StatusCode),
    /// Any other answer that does not count as delivered; a redirect is one.
    #[error("the backend answered {0}")]
    Refused(StatusCode),
}

/// The backend of this process.
pub struct Backend {
    client: Client,
    api_url: Url,
    secrets: Secrets,
    attempt_timeout: Duration,
    max_attempts: usize,
}

/// A checked request with everything that the host adds, except what is secret or new in each attempt.
pub struct Prepared {
    event_id: String,
    method: reqwest::Method,
    url: Url,
    headers: HeaderMap,
    /// Attempts share it: there are many at once in a batch.
    body: Bytes,
    accept_status: Vec<StatusCode>,
}

/// How the backend answered an attempt.
struct Answer {
    result: Result<StatusCode, Failure>,
    retry_after: Option<Duration>,
}

impl Backend {
    /// The backend behind `settings`. Nothing is connected yet.
    ///
    /// # Errors
    /// A certificate in `roots` that is none.
    pub fn new(settings: Settings) -> Result<Backend, BuildError> {
        Ok(Backend {
            client: Client::new(&settings.roots)?,
            api_url: settings.api_url,
            secrets: settings.secrets,
            attempt_timeout: settings.attempt_timeout,
            max_attempts: settings.max_attempts,
        })
    }

    /// Checks what a mapper asks for and adds what the host adds for the event `event_id` in the trace `trace`.
    ///
    /// # Errors
    /// The rule that the request breaks.
    pub fn prepare(&self, request: Request, event_id: &str, trace: &Trace) -> Result<Prepared, Violation> {
        let approved = policy::approve(&self.api_url, request)?;
        let mut headers = approved.headers;
        let agent = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));
        headers.entry(header::USER_AGENT).or_insert(HeaderValue::from_static(agent));
        headers.entry(header::ACCEPT).or_insert(HeaderValue::from_static("*/*"));
        // An id is `evt_` and hexadecimal digits, which are always valid here.
        let id = HeaderValue::from_str(event_id).map_err(|_| Violation::HeaderValue)?;
        headers.insert(IDEMPOTENCY_KEY, id.clone());
        headers.insert(WEBHOOK_ID, id);
        trace.add_to(&mut headers);
        Ok(Prepared {
            event_id: event_id.to_owned(),
            method: approved.method,
            url: approved.url,
            headers,
            body: approved.body.into(),
            accept_status: approved.accept_status,
        })
    }

    /// The headers that each attempt adds, as far as the settings tell.
    pub fn added_headers(&self) -> Vec<HeaderName> {
        let authorization = self.secrets.authorize().then_some(header::AUTHORIZATION);
        let signature = self.secrets.sign().then_some([WEBHOOK_TIMESTAMP, WEBHOOK_SIGNATURE]);
        authorization.into_iter().chain(signature.into_iter().flatten()).collect()
    }

    /// Fetches the secrets before `until`, without asking the backend.
    ///
    /// # Errors
    /// There are none to be had.
    pub async fn fetch_secrets(&self, until: Instant) -> Result<(), Failure> {
        Ok(self.secrets.current(until).await.map(drop)?)
    }

    /// Connects to the backend before `until`, and sends nothing.
    ///
    /// # Errors
    /// Why there is no connection.
    pub async fn reach(&self, until: Instant) -> Result<(), Failure> {
        Ok(self.client.reach(&self.api_url, until).await?)
    }

    /// Sends `prepared` once. The answer's status, where it counts as delivered, is there before `until`.
    async fn attempt(&self, prepared: &Prepared, keys: &Keys, until: Instant) -> Answer {
        let request = prepared.with_keys(keys);
        let mut answer = match self.client.send(request, until).await {
            Ok(answer) => answer,
            Err(error) => return Answer { result: Err(error.into()), retry_after: None },
        };
        let status = answer.status();
        let retry_after = attempts::retry_after(answer.headers());

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

        let result = if status.is_success() || prepared.accept_status.contains(&status) {
            Ok(status)
        } else if RETRIED.contains(&status.as_u16()) {
            Err(Failure::Unavailable(status))
        } else {
            Err(Failure::Refused(status))
        };
        Answer { result, retry_after }
    }
}

impl Failure {
    /// Whether trying again would change nothing.
    fn is_final(&self) -> bool {
        match self {
            Failure::Unreachable(_) | Failure::TimedOut(_) | Failure::Unavailable(_) => false,
            Failure::OutOfTime | Failure::Secret(_) | Failure::Refused(_) => true,
        }
    }
}

impl Failure {
    /// Why there is no answer, by a fixed name. None if there is one, or if nobody was asked.
    pub fn cause(&self) -> Option<Cause> {
        match self {
            Failure::Unreachable(cause) | Failure::TimedOut(cause) => Some(*cause),
            Failure::Secret(secrets::Failure::Unavailable(_, error)) => error.cause(),
            _ => None,
        }
    }
}

impl From<Unanswered> for Failure {
    fn from(unanswered: Unanswered) -> Failure {
        match unanswered {
            Unanswered::Broken(cause) => Failure::Unreachable(cause),
            Unanswered::TimedOut(cause) => Failure::TimedOut(cause),
        }
    }
}

impl Prepared {
    /// The request of one attempt, with what `keys` add.
    fn with_keys(&self, keys: &Keys) -> reqwest::Request {
        let mut request = reqwest::Request::new(self.method.clone(), self.url.clone());
        let mut headers = self.headers.clone();
        if let Some(authorization) = &keys.authorization {
            headers.insert(header::AUTHORIZATION, authorization.clone());
        }
        if !keys.signing.is_empty() {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
            let signatures = signatures(&keys.signing, &self.event_id, now, &self.body);
            headers.insert(WEBHOOK_TIMESTAMP, HeaderValue::from(now));
            // A signature is base64, which every header can hold.
            if let Ok(signatures) = HeaderValue::from_str(&signatures) {
                headers.insert(WEBHOOK_SIGNATURE, signatures);
            }
        }
        *request.headers_mut() = headers;
        *request.body_mut() = Some(self.body.clone().into());
        request
    }

    /// The method.
    pub fn method(&self) -> &str {
        self.method.as_str()
    }

    /// The whole address.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The headers in the order in which they are sent, without those that each attempt adds.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The statuses besides 2xx that count as delivered.
    pub fn accept_status(&self) -> &[StatusCode] {
        &self.accept_status
    }

    /// The body.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// How much of memory it holds, in bytes: what a mapper can make large.
    pub fn held(&self) -> usize {
        let headers = self.headers.iter().map(|(name, value)| name.as_str().len() + value.len());
        self.body.len() + self.url.as_str().len() + headers.sum::<usize>()
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
