//! What a mapper makes of an event, in the form in which cases keep it and mappers are compared:
//! JSON if the body is JSON, names of headers in lower case and in order.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use post_confirmation_host::Approved;
use post_confirmation_host::error::Error;
use post_confirmation_host::mapper::{self, Code};
use post_confirmation_host::{Method, printable};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// What becomes of an event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(into = "Form", try_from = "Form")]
pub enum Mapped {
    /// This request is delivered, and then this is done with the Cognito user, if the mapper was
    /// given an answer and wants anything.
    Deliver(Box<Request>, Option<Effects>),
    /// Nothing is, for the reason with this code.
    Skip(String),
    /// The mapper returns an error with this code.
    Error(String),
    /// Anything else: a trap, a limit, a request that breaks a rule. No case can expect this.
    Failed(Failed),
}

/// The same in JSON.
#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Form {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deliver: Option<Request>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    effects: Option<Effects>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    skip: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_deserializing, skip_serializing_if = "Option::is_none")]
    failed: Option<Failed>,
}

/// What is done with the Cognito user.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Effects {
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    attributes: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    groups: Vec<String>,
    /// The code of the error that the follow-up returns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// A request as the mapper asks for it, before the host adds anything.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Request {
    method: String,
    path: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    headers: BTreeMap<String, Values>,
    /// The body if it is JSON, `null` included.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    body: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body_text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body_base64: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    accept_status: Vec<u16>,
}

/// The value of a header, or the values of one that is repeated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Values {
    One(String),
    Several(Vec<String>),
}

/// An end that no mapper intends.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Failed {
    /// As in the function's log.
    pub error_type: &'static str,
    /// What happened.
    pub error: String,
}

impl Mapped {
    /// What comes of an error.
    pub fn failed(error: Error) -> Mapped {
        match error {
            Error::Mapper(mapper::Error::Returned(code)) => Mapped::Error(code.to_string()),
            error => Mapped::refused(error, None),
        }
    }

    /// What comes of what breaks a rule, with the part that does if it is known, or what to change.
    pub fn refused(error: impl Into<Error>, part: Option<String>) -> Mapped {
        let error = error.into();
        let part = part.map(|part| format!("; {part}")).unwrap_or_default();
        Mapped::Failed(Failed { error_type: error.error_type(), error: format!("{error}{part}") })
    }

    /// What comes of `request`, after which `effects` are wanted. To want none is to do nothing.
    pub fn deliver(request: Request, effects: Option<Effects>) -> Mapped {
        Mapped::Deliver(Box::new(request), effects.filter(|effects| *effects != Effects::default()))
    }

    /// As it is when it comes from a mapper: names in lower case, statuses in order.
    pub fn in_order(mut self) -> Mapped {
        if let Mapped::Deliver(request, _) = &mut self {
            let headers = std::mem::take(&mut request.headers);
            request.headers = headers
                .into_iter()
                .map(|(name, values)| (name.to_ascii_lowercase(), values))
                .collect();
            request.accept_status.sort_unstable();
        }
        self
    }

    /// The path of the request, if there is one.
    pub fn path(&self) -> Option<&str> {
        match self {
            Mapped::Deliver(request, _) => Some(&request.path),
            _ => None,
        }
    }

    /// The JSON that a case keeps, without a newline at its end.
    pub fn text(&self) -> String {
        // Strings, numbers and maps with strings as keys: this can't fail.
        printable::json(serde_json::to_string_pretty(self).unwrap_or_default())
    }
}

impl From<Mapped> for Form {
    fn from(mapped: Mapped) -> Form {
        match mapped {
            Mapped::Deliver(request, effects) => {
                Form { deliver: Some(*request), effects, ..Form::default() }
            }
            Mapped::Skip(code) => Form { skip: Some(code), ..Form::default() },
            Mapped::Error(code) => Form { error: Some(code), ..Form::default() },
            Mapped::Failed(failed) => Form { failed: Some(failed), ..Form::default() },
        }
    }
}

impl TryFrom<Form> for Mapped {
    type Error = &'static str;

    fn try_from(form: Form) -> Result<Mapped, &'static str> {
        match form {
            Form { deliver: Some(request), effects, skip: None, error: None, .. } => {
                Ok(Mapped::deliver(request, effects))
            }
            Form { effects: Some(_), .. } => Err("`effects` come after `deliver` alone"),
            Form { deliver: None, skip: Some(code), error: None, .. } => Ok(Mapped::Skip(code)),
            Form { deliver: None, skip: None, error: Some(code), .. } => Ok(Mapped::Error(code)),
            _ => Err("one of `deliver`, `skip` and `error` has to be there, and only one"),
        }
    }
}

impl Effects {
    /// What comes of a follow-up that returned an error.
    pub fn failed(code: &Code) -> Effects {
        Effects { error: Some(code.to_string()), ..Effects::default() }
    }
}

/// A line for each.
impl fmt::Display for Effects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.attributes.is_empty() && self.groups.is_empty() {
            return writeln!(f, "nothing is to be done with the Cognito user");
        }
        for (name, value) in &self.attributes {
            writeln!(f, "set {}: {}", printable::line(name), printable::line(value))?;
        }
        self.groups
            .iter()
            .try_for_each(|group| writeln!(f, "add to group {}", printable::line(group)))
    }
}

impl From<&Approved> for Effects {
    fn from(approved: &Approved) -> Effects {
        let Approved { attributes, groups } = approved;
        Effects {
            attributes: attributes.iter().cloned().collect(),
            groups: groups.clone(),
            error: None,
        }
    }
}

impl From<&post_confirmation_host::Request> for Request {
    fn from(request: &post_confirmation_host::Request) -> Request {
        let mut headers: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in &request.headers {
            headers.entry(name.to_ascii_lowercase()).or_default().push(value.clone());
        }
        let mut accept_status = request.accept_status.clone();
        accept_status.sort_unstable();
        let json = serde_json::from_slice(&request.body).ok();
        let text =
            str::from_utf8(&request.body).ok().filter(|text| json.is_none() && !text.is_empty());
        let binary = json.is_none() && text.is_none() && !request.body.is_empty();
        Request {
            method: match request.method {
                Method::Post => "POST",
                Method::Put => "PUT",
                Method::Patch => "PATCH",
            }
            .to_owned(),
            path: request.path.clone(),
            headers: headers
                .into_iter()
                .map(|(name, values)| (name, Values::from(values)))
                .collect(),
            body_text: text.map(str::to_owned),
            body_base64: binary.then(|| BASE64_STANDARD.encode(&request.body)),
            body: json,
            accept_status,
        }
    }
}

impl From<Vec<String>> for Values {
    fn from(mut values: Vec<String>) -> Values {
        match values.pop() {
            Some(value) if values.is_empty() => Values::One(value),
            last => Values::Several(values.into_iter().chain(last).collect()),
        }
    }
}

/// Reads a value that is there, and may be `null`.
fn present<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(value).map(Some)
}
