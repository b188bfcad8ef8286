//! Who may call: programs on this machine, and no page in a browser on it. A browser sends `Origin`
//! with each request of a page that does more than to get something. A page that has let its own
//! name lead to this machine has that name in `Host`.

use hyper::HeaderMap;
use hyper::header::{HOST, ORIGIN};

use super::answer::Answer;

/// The names by which this machine calls itself.
const NAMES: [&str; 2] = ["127.0.0.1", "localhost"];

/// Checks the `headers` of a request that came to `port`.
///
/// # Errors
/// Why it is refused.
pub fn check(headers: &HeaderMap, port: u16) -> Result<(), Answer> {
    if headers.contains_key(ORIGIN) {
        return Err(Answer::Forbidden("pages in a browser may not call this endpoint"));
    }
    let mut hosts = headers.get_all(HOST).iter();
    let host = hosts.next().and_then(|host| host.to_str().ok()).unwrap_or_default();
    let is_own = NAMES.iter().any(|name| host.eq_ignore_ascii_case(&format!("{name}:{port}")));
    if is_own && hosts.next().is_none() {
        Ok(())
    } else {
        Err(Answer::Forbidden("call this endpoint as 127.0.0.1 or localhost, with its port"))
    }
}
