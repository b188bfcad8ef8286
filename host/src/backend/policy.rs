//! What a mapper may request: the rules of `wit/types.wit`, record `request`. Pure; it sends nothing.
//!
//! A broken rule is named, its value never is: requests are made of user data.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{StatusCode, Url};
use thiserror::Error;

use super::{Method, RETRIED, Request};

/// The longest path with its query, in bytes.
const MAX_PATH: usize = 8 * 1024;
/// How often a path may be percent-encoded: more than any intermediary decodes, and a bound on the work here.
const MAX_ENCODINGS: usize = 3;
/// The most headers.
const MAX_HEADERS: usize = 64;
/// The most bytes of header names and values together: what common servers take by default.
const MAX_HEADER_BYTES: usize = 16 * 1024;
/// The largest body, in bytes.
const MAX_BODY: usize = 1024 * 1024;
/// The most statuses to accept besides 2xx.
const MAX_ACCEPT_STATUS: usize = 16;

/// Headers that only the host or the connection may set.
const RESERVED: [&str; 15] = [
    "authorization",
    "connection",
    "content-length",
    "cookie",
    "expect",
    "host",
    "idempotency-key",
    "keep-alive",
    "te",
    "traceparent",
    "tracestate",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-amzn-trace-id",
];
/// Beginnings of headers that only the host or the connection may set.
const RESERVED_PREFIXES: [&str; 2] = ["proxy-", "webhook-"];

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
    #[error("the path holds a control character")]
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
    #[error("the header `{0}` may only be set by the host")]
    HeaderReserved(&'static str),
    #[error("the body is larger than {MAX_BODY} bytes")]
    BodyTooLarge,
    #[error("there are more than {MAX_ACCEPT_STATUS} statuses to accept")]
    TooManyStatuses,
    #[error("a status to accept is not between 300 and 499, or is one that asks to try again")]
    Status,
}

/// A request that keeps the rules.
pub(super) struct Approved {
    pub method: reqwest::Method,
    pub url: Url,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
    pub accept_status: Vec<StatusCode>,
}

/// Checks `request` against every rule and resolves its path under `base`.
pub(super) fn approve(base: &Url, request: Request) -> Result<Approved, Violation> {
    if request.body.len() > MAX_BODY {
        return Err(Violation::BodyTooLarge);
    }
    Ok(Approved {
        method: match request.method {
            Method::Post => reqwest::Method::POST,
            Method::Put => reqwest::Method::PUT,
            Method::Patch => reqwest::Method::PATCH,
        },
        url: resolve(base, &request.path)?,
        headers: headers(&request.headers)?,
        body: request.body,
        accept_status: accept_status(&request.accept_status)?,
    })
}

/// The URL of `path` under `base`.
fn resolve(base: &Url, path: &str) -> Result<Url, Violation> {
    if path.len() > MAX_PATH {
        return Err(Violation::PathTooLong);
    }
    check_characters(path)?;
    if path.starts_with("//") {
        return Err(Violation::PathHost);
    }
    let relative = path.strip_prefix('/').unwrap_or(path);
    let only_path = relative.split_once('?').map_or(relative, |(path, _)| path);
    // RFC 3986, 4.2: what stands before a colon in the first segment of a relative reference is a scheme.
    let first = only_path.split_once('/').map_or(only_path, |(first, _)| first);
    if !path.starts_with('/') && first.contains(':') {
        return Err(Violation::PathAbsolute);
    }
    check_segments(only_path)?;

    // The base alone is requested as the operator wrote it; below it, it is a folder with or without its slash.
    let url = match only_path {
        "" => format!("{base}{relative}"),
        _ => format!("{}/{relative}", base.as_str().trim_end_matches('/')),
    };
    let url = Url::parse(&url).map_err(|_| Violation::PathCharacter)?;
    // The checks above make this true; it stands here so that no later change to them can send a user elsewhere.
    let stays = url.origin() == base.origin()
        && url.username().is_empty()
        && url.password().is_none()
        && url.path().starts_with(base.path().trim_end_matches('/'));
    if stays { Ok(url) } else { Err(Violation::PathAbsolute) }
}

