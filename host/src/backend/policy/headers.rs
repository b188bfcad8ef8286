//! The headers of a request: a mapper sets what describes its body and what its backend has made
//! up, and nothing by which a server or a proxy learns who asks, for what, and from which address.

use std::borrow::Cow;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::{MAX_HEADER_BYTES, MAX_HEADERS, Violation};
use crate::request::header_bytes;

/// Headers that a mapper must not set; `*` stands for any ending.
pub(super) const RESERVED: [&str; 71] = [
    // How the connection is used: if two readers differ, one of them sees another request.
    "connection",
    "content-length",
    "early-data",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    // What the host adds, and what it must not add: a mapper has no credentials.
    "authorization",
    "cookie",
    "idempotency-key",
    "proxy-*",
    "traceparent",
    "tracestate",
    "webhook-*",
    // Another method than the request's.
    "http-method-override",
    "x-http-method*",
    "x-method-override",
    // Another address than the request's. With `original` and `rewrite` proxies tell which one it
    // was, and servers in the manner of CGI take the names of their variables, `HTTP_PROXY` among
    // them.
    "path-info",
    "proxy",
    "script-name",
    "destination",
    "front-end-https",
    "x-accel-*",
    "x-envoy-*",
    "x-host",
    "x-http-host-override",
    "x-original-*",
    "x-path-info",
    "x-proxy-*",
    "x-rewrite-*",
    "x-scheme",
    "x-script-name",
    "x-sendfile-*",
    "x-url-scheme",
    // The origin of the request, as a proxy says it.
    "client-ip",
    "fastly-client-ip",
    "fly-client-ip",
    "forwarded*",
    "true-client-ip",
    "via",
    "x-appengine-*",
    "x-azure-*",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-forward*",
    "x-originating-ip",
    "x-real-*",
    // Who asks, as a gateway says it that has checked the caller. AWS and Cloudflare have a
    // beginning of their own.
    "cf-*",
    "client-cert*",
    "remote-*",
    "ssl-client-*",
    "x-amz-*",
    "x-amzn-*",
    "x-arr-*",
    "x-auth-request-*",
    "x-auth-user*",
    "x-authenticated-*",
    "x-client-cert*",
    "x-consumer-*",
    "x-credential-*",
    "x-goog-authenticated-*",
    "x-goog-iap-*",
    "x-middleware-*",
    "x-ms-client-principal*",
    "x-remote-*",
    "x-ssl-*",
    "x-webauth-*",
];

/// The headers that are asked for, checked.
pub(super) fn headers(asked: &[(String, String)]) -> Result<HeaderMap, Violation> {
    if asked.len() > MAX_HEADERS {
        return Err(Violation::TooManyHeaders);
    }
    if header_bytes(asked) > MAX_HEADER_BYTES {
        return Err(Violation::HeadersTooLarge);
    }
    let mut headers = HeaderMap::with_capacity(asked.len());
    for (name, value) in asked {
        let name = HeaderName::try_from(name.as_str()).map_err(|_| Violation::HeaderName)?;
        if let Some(reserved) = reserved(name.as_str()) {
            return Err(Violation::HeaderReserved(reserved));
        }
        // The library would also take bytes that have no meaning in HTTP.
        let ascii = Some(value).filter(|value| value.is_ascii()).ok_or(Violation::HeaderValue)?;
        headers.append(name, HeaderValue::from_str(ascii).map_err(|_| Violation::HeaderValue)?);
    }
    Ok(headers)
}

/// The entry of `RESERVED` that `name`, in lower case, falls under.
fn reserved(name: &str) -> Option<&'static str> {
    // Servers in the manner of CGI take an underscore for a hyphen, and some any other mark, too.
    let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let hyphenated = match is_plain {
        true => Cow::from(name),
        false => name.replace(|character: char| !character.is_ascii_alphanumeric(), "-").into(),
    };
    let whole = hyphenated.trim_end_matches('-');
    // Most entries are told from most names by their first letter.
    let first = hyphenated.as_bytes().first();
    let same_letter = RESERVED.iter().filter(|entry| entry.as_bytes().first() == first);
    same_letter.copied().find(|entry| match entry.strip_suffix('*') {
        Some(beginning) => hyphenated.starts_with(beginning),
        None => whole == *entry,
    })
}
