//! What a service answered, and which of its errors are worth another try.

use std::time::{Instant, SystemTime};

use reqwest::StatusCode;
use reqwest::header::{DATE, HeaderMap};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::time::timeout_at;

use super::{CLOCK_IS_RIGHT, Error, shifted};
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
/// Parts of the codes by which services say that they are asked too often.
const TOO_OFTEN: [&str; 5] = ["Throttl", "TooMany", "LimitExceeded", "OverLimit", "SlowDown"];

/// How a try ended.
pub(super) enum Answered {
    /// The service did it; the JSON of its answer.
    Done(Vec<u8>),
    /// This machine's clock is so many seconds behind the service's.
    ClockIsOff(i64),
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
    if let Some(seconds) = behind(&headers, ahead)
        && SIGNATURE.contains(&code.as_str())
        && seconds.abs() > CLOCK_IS_RIGHT
    {
        return Answered::ClockIsOff(seconds);
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

/// How many seconds the clock of the answer is before the one that signed.
fn behind(headers: &HeaderMap, ahead: i64) -> Option<i64> {
    let date = headers.get(DATE)?.to_str().ok()?;
    let theirs = httpdate::parse_http_date(date).ok()?;
    let ours = shifted(SystemTime::now(), ahead);
    match theirs.duration_since(ours) {
        Ok(by) => i64::try_from(by.as_secs()).ok(),
        Err(error) => i64::try_from(error.duration().as_secs()).ok().map(|seconds| -seconds),
    }
}
