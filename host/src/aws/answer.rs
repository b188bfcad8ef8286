//! What a service answered, and which of its errors are worth another try.

use std::time::{Instant, SystemTime};

use reqwest::StatusCode;
use reqwest::header::{DATE, HeaderMap};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::time::timeout_at;

use super::Error;
use crate::client::{Answer, Cause};

/// The largest answer that is read, in bytes: a secret of 64 KiB is at most 384 KiB of JSON.
const MAX_ANSWER: usize = 1024 * 1024;
/// Codes of a signature that is refused, which a wrong clock also causes.
const SIGNATURE: [&str; 7] = [
    "AuthFailure",
    "InvalidSignature",
    "InvalidSignatureException",
    "RequestExpired",
    "RequestInTheFuture",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
];
/// The services take a signature that is five minutes old. A clock that is nearer than this, in
/// seconds, is not why one is refused.
const CLOCK_IS_RIGHT: u64 = 60;
/// Parts of the codes by which services say that they are asked too often.
const TOO_OFTEN: [&str; 5] = ["Throttl", "TooMany", "LimitExceeded", "OverLimit", "SlowDown"];

/// How a try ended.
pub(super) enum Answered {
    /// The service did it; the JSON of its answer.
    Done(Vec<u8>),
    /// The signature was refused, and the service's clock is so many seconds ahead of this
    /// machine's, which is not the clock that the request was signed by.
    ClockIsOff(i64, Error),
    Failed(Error),
}

#[derive(Deserialize)]
struct Fault {
    #[serde(rename = "__type", alias = "code")]
    code: Option<String>,
}

/// Reads `answer` until `until`. The request was signed with a clock that was put forward by
/// `ahead` seconds.
pub(super) async fn read(mut answer: Answer, ahead: i64, until: Instant) -> Answered {
    let (status, headers) = (answer.status(), answer.headers().clone());
    let body = match timeout_at(until.into(), answer.body(MAX_ANSWER)).await {
        Ok(Ok(Some(body))) => body,
        Ok(_) => return Answered::Failed(unreadable()),
        Err(_) => return Answered::Failed(Error::TimedOut(Cause::AnswerTimedOut)),
    };
    if status.is_success() {
        return Answered::Done(body);
    }
    let code = code(&headers, &body);
    if let Some(theirs) = their_clock(&headers)
        && SIGNATURE.contains(&code.as_str())
        && theirs.abs_diff(ahead) > CLOCK_IS_RIGHT
    {
        return Answered::ClockIsOff(theirs, error(status, code));
    }
    Answered::Failed(error(status, code))
}

/// The output of an operation. One that has none may answer with nothing.
pub(super) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    let body = if body.is_empty() { b"null" } else { body };
    serde_json::from_slice(body).map_err(|_| unreadable())
}

fn error(status: StatusCode, code: String) -> Error {
    let too_often = TOO_OFTEN.iter().any(|part| code.contains(part));
    if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS || too_often {
        Error::Unavailable(code)
    } else {
        Error::Refused(code)
    }
}

/// An answer of something between here and there.
fn unreadable() -> Error {
    Error::Unavailable("an answer that cannot be read".to_owned())
}

/// The service's code, if it has the form of one: of `com.amazonaws.sqs#QueueDoesNotExist` the part
/// behind `#`, of `AccessDenied:http://…` the part before `:`.
fn code(headers: &HeaderMap, body: &[u8]) -> String {
    let header = headers.get("x-amzn-errortype").and_then(|value| value.to_str().ok());
    let body = serde_json::from_slice::<Fault>(body).ok().and_then(|fault| fault.code);
    let code = header.map(str::to_owned).or(body).unwrap_or_default();
    let code = code.split(':').next().unwrap_or_default();
    let code = code.rsplit('#').next().unwrap_or_default();
    let is_code = code.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.');
    if is_code && (1..=100).contains(&code.len()) {
        code.to_owned()
    } else {
        "an error without a code".to_owned()
    }
}

/// How many seconds the clock of the answer is ahead of this machine's.
fn their_clock(headers: &HeaderMap) -> Option<i64> {
    let date = headers.get(DATE)?.to_str().ok()?;
    let theirs = httpdate::parse_http_date(date).ok()?;
    match theirs.duration_since(SystemTime::now()) {
        Ok(by) => i64::try_from(by.as_secs()).ok(),
        Err(error) => i64::try_from(error.duration().as_secs()).ok().map(|seconds| -seconds),
    }
}
