//! Reading what AWS answers. A part that has to be there and is not is an error, because AWS does
//! not document such an answer.

use anyhow::{Context, Result};
use serde_json::Value;
use thiserror::Error;

/// An answer of AWS is not as it is documented.
#[derive(Debug, Error)]
#[error("an answer of AWS is not as expected (no `{0}`)")]
pub struct Unexpected(String);

impl Unexpected {
    /// About the part `name`.
    pub fn new(name: &str) -> Unexpected {
        Unexpected(name.to_owned())
    }
}

/// The text `name` of `value`.
///
/// # Errors
/// It is not there.
pub fn text<'a>(value: &'a Value, name: &str) -> Result<&'a str, Unexpected> {
    value[name].as_str().ok_or_else(|| Unexpected::new(name))
}

/// The text `name` of `value`, if it is there and not empty.
pub fn filled<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value[name].as_str().filter(|text| !text.is_empty())
}

/// The number `name` of `value`.
///
/// # Errors
/// It is not there.
pub fn number(value: &Value, name: &str) -> Result<u64, Unexpected> {
    value[name].as_u64().ok_or_else(|| Unexpected::new(name))
}

/// The number that SQS writes as the text `name` of `value`.
///
/// # Errors
/// It is not there, or no number.
pub fn number_in_text(value: &Value, name: &str) -> Result<u64, Unexpected> {
    text(value, name)?.parse().map_err(|_| Unexpected::new(name))
}

/// The list `name` of `value`.
///
/// # Errors
/// It is not there.
pub fn list<'a>(value: &'a Value, name: &str) -> Result<&'a [Value], Unexpected> {
    Ok(value[name].as_array().ok_or_else(|| Unexpected::new(name))?)
}

/// The object `name` of `value`.
///
/// # Errors
/// It is not there.
pub fn object<'a>(value: &'a Value, name: &str) -> Result<&'a Value, Unexpected> {
    Some(&value[name]).filter(|part| part.is_object()).ok_or_else(|| Unexpected::new(name))
}

/// The architecture in the configuration `function`. Each function has one.
///
/// # Errors
/// It is not there.
pub fn architecture(function: &Value) -> Result<&str, Unexpected> {
    let first = list(function, "Architectures")?.first();
    first.and_then(Value::as_str).ok_or_else(|| Unexpected::new("Architectures"))
}

/// The items of the list `name` of `value`; none if it is not there.
pub fn items<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// The JSON in the text `name` of `value`, as policies are written.
///
/// # Errors
/// It is not there, or not JSON.
pub fn json_in_text(value: &Value, name: &str) -> Result<Value> {
    serde_json::from_str(text(value, name)?).with_context(|| format!("`{name}` is not JSON"))
}

/// `value` with the members of `other` in place of its own of the same name.
pub fn merged(mut value: Value, other: &Value) -> Value {
    if let (Some(members), Some(others)) = (value.as_object_mut(), other.as_object()) {
        members.extend(others.clone());
    }
    value
}
