//! How two mappings of one event differ, without any value, and without any name that could be one.

use std::borrow::Cow;
use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};

use reqwest::header::HeaderMap;
use reqwest::{StatusCode, Url};
use serde_json::Value;

use crate::backend::PreparedRequest;
use crate::effects::Approved;
use crate::error::Error;
use crate::event::Event;
use crate::outcome::Action;

/// The most differences that are named. A mapping with more is a new one.
const MAX_NAMED: usize = 20;
/// The longest name that is shown.
const MAX_NAME: usize = 64;
/// What stands in place of a name that may be a user's.
const HIDDEN: &str = "*";
/// Headers that the host sets from the invocation's trace; they say nothing about a mapper.
const TRACE: [&str; 2] = ["traceparent", "x-amzn-trace-id"];

/// How `shadow` differs from `made`: `method`, `path segment 2`, `query NAME`, `header NAME`,
/// `accept-status`, `body` or `body /JSON/POINTER`, each with `added`, `removed` or `changed`, or
/// else the two outcomes.
pub fn actions(
    event: &Event,
    made: &Result<Action, Error>,
    shadow: &Result<Action, Error>,
) -> Vec<String> {
    // Most events have no difference to name.
    let names = LazyCell::new(|| Names::new(event));
    let mut found = Found { names, differences: Vec::new() };
    match (made, shadow) {
        (Ok(Action::Deliver(made)), Ok(Action::Deliver(shadow))) => found.requests(made, shadow),
        _ => {
            let (made, shadow) = (outcome(made), outcome(shadow));
            if made != shadow {
                found.differences.push(format!("outcome: {made} became {shadow}"));
            }
        }
    }
    found.differences
}

/// How the effects that `shadow` wants differ from those that `made` did: `attribute NAME` or
/// `group NAME`, each with `added`, `removed` or `changed`, or else the two ends. Every name is one
/// that the operator has listed, and there are few.
pub fn effects(made: &Result<Approved, Error>, shadow: &Result<Approved, Error>) -> Vec<String> {
    let (Ok(made), Ok(shadow)) = (made, shadow) else {
        let (made, shadow) = (conclusion(made), conclusion(shadow));
        let same = made == shadow;
        return if same { Vec::new() } else { vec![format!("effects: {made} became {shadow}")] };
    };
    let [made_attributes, attributes] = [made, shadow].map(attributes);
    let [made_groups, groups] = [made, shadow].map(groups);
    let attributes = changes(&made_attributes, &attributes)
        .map(|(name, how)| format!("attribute {name}: {how}"));
    let groups = changes(&made_groups, &groups).map(|(name, how)| format!("group {name}: {how}"));
    attributes.chain(groups).collect()
}

/// How a follow-up ended, in words that may be logged.
fn conclusion(effects: &Result<Approved, Error>) -> &'static str {
    match effects {
        Ok(_) => "allowed",
        Err(error) => error.error_type(),
    }
}

fn attributes(effects: &Approved) -> BTreeMap<String, &str> {
    let attributes = effects.attributes.iter();
    attributes.map(|(name, value)| (name.clone(), value.as_str())).collect()
}

fn groups(effects: &Approved) -> BTreeMap<String, ()> {
    effects.groups.iter().map(|group| (group.clone(), ())).collect()
}

/// An outcome in words that may be logged: a code is part of every event's line.
fn outcome(action: &Result<Action, Error>) -> String {
    match action {
        Ok(Action::Deliver(_)) => "deliver".to_owned(),
        Ok(Action::Skip(code)) => format!("skip {code}"),
        Err(error) => error.error_type().to_owned(),
    }
}

struct Found<F> {
    names: LazyCell<Names, F>,
    differences: Vec<String>,
}

impl<F: FnOnce() -> Names> Found<F> {
    fn note(&mut self, place: &str, how: &str) {
        match self.differences.len() {
            MAX_NAMED => self.differences.push("more".to_owned()),
            named if named < MAX_NAMED => self.differences.push(format!("{place}: {how}")),
            _ => {}
        }
    }

    /// Whether nothing more is named.
    fn is_full(&self) -> bool {
        self.differences.len() > MAX_NAMED
    }

    fn requests(&mut self, made: &PreparedRequest, shadow: &PreparedRequest) {
        if made.method() != shadow.method() {
            self.note("method", "changed");
        }
        self.paths(made.url(), shadow.url());
        self.members("query ", &query(made.url()), &query(shadow.url()));
        self.members("header ", &headers(made.headers()), &headers(shadow.headers()));
        if statuses(made) != statuses(shadow) {
            self.note("accept-status", "changed");
        }
        match (serde_json::from_slice(made.body()), serde_json::from_slice(shadow.body())) {
            (Ok(made), Ok(shadow)) => self.values("body ", &made, &shadow),
            _ if made.body() != shadow.body() => self.note("body", "changed"),
            _ => {}
        }
    }

