//! What a mapper makes of an event, in the form in which cases keep it and mappers are compared:
//! JSON if the body is JSON, names of headers in lower case and in order.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use post_confirmation_host::backend::Violation;
use post_confirmation_host::error::Error;
use post_confirmation_host::mapper;
use post_confirmation_host::{Method, printable};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// What becomes of an event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Mapped {
    /// This request is delivered.
    Deliver(Request),
    /// Nothing is, for the reason with this code.
    Skip(String),
    /// The mapper returns an error with this code.
    Error(String),
    /// Anything else: a trap, a limit, a request that breaks a rule. No case can expect this.
    #[serde(skip_deserializing)]
    Failed(Failed),
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
            error => {
                Mapped::Failed(Failed { error_type: error.error_type(), error: error.to_string() })
            }
        }
    }

    /// What comes of a request that breaks a rule, with the part that does if it is known.
    pub fn refused(broken: Violation, part: Option<String>) -> Mapped {
        let error = Error::from(broken);
        let part = part.map(|part| format!("; {part}")).unwrap_or_default();
        Mapped::Failed(Failed { error_type: error.error_type(), error: format!("{error}{part}") })
    }

    /// As it is when it comes from a mapper: names in lower case, statuses in order.
    pub fn in_order(mut self) -> Mapped {
        if let Mapped::Deliver(request) = &mut self {
            let headers = std::mem::take(&mut request.headers);
            request.headers = headers
                .into_iter()
                .map(|(name, values)| (name.to_ascii_lowercase(), values))
                .collect();
            request.accept_status.sort_unstable();
        }
        self
    }

    /// The JSON that a case keeps, without a newline at its end.
    pub fn text(&self) -> String {
        // Strings, numbers and maps with strings as keys: this can't fail.
        printable::json(serde_json::to_string_pretty(self).unwrap_or_default())
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
