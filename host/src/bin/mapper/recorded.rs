//! Events inside of what other tools print: messages of SQS, batches of Lambda, dry runs.

use std::path::Path;

use post_confirmation_host::event::is_event;
use post_confirmation_host::lenient::Object;
use serde_json::value::RawValue;

/// The members that hold an event or more: of `aws sqs receive-message` and a message of it, of a batch as Lambda gets it
/// and a record of it, and of a dry run.
const HOLDING: [&str; 5] = ["Messages", "Body", "Records", "body", "dryRun"];
/// How deep an event may lie. A message in a list in an answer is at 4.
const DEEPEST: usize = 12;

/// What JSON holds.
#[derive(Default)]
pub struct Found {
    /// The events in it, each exactly as it came.
    pub events: Vec<Box<RawValue>>,
    /// How many parts of it are no event and hold none.
    pub others: usize,
}

impl Found {
    /// Looks for events in `json`.
    pub fn look(&mut self, json: &RawValue) {
        self.look_below(json, DEEPEST);
    }

    fn look_below(&mut self, json: &RawValue, depth: usize) {
        if is_event(json) {
            self.events.push(json.to_owned());
            return;
        }
        let parts = if depth == 0 { None } else { parts(json) };
        match parts {
            Some(parts) => parts.iter().for_each(|part| self.look_below(part, depth - 1)),
            None => self.others += 1,
        }
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
            let members = Object::of(json);
            let held = HOLDING.into_iter().find_map(|name| members.get(name))?;
            Some(vec![held.to_owned()])
        }
        _ => None,
    }
}

/// Says of `json` from the file `path`, which is no event, what it is and what to do.
pub fn no_event(path: &Path, json: &RawValue) -> String {
    let file = path.display();
    let mut found = Found::default();
    found.look(json);
    match found.events.len() {
        0 => format!("`{file}` is no event of Cognito: {}", reason(json)),
        number => format!(
            "`{file}` is no event of Cognito, but holds {number}: `mapper events --from {file} --into DIR` writes each to \
             a file of its own"
        ),
    }
}

/// Why `json` is no event.
pub fn reason(json: &RawValue) -> &'static str {
    let members = Object::of(json);
    if members.get("eventId").is_some() || members.get("_aws").is_some() {
        "a line of the log never holds one; those that were not delivered are in the queue"
    } else {
        "it has no `triggerSource` and no `request`"
    }
}