    fn paths(&mut self, made: &Url, shadow: &Url) {
        let (made, shadow): (Vec<_>, Vec<_>) =
            (made.path().split('/').collect(), shadow.path().split('/').collect());
        if made.len() != shadow.len() {
            self.note("path", "another number of segments");
        }
        for (place, _) in
            made.iter().zip(&shadow).enumerate().filter(|(_, (made, shadow))| made != shadow)
        {
            self.note(&format!("path segment {place}"), "changed");
        }
    }

    /// Members by name that are there once or several times.
    fn members<T: PartialEq>(
        &mut self,
        place: &str,
        made: &BTreeMap<String, T>,
        shadow: &BTreeMap<String, T>,
    ) {
        for (name, how) in changes(made, shadow) {
            if self.is_full() {
                return;
            }
            let place = format!("{place}{}", self.names.shown(name));
            self.note(&place, how);
        }
    }

    fn values(&mut self, place: &str, made: &Value, shadow: &Value) {
        // What is equal is not looked into: names are costly to show.
        if self.is_full() || made == shadow {
            return;
        }
        match (made, shadow) {
            (Value::Object(made), Value::Object(shadow)) => {
                for name in made.keys().chain(shadow.keys()).collect::<BTreeSet<_>>() {
                    let (made, shadow) = (made.get(name), shadow.get(name));
                    let Some(how) = how(made, shadow).filter(|_| !self.is_full()) else { continue };
                    let place = format!("{place}/{}", self.names.shown(name));
                    match (made, shadow) {
                        (Some(made), Some(shadow)) => self.values(&place, made, shadow),
                        _ => self.note(&place, how),
                    }
                }
            }
            (Value::Array(made), Value::Array(shadow)) if made.len() == shadow.len() => {
                for (index, (made, shadow)) in made.iter().zip(shadow).enumerate() {
                    if self.is_full() {
                        return;
                    }
                    if made != shadow {
                        self.values(&format!("{place}/{index}"), made, shadow);
                    }
                }
            }
            _ => self.note(place.trim_end(), "changed"),
        }
    }
}

/// What is not the same in both, by name, with how it differs.
fn changes<'a, T: PartialEq>(
    made: &'a BTreeMap<String, T>,
    shadow: &'a BTreeMap<String, T>,
) -> impl Iterator<Item = (&'a String, &'static str)> {
    let names = made.keys().chain(shadow.keys()).collect::<BTreeSet<_>>().into_iter();
    names.filter_map(|name| Some((name, how(made.get(name), shadow.get(name))?)))
}

fn how<T: PartialEq>(made: Option<T>, shadow: Option<T>) -> Option<&'static str> {
    match (made, shadow) {
        (Some(made), Some(shadow)) => (made != shadow).then_some("changed"),
        (None, Some(_)) => Some("added"),
        (Some(_), None) => Some("removed"),
        (None, None) => None,
    }
}

fn statuses(request: &PreparedRequest) -> BTreeSet<StatusCode> {
    request.accept_status().iter().copied().collect()
}

fn query(url: &Url) -> BTreeMap<String, Vec<Cow<'_, str>>> {
    let mut members = BTreeMap::<_, Vec<_>>::new();
    url.query_pairs()
        .for_each(|(name, value)| members.entry(name.into_owned()).or_default().push(value));
    members
}

fn headers(headers: &HeaderMap) -> BTreeMap<String, Vec<&[u8]>> {
    let mut members = BTreeMap::<_, Vec<_>>::new();
    for (name, value) in headers {
        if !TRACE.contains(&name.as_str()) {
            members.entry(name.to_string()).or_default().push(value.as_bytes());
        }
    }
    members
}

/// Which names may be shown: a mapper may put an attribute's value, or a part of it, into a name.
struct Names {
    /// The letters and digits of each value.
    values: Vec<String>,
}

impl Names {
    fn new(event: &Event) -> Names {
        let pairs = event.user_attributes.iter().chain(&event.client_metadata);
        let values = pairs.map(|(_, value)| value).chain([&event.user_name]);
        Names {
            values: values
                .flat_map(|value| [vec![value.as_str()], words(value)].concat())
                .map(bare)
                .collect(),
        }
    }

    /// `name` if it looks like one of a schema and shares nothing with a value of the event.
    fn shown<'a>(&self, name: &'a str) -> &'a str {
        let bare = bare(name);
        let shared = self.values.iter().any(|value| share(&bare, value));
        if is_of_a_schema(name) && !shared { name } else { HIDDEN }
    }
}

fn is_of_a_schema(name: &str) -> bool {
    let fits = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.:".contains(&byte));
    fits && name.len() <= MAX_NAME && !name.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether one of the two tells of the other. A single letter tells nothing, and `true` or `de` are
/// parts of many names.
fn share(name: &str, value: &str) -> bool {
    (name.len() > 1 && value.contains(name)) || (value.len() > 4 && name.contains(value))
}

fn words(text: &str) -> Vec<&str> {
    text.split(|c: char| !c.is_alphanumeric()).collect()
}

/// The letters and digits of `text`, in lower case.
fn bare(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests;