/// Only what RFC 3986 allows in a path and a query may stand there, so that nothing is rewritten on the way.
fn check_characters(path: &str) -> Result<(), Violation> {
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {}
            b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=' => {}
            b':' | b'@' | b'/' | b'?' => {}
            b'%' => {
                let hex = [bytes.next(), bytes.next()];
                if !hex.iter().all(|digit| digit.is_some_and(|digit| digit.is_ascii_hexdigit())) {
                    return Err(Violation::PathEscape);
                }
            }
            b'\\' => return Err(Violation::PathBackslash),
            b'#' => return Err(Violation::PathFragment),
            byte if byte.is_ascii_control() => return Err(Violation::PathControl),
            _ => return Err(Violation::PathCharacter),
        }
    }
    Ok(())
}

/// No segment may be `.` or `..` for anyone on the way: however it is percent-encoded, with an encoded slash or
/// backslash as a border, with a parameter (`..;x`) or with blanks or controls around it.
fn check_segments(path: &str) -> Result<(), Violation> {
    let mut decoded = path.as_bytes().to_vec();
    for _ in 0..=MAX_ENCODINGS {
        // An overlong form of a dot or a slash is one to a lenient decoder.
        if str::from_utf8(&decoded).is_err() {
            return Err(Violation::PathUtf8);
        }
        let mut segments = decoded.split(|byte| matches!(byte, b'/' | b'\\'));
        if segments.any(is_dots) {
            return Err(Violation::PathDots);
        }
        let next: Vec<u8> = percent_encoding::percent_decode(&decoded).collect();
        if next == decoded {
            return Ok(());
        }
        decoded = next;
    }
    Err(Violation::PathEncodings)
}

fn is_dots(segment: &[u8]) -> bool {
    let name = segment.split(|byte| *byte == b';').next().unwrap_or_default();
    let name: Vec<u8> = name.iter().copied().filter(|byte| *byte > b' ' && *byte != 0x7f).collect();
    name == b"." || name == b".."
}

fn headers(asked: &[(String, String)]) -> Result<HeaderMap, Violation> {
    if asked.len() > MAX_HEADERS {
        return Err(Violation::TooManyHeaders);
    }
    if asked.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>() > MAX_HEADER_BYTES {
        return Err(Violation::HeadersTooLarge);
    }
    let mut headers = HeaderMap::with_capacity(asked.len());
    for (name, value) in asked {
        let name = HeaderName::try_from(name.as_str()).map_err(|_| Violation::HeaderName)?;
        // Servers in the manner of CGI take an underscore for a hyphen.
        let hyphenated = name.as_str().replace('_', "-");
        if let Some(reserved) = RESERVED.into_iter().find(|reserved| hyphenated == *reserved) {
            return Err(Violation::HeaderReserved(reserved));
        }
        if let Some(prefix) = RESERVED_PREFIXES.into_iter().find(|prefix| hyphenated.starts_with(prefix)) {
            return Err(Violation::HeaderReserved(prefix));
        }
        // The library would also take bytes that have no meaning in HTTP.
        let ascii = Some(value).filter(|value| value.is_ascii()).ok_or(Violation::HeaderValue)?;
        headers.append(name, HeaderValue::from_str(ascii).map_err(|_| Violation::HeaderValue)?);
    }
    Ok(headers)
}

fn accept_status(asked: &[u16]) -> Result<Vec<StatusCode>, Violation> {
    if asked.len() > MAX_ACCEPT_STATUS {
        return Err(Violation::TooManyStatuses);
    }
    let acceptable = |status: &u16| (300..500).contains(status) && !RETRIED.contains(status);
    if !asked.iter().all(acceptable) {
        return Err(Violation::Status);
    }
    asked.iter().map(|status| StatusCode::from_u16(*status).map_err(|_| Violation::Status)).collect()
}

#[cfg(test)]
mod tests;
