//! The answer to a request that counts as delivered, as far as a mapper gets it.

use std::fmt;

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, HeaderName, SET_COOKIE};

use super::Error;
use crate::client::{self, Cause};

/// The largest body, in bytes.
pub(super) const MAX_BODY: usize = 64 * 1024;
/// The most headers, and how much they are together, in bytes.
const MAX_HEADERS: usize = 64;
const MAX_HEADER_BYTES: usize = 16 * 1024;
/// Headers that belong to the connection.
const HOP_BY_HOP: [&str; 9] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// An answer that was read to its end.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Names in lower case with values, in order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// It shows the status alone: the rest may be about the user.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("status", &self.status).finish_non_exhaustive()
    }
}

impl Answer {
    /// The most memory that an answer holds, in bytes, apart from what every answer holds.
    pub const MAX_SIZE: usize = MAX_BODY + MAX_HEADER_BYTES;

    /// The answer with this `status`, these `headers` and this `body`.
    ///
    /// # Errors
    /// It is too large.
    pub fn new(status: StatusCode, headers: &HeaderMap, body: Vec<u8>) -> Result<Answer, Error> {
        if body.len() > MAX_BODY {
            return Err(Error::AnswerTooLarge);
        }
        Ok(Answer { status: status.as_u16(), headers: kept(headers), body })
    }

    /// Reads `answer` to its end.
    ///
    /// # Errors
    /// It is too large, or it breaks off.
    pub(super) async fn read(mut answer: client::Answer) -> Result<Answer, Error> {
        match answer.body(MAX_BODY).await {
            Ok(Some(body)) => Answer::new(answer.status(), answer.headers(), body),
            Ok(None) => Err(Error::AnswerTooLarge),
            Err(_) => Err(Error::Unreachable(Cause::AnswerUnreadable)),
        }
    }

    /// How much memory it holds, in bytes.
    pub fn size(&self) -> usize {
        let headers = self.headers.iter().map(|(name, value)| name.len() + value.len());
        headers.sum::<usize>() + self.body.len()
    }
}

/// The headers that a mapper gets.
fn kept(headers: &HeaderMap) -> Vec<(String, String)> {
    let mut bytes = 0;
    let mut kept = Vec::new();
    for (name, value) in headers {
        let Ok(value) = value.to_str() else { continue };
        if is_withheld(name) {
            continue;
        }
        bytes += name.as_str().len() + value.len();
        if kept.len() == MAX_HEADERS || bytes > MAX_HEADER_BYTES {
            break;
        }
        kept.push((name.as_str().to_owned(), value.to_owned()));
    }
    kept
}

fn is_withheld(name: &HeaderName) -> bool {
    *name == SET_COOKIE || HOP_BY_HOP.contains(&name.as_str())
}
