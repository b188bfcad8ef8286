//! Events inside of what other tools print: messages of SQS, batches of Lambda, dry runs. And what
//! to say if there is none.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use post_confirmation_host::Object;
use post_confirmation_host::event::is_event;
use serde_json::value::RawValue;

use crate::input;

/// The members that hold an event or more: of `aws sqs receive-message` and a message of it, of a
/// batch as Lambda gets it and a record of it, and of a dry run. The last two are of `aws logs
/// filter-log-events`, and hold none.
const HOLDING: [&str; 7] = ["Messages", "Body", "Records", "body", "dryRun", "events", LOGGED];
/// The member that is a line of a log.
const LOGGED: &str = "message";
/// How deep an event may lie. A message in a list in an answer is at 4.
const DEEPEST: usize = 12;
/// What to say of a log.
const LOG: &str =
    "a line of the log never holds one; those that were not delivered are in the queue";
/// What to say of an answer without messages.
const NO_MESSAGES: &str =
    "it holds no message: those that were received before come back after the visibility timeout";

/// What JSON holds.
#[derive(Default)]
pub struct SearchResult {
    /// The events in it, each exactly as it came.
    pub events: Vec<Box<RawValue>>,
    /// How many parts of it neither are nor hold an event.
    pub others: usize,
    /// Why the first of those is not an event.
    why: Option<&'static str>,
}

impl SearchResult {
    /// Looks for events in `values`.
    pub fn search(values: &[Box<RawValue>]) -> SearchResult {
        let mut found = SearchResult::default();
        values.iter().for_each(|value| found.look_below(value, DEEPEST));
        found
    }

    fn look_below(&mut self, json: &RawValue, depth: usize) {
        if is_event(json) {
            self.events.push(json.to_owned());
            return;
        }
        match if depth == 0 { None } else { parts(json) } {
            Some(parts) if parts.is_empty() => _ = self.why.get_or_insert(NO_MESSAGES),
            Some(parts) => parts.iter().for_each(|part| self.look_below(part, depth - 1)),
            None => {
                self.others += 1;
                self.why.get_or_insert(reason(json));
            }
        }
    }

    /// Why there is no event.
    pub fn why(&self) -> &'static str {
        self.why.unwrap_or("it is empty")
    }
}

/// The parts of `json` in which events may be; nothing if it is of no known form.
fn parts(json: &RawValue) -> Option<Vec<Box<RawValue>>> {
    match json.get().as_bytes().first()? {
        b'[' => serde_json::from_str(json.get()).ok(),
        // JSON as a text, as messages have it.
        b'"' => {
            let text: String = serde_json::from_str(json.get()).ok()?;
            Some(vec![RawValue::from_string(text).ok()?])
        }
        b'{' => {
            let members = Object::parse(json);
            let held = HOLDING.into_iter().find_map(|name| members.get(name))?;
            // The words of a log need not be JSON.
            let is_text = members.get(LOGGED).is_some_and(|text| parts(text).is_none());
            if is_text { None } else { Some(vec![held.to_owned()]) }
        }
        _ => None,
    }
}

/// The values in the text of the file `path`: tools write several one after the other, on lines of
/// their own or not.
pub fn values(path: &Path, text: &str) -> Result<Vec<Box<RawValue>>> {
    ensure!(!is_log(text), "`{}` holds no event of Cognito: {LOG}", path.display());
    let values: serde_json::Result<_> =
        serde_json::Deserializer::from_str(text).into_iter().collect();
    values.with_context(|| input::no_json(path))
}

/// The one event that the file `path` is.
pub fn event(path: &Path) -> Result<Box<RawValue>> {
    let file = path.display();
    let mut values = values(path, &input::text(path)?)?;
    if let [event] = values.as_slice()
        && is_event(event)
    {
        return Ok(values.remove(0));
    }
    let found = SearchResult::search(&values);
    match found.events.len() {
        0 => bail!("`{file}` is not an event of Cognito: {}", found.why()),
        number => bail!(
            "`{file}` is not an event of Cognito, but holds {number}: `mapper events --from {file} --into DIR` writes each to \
             a file of its own"
        ),
    }
}

/// Whether `text` begins with a date, as `aws logs tail` has it before each line.
fn is_log(text: &str) -> bool {
    let form = b"0000-00-00T00:00";
    let start = text.trim_start().as_bytes();
    let fits = form.iter().zip(start).all(|(is, has)| match is {
        b'0' => has.is_ascii_digit(),
        _ => is == has,
    });
    fits && start.len() >= form.len()
}

/// Why `json` is not an event.
fn reason(json: &RawValue) -> &'static str {
    if json.get().starts_with('"') {
        return "it is a text that is not JSON";
    }
    if !json.get().starts_with('{') {
        return "it is not an object";
    }
    let members = Object::parse(json);
    if ["eventId", "_aws", LOGGED].into_iter().any(|name| members.get(name).is_some()) {
        return LOG;
    }
    match (members.get("triggerSource"), members.get("request")) {
        (None, None) => "it has no `triggerSource` and no `request`",
        (None, Some(_)) => "it has no `triggerSource`",
        (Some(source), _) if !source.get().starts_with('"') => "its `triggerSource` is not a text",
        (Some(_), None) => "it has no `request`",
        (Some(_), Some(_)) => "its `request` is not an object",
    }
}
