//! What a mapper may request: the rules of `wit/types.wit`, record `request`. Pure; it sends
//! nothing. This file owns their names and limits; [`path`] and [`headers`] hold the two parts that
//! servers read in ways of their own.
//!
//! A broken rule is named, its value never is: requests are made of user data.

mod headers;
mod path;

use reqwest::{StatusCode, Url};
use thiserror::Error;

use super::PreparedRequest;
use super::retry::RETRIED;
use crate::request::{Method, Request};
use headers::headers;
use path::resolve;

/// The longest path with its query, in bytes.
const MAX_PATH: usize = 8 * 1024;
/// How often a path may be percent-encoded: more than any intermediary decodes, and a bound on the
/// work here.
const MAX_ENCODINGS: usize = 3;
/// The most headers.
const MAX_HEADERS: usize = 64;
/// The most bytes of header names and values together: what common servers take by default.
const MAX_HEADER_BYTES: usize = 16 * 1024;
/// The largest body, in bytes.
const MAX_BODY: usize = 1024 * 1024;
/// The most statuses to accept besides 2xx.
const MAX_ACCEPT_STATUS: usize = 16;

/// The rule that a request breaks. It never holds a value of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[allow(missing_docs, reason = "each variant's message is its description")]
pub enum Violation {
    #[error("the path is longer than {MAX_PATH} bytes")]
    PathTooLong,
    #[error("the path holds a character that has to be percent-encoded")]
    PathCharacter,
    #[error("the path holds a `%` that two hexadecimal digits do not follow")]
    PathEscape,
    #[error("the path holds a backslash")]
    PathBackslash,
    #[error("the path holds a control character, as it is or percent-encoded")]
    PathControl,
    #[error("the path holds a fragment")]
    PathFragment,
    #[error("the path is an absolute URL; it has to stay under BACKEND_API_URL")]
    PathAbsolute,
    #[error("the path begins with `//`; it has to stay under BACKEND_API_URL")]
    PathHost,
    #[error("the path holds a `.` or `..` segment; it has to stay under BACKEND_API_URL")]
    PathDots,
    #[error("the path holds a percent-encoded character that is not UTF-8")]
    PathUtf8,
    #[error("the path is percent-encoded more than {MAX_ENCODINGS} times over")]
    PathEncodings,
    #[error("there are more than {MAX_HEADERS} headers")]
    TooManyHeaders,
    #[error("the headers are larger than {MAX_HEADER_BYTES} bytes")]
    HeadersTooLarge,
    #[error("a header's name is not a token of HTTP")]
    HeaderName,
    #[error("a header's value holds a character that HTTP does not allow")]
    HeaderValue,
    #[error("the header `{0}` is reserved: a mapper must not set it")]
    HeaderReserved(&'static str),
    #[error("the body is larger than {MAX_BODY} bytes")]
    BodyTooLarge,
    #[error("there are more than {MAX_ACCEPT_STATUS} statuses to accept")]
    TooManyStatuses,
    #[error("a status to accept is not between 300 and 499, or is one that asks to try again")]
    Status,
}

/// Checks `request` for the event `event_id` against every rule and resolves its path under `base`.
pub(super) fn approve(
    base: &Url,
    event_id: &str,
    request: Request,
) -> Result<PreparedRequest, Violation> {
    if request.body.len() > MAX_BODY {
        return Err(Violation::BodyTooLarge);
    }
    Ok(PreparedRequest {
        event_id: event_id.to_owned(),
        method: match request.method {
            Method::Post => reqwest::Method::POST,
            Method::Put => reqwest::Method::PUT,
            Method::Patch => reqwest::Method::PATCH,
        },
        url: resolve(base, &request.path)?,
        headers: headers(&request.headers)?,
        body: request.body.into(),
        accept_status: accept_status(&request.accept_status)?,
    })
}

/// Whether a mapper may accept `status` besides 2xx.
pub fn may_be_accepted(status: u16) -> bool {
    (300..500).contains(&status) && !RETRIED.contains(&status)
}

fn accept_status(asked: &[u16]) -> Result<Vec<StatusCode>, Violation> {
    if asked.len() > MAX_ACCEPT_STATUS {
        return Err(Violation::TooManyStatuses);
    }
    if !asked.iter().all(|status| may_be_accepted(*status)) {
        return Err(Violation::Status);
    }
    asked
        .iter()
        .map(|status| StatusCode::from_u16(*status).map_err(|_| Violation::Status))
        .collect()
}

#[cfg(test)]
mod tests;
