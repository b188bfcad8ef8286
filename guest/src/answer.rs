//! The follow-up: what of the backend's answer is written to the Cognito user, as the operator has
//! set it.

use serde_json::{Number, Value};

use crate::bindings::cognito::post_confirmation::types::{Answer, Attribute, Effect, Error};

/// Attributes of the user, each with the place of its value in the answer:
/// `custom:backend_id=/id,custom:plan=/plan`.
const ATTRIBUTES: &str = "ATTRIBUTES_FROM_ANSWER";
/// The place of a group, or of a list of groups, in the answer: `/group`.
const GROUPS: &str = "GROUPS_FROM_ANSWER";

/// What is to be done after `answer`, by the settings that `lookup` finds. What the answer does not
/// have, or has as `null`, changes nothing.
///
/// # Errors
/// The settings are wrong, or the answer holds something else than they say.
pub fn effects(
    answer: &Answer,
    lookup: impl Fn(&str) -> Option<String>,
) -> Result<Vec<Effect>, Error> {
    let attributes = lookup(ATTRIBUTES).unwrap_or_default();
    let groups = lookup(GROUPS).unwrap_or_default();
    let (attributes, groups) = (attributes.trim(), groups.trim());
    if attributes.is_empty() && groups.is_empty() {
        return Ok(Vec::new());
    }
    // As a text: for bytes, there would be another parser in the component.
    let body = str::from_utf8(&answer.body).ok().and_then(|body| serde_json::from_str(body).ok());
    let body: Value = body.ok_or_else(|| bad_answer("the backend's answer is not JSON"))?;

    let mut effects = Vec::new();
    for part in attributes.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let (name, pointer) =
            part.split_once('=').ok_or_else(|| bad_setting(ATTRIBUTES, "a part without `=`"))?;
        let name = name.trim();
        if name.is_empty() {
            return Err(bad_setting(ATTRIBUTES, "a place without the name of an attribute"));
        }
        let Some(value) = found(&body, pointer, ATTRIBUTES)? else { continue };
        let value = text(value).ok_or_else(|| {
            bad_answer(&format!(
                "the backend's answer has no text, truth or number that is kept exactly at `{pointer}`"
            ))
        })?;
        effects.push(Effect::SetAttribute(Attribute { name: name.to_owned(), value }));
    }
    if !groups.is_empty()
        && let Some(value) = found(&body, groups, GROUPS)?
    {
        effects.extend(names(value, groups)?.into_iter().map(Effect::AddToGroup));
    }
    Ok(effects)
}

/// What `body` has at `pointer`, if it has anything there.
fn found<'a>(body: &'a Value, pointer: &str, variable: &str) -> Result<Option<&'a Value>, Error> {
    let pointer = pointer.trim();
    if !pointer.starts_with('/') {
        return Err(bad_setting(variable, "a place that does not begin with `/`"));
    }
    Ok(body.pointer(pointer).filter(|value| !value.is_null()))
}

/// From here on numbers with a fraction are not exact even before the point: an integer of more
/// than 64 bits would be read as one of them, and be another one.
const INEXACT: f64 = 9_007_199_254_740_992.0;

/// A value as Cognito keeps it. None if it has parts, or is a number that is not kept exactly.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => is_exact(number).then(|| number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Whether the number is the backend's: an integer of more than 64 bits would be another one.
fn is_exact(number: &Number) -> bool {
    !number.is_f64() || number.as_f64().is_some_and(|number| number.abs() < INEXACT)
}

/// The groups in `value`.
fn names(value: &Value, pointer: &str) -> Result<Vec<String>, Error> {
    let names = match value {
        Value::Array(list) => list.iter().map(Value::as_str).collect::<Option<Vec<_>>>(),
        value => value.as_str().map(|name| vec![name]),
    };
    let names = names.ok_or_else(|| {
        bad_answer(&format!("the backend's answer has no text and no list of texts at `{pointer}`"))
    })?;
    Ok(names.into_iter().map(str::to_owned).collect())
}

fn bad_answer(message: &str) -> Error {
    Error { code: "bad-answer".to_owned(), message: message.to_owned() }
}

fn bad_setting(variable: &str, holds: &str) -> Error {
    let takes = "it takes places in the answer's JSON: `custom:backend_id=/id`, `/group`";
    Error {
        code: "bad-answer-settings".to_owned(),
        message: format!("{variable} holds {holds}; {takes}"),
    }
}

#[cfg(test)]
mod tests;
