//! One mapped event as people and as machines read it.

use std::fmt::{self, Write as _};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use post_confirmation_host::backend::{Backend, PreparedRequest};
use post_confirmation_host::error::Cause;
use post_confirmation_host::error::Error;
use post_confirmation_host::event::Event;
use post_confirmation_host::mapper::{Identity, MapperOutput};
use post_confirmation_host::outcome::{Action, End, Handled, Plan};
use post_confirmation_host::printable;
use rustc_demangle::demangle;
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::expectation::Effects;

/// The most that is read of a function's name, in bytes.
const MAX_MANGLED: usize = 4096;
/// The most that is shown of a function's name, in bytes.
const MAX_NAME: usize = 256;
/// The title of a backtrace.
const BACKTRACE: &str = "backtrace";

/// One mapped event. Fields that say nothing are left out of the JSON.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Shown {
    event_id: String,
    trigger_source: String,
    mapper: Mapper,
    milliseconds: f64,
    memory_bytes: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<Request>,
    added_headers: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    skipped: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failed: Option<Failed>,
    #[serde(flatten, serialize_with = "texts")]
    output: MapperOutput,
    #[serde(skip_serializing_if = "Option::is_none")]
    delivered: Option<u16>,
    /// What is to be done with the Cognito user. Nothing of it is done here.
    #[serde(skip_serializing_if = "Option::is_none")]
    effects: Option<Effects>,
    #[serde(skip_serializing_if = "Option::is_none")]
    follow_up: Option<FollowUp>,
}

/// What there is to say of the mapper's follow-up.
#[derive(Serialize)]
struct FollowUp {
    exported: bool,
    /// What it wrote.
    #[serde(flatten, serialize_with = "texts")]
    output: MapperOutput,
}

#[derive(Serialize)]
struct Mapper {
    wit: String,
    sha256: String,
}

/// A request with exactly the bytes that are sent, except for the headers that each attempt adds
/// (authorization, the signature and its time); the body as text if it is text.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    method: String,
    url: String,
    headers: Vec<Header>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body_base64: Option<String>,
}

#[derive(Serialize)]
struct Header {
    name: String,
    value: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Failed {
    error_type: &'static str,
    error: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<&'static str>,
}

impl Shown {
    /// What `plan` says about `event`, and which headers `backend` adds to every request.
    pub fn new(event: &Event, identity: Identity, backend: &Backend, plan: &Plan) -> Shown {
        let mut shown = Shown {
            event_id: event.id.clone(),
            trigger_source: event.trigger_source.as_str().to_owned(),
            mapper: Mapper { wit: identity.wit, sha256: identity.sha256 },
            milliseconds: plan.call.as_ref().map_or(0.0, |call| call.took.as_secs_f64() * 1e3),
            memory_bytes: plan.call.as_ref().map_or(0, |call| call.memory),
            request: None,
            added_headers: backend.added_headers().iter().map(ToString::to_string).collect(),
            skipped: None,
            failed: None,
            output: plan.call.as_ref().map(|call| call.output.clone()).unwrap_or_default(),
            delivered: None,
            effects: None,
            follow_up: None,
        };
        match &plan.action {
            Ok(Action::Deliver(prepared)) => shown.request = Some(Request::new(prepared)),
            Ok(Action::Skip(code)) => shown.skipped = Some(code.to_string()),
            Err(error) => shown.failed = Some(Failed::new(error)),
        }
        shown
    }

    /// Adds the part that breaks a rule, or what to change.
    pub fn names(&mut self, part: Option<String>) {
        if let (Some(failed), Some(part)) = (&mut self.failed, part) {
            failed.error = format!("{}; {part}", failed.error);
        }
    }

    /// Adds that the mapper has no follow-up, although there is an answer for it.
    pub fn lacks_follow_up(&mut self) {
        self.follow_up = Some(FollowUp { exported: false, output: MapperOutput::default() });
    }

    /// Adds how the event ended, and whether it was `sent`.
    pub fn ended(&mut self, handled: &Handled, sent: bool) {
        if let Some(follow_up) = &handled.follow_up {
            self.effects = follow_up.effects.as_ref().ok().map(Effects::from);
            let output = follow_up.call.output.clone();
            self.follow_up = Some(FollowUp { exported: true, output });
        }
        // The backend can have the user although what has to follow is not done.
        let delivery = handled.delivery.as_ref().filter(|_| sent);
        let status = delivery.and_then(|delivery| delivery.result.as_ref().ok());
        self.delivered = status.map(|status| status.as_u16());
        match &handled.end {
            End::Delivered(_) | End::Skipped(_) => {}
            End::Queued(error) | End::Undelivered { error, .. } => {
                self.failed = Some(Failed::new(error))
            }
        }
    }

