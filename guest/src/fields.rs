//! `USER_FIELDS`: the body's fields, named by the operator. `id=sub,mail=email,source:="cognito"`:
//! a name with an attribute, or with JSON.

use serde_json::{Map, Value};

use crate::bindings::cognito::post_confirmation::types::Error;
use crate::names::{custom, is_possible};

/// The variable.
pub const USER_FIELDS: &str = "USER_FIELDS";

/// What every body has of the event besides attributes, and a field can name.
const OWN: [&str; 5] = ["client_id", "cognito_id", "trigger_source", "user_pool_id", "username"];

/// A field of the body.
#[derive(Debug, PartialEq)]
pub struct Field {
    /// Its name in the body.
    pub name: String,
    /// What it holds.
    pub source: Source,
}

/// The source of a field's value.
#[derive(Debug, PartialEq)]
pub enum Source {
    /// A field that the body would have otherwise, or an attribute.
    Named(String),
    /// The operator.
    Fixed(Value),
}

impl Field {
    /// Whether its value can be that of the attribute `name`. A field that takes `custom:plan` also
    /// takes the one of that name that only a developer can write.
    pub fn takes(&self, name: &str) -> bool {
        match &self.source {
            Source::Named(source) => {
                let own = source.strip_prefix("custom:");
                source == name || own.is_some() && own == custom(name)
            }
            Source::Fixed(_) => false,
        }
    }
}

/// The fields in `text`.
///
/// # Errors
/// It is no list of fields, or one of them names what no user can have: a misspelt name would leave
/// the field out for every user, without a word.
pub fn parse(text: &str) -> Result<Vec<Field>, Error> {
    let mut fields: Vec<Field> = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=').ok_or_else(|| bad("a part without `=`"))?;
        if name.contains(',') {
            return Err(bad("a part without `=`"));
        }
        let (name, source) = match name.strip_suffix(':') {
            Some(name) => {
                let mut values = serde_json::Deserializer::from_str(after).into_iter::<Value>();
                let value = values.next().and_then(Result::ok);
                let value = value.ok_or_else(|| bad("what is no JSON behind `:=`"))?;
                rest = &after[values.byte_offset()..];
                (name, Source::Fixed(value))
            }
            None => {
                let end = after.find(',').unwrap_or(after.len());
                rest = &after[end..];
                (name, Source::Named(after[..end].trim().to_owned()))
            }
        };
        rest = rest.trim_start();
        match rest.strip_prefix(',') {
            Some(next) => rest = next.trim_start(),
            None if rest.is_empty() => {}
            None => return Err(bad("something other than a comma behind a field")),
        }
        let name = name.trim().to_owned();
        if name.is_empty() || source == Source::Named(String::new()) {
            return Err(bad("a field without a name or a value"));
        }
        if let Source::Named(source) = &source
            && !is_source(source)
        {
            return Err(bad(&format!(
                "`{source}`, which is no name of an attribute of Cognito and no field of the body"
            )));
        }
        if fields.iter().any(|field| field.name == name) {
            return Err(bad("a field twice"));
        }
        fields.push(Field { name, source });
    }
    Ok(fields)
}

/// Whether a field can be taken from this. Cognito lets a custom attribute's name hold any mark,
/// but one with `=` is the next field behind a wrong separator. `*` stands for more than one.
fn is_source(name: &str) -> bool {
    match custom(name) {
        Some(own) => !own.is_empty() && !own.contains(is_between),
        None => OWN.contains(&name) || is_possible(name),
    }
}

/// Whether the character `c` stands between names, or for more than one.
fn is_between(c: char) -> bool {
    c.is_whitespace() || c.is_control() || c == '=' || c == '*'
}

/// The body with `fields` alone, taken from `all` that could be sent. What the user does not have
/// is left out.
pub fn chosen(fields: &[Field], all: &Map<String, Value>) -> Map<String, Value> {
    let mut body = Map::new();
    for field in fields {
        let value = match &field.source {
            Source::Named(source) => all.get(source).cloned(),
            Source::Fixed(value) => Some(value.clone()),
        };
        if let Some(value) = value {
            body.insert(field.name.clone(), value);
        }
    }
    body
}

fn bad(holds: &str) -> Error {
    Error {
        code: "bad-user-fields".to_owned(),
        message: format!(
            "{USER_FIELDS} holds {holds}; it takes fields, separated by commas: `id=sub,mail=email,source:=\"cognito\"`"
        ),
    }
}
