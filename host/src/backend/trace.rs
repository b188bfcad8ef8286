//! The trace that an invocation belongs to, as the backend gets it: in the form of X-Ray and in
//! that of W3C's Trace Context, which most other tools read.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use crate::hex::is_hex;

const XRAY: HeaderName = HeaderName::from_static("x-amzn-trace-id");
const W3C: HeaderName = HeaderName::from_static("traceparent");

/// The trace of an invocation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    xray: Option<HeaderValue>,
    w3c: Option<HeaderValue>,
}

impl Trace {
    /// The trace that Lambda names: `Root=1-…;Parent=…;Sampled=…`. Without one, or with one that no
    /// header can hold, the backend gets none.
    pub fn parse(xray: Option<&str>) -> Trace {
        Trace {
            xray: xray.and_then(|xray| HeaderValue::from_str(xray).ok()),
            w3c: xray
                .and_then(traceparent)
                .and_then(|traceparent| HeaderValue::try_from(traceparent).ok()),
        }
    }

    pub(super) fn add_to(&self, headers: &mut HeaderMap) {
        headers.extend(
            [(XRAY, &self.xray), (W3C, &self.w3c)]
                .into_iter()
                .filter_map(|(name, value)| Some((name, value.clone()?))),
        );
    }
}

/// `00-TRACE-PARENT-FLAGS` of <https://www.w3.org/TR/trace-context/>. X-Ray's trace ids are W3C's
/// with two hyphens.
fn traceparent(xray: &str) -> Option<String> {
    let root = part(xray, "Root")?.strip_prefix("1-")?;
    let (time, unique) = root.split_once('-')?;
    if !is_id(time, 8) || !is_id(unique, 24) {
        return None;
    }
    // Without a segment of its own the invocation is known by the trace alone; the format still
    // wants an id.
    let parent = part(xray, "Parent").filter(|parent| is_id(parent, 16)).unwrap_or(&unique[8..]);
    let flags = if part(xray, "Sampled") == Some("1") { "01" } else { "00" };
    Some(format!("00-{time}{unique}-{parent}-{flags}"))
}

/// The value of `name` in `Root=…;Parent=…;Sampled=…`.
fn part<'a>(xray: &'a str, name: &str) -> Option<&'a str> {
    xray.split(';').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='))
}

/// Whether `text` is so many hexadecimal digits and not all zero.
fn is_id(text: &str, digits: usize) -> bool {
    is_hex(text, digits) && text.bytes().any(|byte| byte != b'0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_traceparent_has_trace_parent_and_sampling() {
        let root = "Root=1-5759e988-bd862e3fe1be46a994272793";
        assert_eq!(
            traceparent(&format!("{root};Parent=53995c3f42cd8ad8;Sampled=1;Lineage=a:0"))
                .as_deref(),
            Some("00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01")
        );
        assert_eq!(
            traceparent(root).as_deref(),
            Some("00-5759e988bd862e3fe1be46a994272793-e1be46a994272793-00")
        );
    }

    #[test]
    fn what_is_no_trace_gives_none() {
        for xray in [
            "",
            "Root=",
            "Root=1-5759e988",
            "Root=1-5759E988-bd862e3fe1be46a994272793",
            "Self=1-1-1",
            "Root=2-a-b",
        ] {
            assert_eq!(traceparent(xray), None, "{xray}");
        }
        assert_eq!(Trace::parse(None), Trace::default());
        assert_eq!(Trace::parse(Some("a\r\nb: c")), Trace::default());
    }
}
