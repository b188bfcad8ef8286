//! The part of a request that breaks a rule, with its value. The function's log never has it; here there is no log to
//! protect.

use std::time::Instant;

use post_confirmation_host::backend::{Backend, Trace, Violation};
use post_confirmation_host::event::Event;
use post_confirmation_host::pipeline::Pipeline;
use post_confirmation_host::{Method, Request};
use post_confirmation_host::mapper::Outcome;

/// As much of a value as is shown, in bytes.
const SHOWN: usize = 200;

/// What a mapper asked for, apart from the body: the rule of the body names it.
pub struct Asked {
    path: String,
    headers: Vec<(String, String)>,
    accept_status: Vec<u16>,
}

impl Asked {
    /// What `request` asks for.
    pub fn new(request: &Request) -> Asked {
        let Request { path, headers, accept_status, .. } = request;
        Asked { path: path.clone(), headers: headers.clone(), accept_status: accept_status.clone() }
    }

    /// The part that breaks the rule `broken`, where it is one part alone.
    pub fn part(&self, backend: &Backend, broken: &Violation) -> Option<String> {
        let breaks = |path: &str, headers: &[(String, String)], accept_status: &[u16]| {
            let (path, headers, accept_status) = (path.to_owned(), headers.to_vec(), accept_status.to_vec());
            let alone = Request { method: Method::Post, path, headers, body: Vec::new(), accept_status };
            backend.prepare(alone, "alone", &Trace::default()).err().as_ref() == Some(broken)
        };
        if breaks(&self.path, &[], &[]) {
            return Some(format!("the path is {}", quoted(&self.path)));
        }
        if let Some((name, value)) = self.headers.iter().find(|header| breaks("", &[(*header).clone()], &[])) {
            return Some(format!("the header {} is {}", quoted(name), quoted(value)));
        }
        let status = self.accept_status.iter().find(|status| breaks("", &[], &[**status]))?;
        Some(format!("the status is {status}"))
    }
}

/// The part of the request that the mapper of `pipeline` makes of `event` that breaks the rule `broken`. The mapper is asked
/// again, because a request that is refused is not kept.
pub async fn part(pipeline: &Pipeline, event: &Event, broken: &Violation, until: Instant) -> Option<String> {
    let (result, _) = pipeline.mapper()?.transform(event, until).await;
    match result {
        Ok(Outcome::Deliver(request)) => Asked::new(&request).part(pipeline.backend(), broken),
        _ => None,
    }
}

/// The beginning of `text` in quotes, with escapes for what a terminal does not show.
fn quoted(text: &str) -> String {
    let shown = &text[..text.floor_char_boundary(SHOWN)];
    format!("{shown:?}{}", if shown.len() < text.len() { "…" } else { "" })
}
