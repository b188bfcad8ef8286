//! The part of a request that breaks a rule, or the effect that does, with its value. The
//! function's log never has it; here there is no log to protect.

use std::time::Instant;

use post_confirmation_host::backend::{Answer, Backend, Trace, Violation};
use post_confirmation_host::event::Event;
use post_confirmation_host::mapper::Outcome;
use post_confirmation_host::pipeline::Pipeline;
use post_confirmation_host::{Effect, Effects, Method, Request};

/// The most that is shown of a value, in bytes.
const SHOWN: usize = 200;

/// What a mapper asked for, apart from the body: the rule of the body names it.
pub struct RequestParts {
    path: String,
    headers: Vec<(String, String)>,
    accept_status: Vec<u16>,
}

impl RequestParts {
    /// What `request` asks for.
    pub fn new(request: &Request) -> RequestParts {
        let Request { path, headers, accept_status, .. } = request;
        RequestParts {
            path: path.clone(),
            headers: headers.clone(),
            accept_status: accept_status.clone(),
        }
    }

    /// The part that breaks the rule `broken`, if it is one part alone.
    pub fn part(&self, backend: &Backend, broken: &Violation) -> Option<String> {
        if breaks(backend, broken, Request { path: self.path.clone(), ..empty() }) {
            return Some(format!("the path is {}", quoted(&self.path)));
        }
        for (name, value) in &self.headers {
            let headers = vec![(name.clone(), value.clone())];
            if breaks(backend, broken, Request { headers, ..empty() }) {
                return Some(format!("the header {} is {}", quoted(name), quoted(value)));
            }
        }
        for status in &self.accept_status {
            if breaks(backend, broken, Request { accept_status: vec![*status], ..empty() }) {
                return Some(format!("the status is {status}"));
            }
        }
        None
    }
}

fn empty() -> Request {
    Request {
        method: Method::Post,
        path: String::new(),
        headers: Vec::new(),
        body: Vec::new(),
        accept_status: Vec::new(),
    }
}

fn breaks(backend: &Backend, broken: &Violation, request: Request) -> bool {
    backend.prepare(request, "alone", &Trace::default()).err().as_ref() == Some(broken)
}

/// The part of the request that the mapper of `pipeline` makes of `event` that breaks the rule
/// `broken`. The mapper is asked again, because a request that is refused is not kept.
pub async fn part(
    pipeline: &Pipeline,
    event: &Event,
    broken: &Violation,
    until: Instant,
) -> Option<String> {
    let (result, _) = pipeline.mapper()?.transform(event, until).await;
    match result {
        Ok(Outcome::Deliver(request)) => {
            RequestParts::new(&request).part(pipeline.backend(), broken)
        }
        _ => None,
    }
}

/// The first of `wanted` with which they break the rule that all of them break.
pub fn effect(effects: &Effects, wanted: &[Effect]) -> Option<String> {
    let broken = effects.approve(wanted.to_vec()).err()?;
    let number = (1..=wanted.len()).find(|number| {
        effects.approve(wanted[..*number].to_vec()).err().as_ref() == Some(&broken)
    })?;
    Some(match &wanted[number - 1] {
        Effect::SetAttribute { name, value } => {
            let (name, value) = (quoted(name), quoted(value));
            format!("effect {number} sets the attribute {name} to {value}")
        }
        Effect::AddToGroup(group) => format!("effect {number} adds to the group {}", quoted(group)),
    })
}

/// The effect that the mapper of `pipeline` wants for `event` after `answer` and that breaks a
/// rule. The mapper is asked again, because effects that are refused are not kept.
pub async fn effect_after(
    pipeline: &Pipeline,
    event: &Event,
    answer: &Answer,
    until: Instant,
) -> Option<String> {
    let (wanted, _) = pipeline.mapper()?.conclude(event, answer, until).await;
    effect(pipeline.effects(), &wanted.ok()?)
}

/// The beginning of `text` in quotes, with escapes for what a terminal does not show.
fn quoted(text: &str) -> String {
    let shown = &text[..text.floor_char_boundary(SHOWN)];
    format!("{shown:?}{}", if shown.len() < text.len() { "…" } else { "" })
}
