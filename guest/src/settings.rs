//! What an operator can change about the mapping without a new mapper. The host passes on its
//! variables that begin with `MAPPER_ENV_`, without that prefix.

use crate::bindings::cognito::post_confirmation::types::Error;
use crate::fields::{self, Field, USER_FIELDS};
use crate::names::{custom, is_possible};

/// The path to which users are posted; `users/` unless set. `{sub}` and `{username}` stand for the
/// user's.
const USERS_PATH: &str = "USERS_PATH";
/// Which attributes are sent: their Cognito names, separated by commas; `custom:*` stands for all
/// custom ones.
const USER_ATTRIBUTES: &str = "USER_ATTRIBUTES";
/// What is sent unless set: what most user tables have a column for.
const COMMON: &str =
    "email,email_verified,phone_number,name,given_name,family_name,identities,custom:*";
/// The settings of this mapper.
pub struct Settings {
    /// The path under the backend's base address.
    path: String,
    attributes: Vec<String>,
    /// The body's fields, if the operator names them.
    pub fields: Vec<Field>,
}

impl Settings {
    /// Reads the settings through `lookup`. A variable that is set to nothing counts as not set.
    ///
    /// # Errors
    /// `USER_ATTRIBUTES` holds what can't be the name of an attribute: a list that is separated by
    /// something else, or a misspelt name. It would match nothing, and users would go out without
    /// attributes and without a word.
    pub fn from_variables(lookup: impl Fn(&str) -> Option<String>) -> Result<Settings, Error> {
        let attributes = set_or(lookup(USER_ATTRIBUTES), COMMON);
        let names = attributes.split(',').map(str::trim).filter(|name| !name.is_empty());
        let attributes: Vec<String> = names.map(str::to_owned).collect();
        match attributes.iter().find(|name| !is_possible(name)) {
            Some(name) => Err(bad_attributes(&format!(
                "`{name}`, which is no name of an attribute of Cognito"
            ))),
            None if attributes.is_empty() => Err(bad_attributes("no name")),
            None => {
                let fields = fields::parse(&lookup(USER_FIELDS).unwrap_or_default())?;
                Ok(Settings { path: set_or(lookup(USERS_PATH), "users/"), attributes, fields })
            }
        }
    }

    /// The path for the user `sub` called `username`.
    ///
    /// # Errors
    /// It has a `{` that begins neither `{sub}` nor `{username}`.
    pub fn path(&self, sub: &str, username: &str) -> Result<String, Error> {
        let mut parts = self.path.split('{');
        let mut path = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (value, rest) = match part.split_once('}') {
                Some(("sub", rest)) => (sub, rest),
                Some(("username", rest)) => (username, rest),
                _ => return Err(bad_path()),
            };
            path += &percent_encoded(value);
            path += rest;
        }
        Ok(path)
    }

    /// Whether the attribute `name` is read: it is sent, or a field of the operator's names it.
    pub fn sends(&self, name: &str) -> bool {
        if !self.fields.is_empty() {
            return self.fields.iter().any(|field| field.takes(name));
        }
        match custom(name) {
            Some(own) => self
                .attributes
                .iter()
                .filter_map(|sent| custom(sent))
                .any(|sent| sent == "*" || sent == own),
            None => self.attributes.iter().any(|sent| sent == name),
        }
    }
}

/// The variable's `value`, or `default` if it is not set or empty.
fn set_or(value: Option<String>, default: &str) -> String {
    value.filter(|value| !value.is_empty()).unwrap_or(default.to_owned())
}

fn bad_path() -> Error {
    Error {
        code: "bad-users-path".to_owned(),
        message: format!(
            "{USERS_PATH} holds a `{{` that begins neither `{{sub}}` nor `{{username}}`"
        ),
    }
}

fn bad_attributes(holds: &str) -> Error {
    Error {
        code: "bad-user-attributes".to_owned(),
        message: format!(
            "USER_ATTRIBUTES holds {holds}; it takes names of attributes, separated by commas: `email,locale,custom:*`"
        ),
    }
}

/// `text` as one segment of a path.
fn percent_encoded(text: &str) -> String {
    text.bytes().map(encoded).collect()
}

/// A byte of a path's segment, as `%` and two hexadecimal digits unless it can stay as it is.
fn encoded(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
        char::from(byte).to_string()
    } else {
        format!("%{byte:02X}")
    }
}