    /// What the mapper made of the event, in lines that can be compared with those of another time:
    /// a body of JSON has a line for each part.
    pub fn made(&self) -> String {
        let mut made = String::new();
        if let Some(code) = &self.skipped {
            made.push_str(&format!("skipped  {code}\n"));
        }
        if let Some(Failed { error_type, error, .. }) = &self.failed {
            made.push_str(&format!("failed   {error_type}: {error}\n"));
        }
        if let Some(Request { method, url, headers, body, body_base64 }) = &self.request {
            made.push_str(&format!("{method} {url}\n"));
            let headers = headers.iter().map(|it| format!("{}: {}\n", it.name, it.value));
            made.extend(headers);
            let json = body.as_ref().and_then(|body| serde_json::from_str::<Value>(body).ok());
            let json = json.and_then(|json| serde_json::to_string_pretty(&json).ok());
            if let Some(body) = json.as_ref().or(body.as_ref()).or(body_base64.as_ref()) {
                made.push_str(&format!("\n{body}\n"));
            }
        }
        made
    }
}

impl Request {
    fn new(prepared: &PreparedRequest) -> Request {
        let body = String::from_utf8(prepared.body().to_vec());
        let headers = prepared.headers().iter().map(|(name, value)| Header {
            name: name.to_string(),
            // Every value is ASCII: the policy sees to it.
            value: value.to_str().unwrap_or_default().to_owned(),
        });
        Request {
            method: prepared.method().to_owned(),
            url: prepared.url().to_string(),
            headers: headers.collect(),
            body_base64: body.as_ref().err().map(|bytes| BASE64_STANDARD.encode(bytes.as_bytes())),
            body: body.ok(),
        }
    }
}

impl Failed {
    fn new(error: &Error) -> Failed {
        let cause = error.cause().map(Cause::name);
        Failed { error_type: error.error_type(), error: error.to_string(), cause }
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "event    {}  {}", self.event_id, printable::line(&self.trigger_source))?;
        let Mapper { wit, sha256 } = &self.mapper;
        writeln!(f, "mapper   {}  sha256 {:.12}…", printable::line(wit), printable::line(sha256))?;
        let megabytes = self.memory_bytes as f64 / f64::from(1 << 20);
        writeln!(f, "mapping  {:.3} ms, {megabytes:.1} MB of memory", self.milliseconds)?;
        if let Some(code) = &self.skipped {
            writeln!(f, "skipped  {code}")?;
        }
        if let Some(Failed { error_type, error, .. }) = &self.failed {
            writeln!(f, "failed   {error_type}: {error}")?;
        }
        if let Some(status) = self.delivered {
            writeln!(f, "answer   {status}: the user is at the backend")?;
        }
        f.write_str(&words(&self.output))?;
        if let Some(request) = &self.request {
            writeln!(f, "\n{} {}", request.method, request.url)?;
            request
                .headers
                .iter()
                .try_for_each(|Header { name, value }| writeln!(f, "{name}: {value}"))?;
            self.added_headers
                .iter()
                .try_for_each(|name| writeln!(f, "{name}: (added to each attempt)"))?;
            write!(f, "{request}")?;
        }
        if let Some(FollowUp { exported, output }) = &self.follow_up {
            if !exported {
                writeln!(
                    f,
                    "\nthe mapper has no follow-up (`conclude`): the answer changes nothing"
                )?;
            }
            f.write_str(&words(output))?;
        }
        match &self.effects {
            Some(effects) => write!(f, "\n{effects}"),
            None => Ok(()),
        }
    }
}

/// What a mapper wrote, under the names that the JSON has.
fn parts(output: &MapperOutput) -> impl Iterator<Item = (&'static str, &'static str, &str)> {
    [
        ("errorMessage", "message", output.message.as_deref()),
        ("backtrace", BACKTRACE, output.backtrace.as_deref()),
        ("stdout", "standard output", Some(output.stdout.as_str())),
        ("stderr", "standard error", Some(output.stderr.as_str())),
    ]
    .into_iter()
    .filter_map(|(name, title, text)| Some((name, title, text.filter(|text| !text.is_empty())?)))
}

/// What a mapper wrote, for people.
pub fn words(output: &MapperOutput) -> String {
    let mut words = String::new();
    for (_, title, text) in parts(output) {
        let text = match title {
            BACKTRACE => text.lines().map(|name| demangled(name) + "\n").collect(),
            _ => text.to_owned(),
        };
        words.push_str(&format!(
            "\n{title} of the mapper:\n{}\n",
            printable::shown(text.trim_end())
        ));
    }
    words
}

/// The name of a function as it stands in the source of a mapper in Rust, without its hash. The
/// author of the component chooses it: what is read of it is bounded, and what is written.
pub fn demangled(name: &str) -> String {
    let mut text = Bounded { text: String::new(), most: MAX_NAME };
    // The beginning of a longer name is enough.
    let _ = write!(text, "{:#}", demangle(printable::cut(name, MAX_MANGLED)));
    text.text
}

/// A text of bounded length. Writing into it fails as soon as it is full.
struct Bounded {
    text: String,
    most: usize,
}

impl fmt::Write for Bounded {
    fn write_str(&mut self, more: &str) -> fmt::Result {
        let fits = printable::cut(more, self.most - self.text.len());
        self.text.push_str(fits);
        if fits.len() == more.len() { Ok(()) } else { Err(fmt::Error) }
    }
}

fn texts<S: Serializer>(output: &MapperOutput, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(parts(output).map(|(name, _, text)| (name, text)))
}

/// The body.
impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.body, &self.body_base64) {
            (Some(text), _) => writeln!(f, "\n{}", printable::shown(text)),
            (None, Some(base64)) => writeln!(f, "\n(not text; in base64:)\n{base64}"),
            (None, None) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bounded_text_stops_its_writer() {
        let mut text = Bounded { text: String::new(), most: 5 };
        assert!(write!(text, "abé").is_ok() && write!(text, "éé").is_err());
        assert_eq!(text.text, "abé");
    }
}
