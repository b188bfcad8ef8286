//! An answer of the backend in a file: `NAME.answer.json` of a case, `--answer` of a command. It
//! counts for as much as it would if the backend gave it.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use post_confirmation_host::backend::header::{HeaderMap, HeaderName, HeaderValue};
use post_confirmation_host::backend::{
    Answer, Delivery, Error, PreparedRequest, StatusCode, may_be_accepted,
};
use post_confirmation_host::outcome::{Action, End, Handled, Plan};
use post_confirmation_host::printable;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::input;

/// An answer as people write it.
const EXAMPLE: &str = r#"`{ "status": 201, "body": { "id": 42 } }`"#;
/// The most that is shown of what is something else, in bytes.
const SHOWN: usize = 200;

/// The file.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Form {
    #[serde(default)]
    status: Value,
    #[serde(default, deserialize_with = "headers")]
    headers: HeaderMap,
    /// The body as JSON, which can be `null`.
    #[serde(default, deserialize_with = "json")]
    body: Option<Box<RawValue>>,
    #[serde(default)]
    body_text: Value,
    #[serde(default)]
    body_base64: Value,
}

/// An answer that was read from a file.
pub struct AnswerFile {
    file: PathBuf,
    status: StatusCode,
    /// What a mapper gets of it.
    answer: Result<Answer, Error>,
}

impl AnswerFile {
    /// The answer in the file `path`.
    pub fn read(path: &Path) -> Result<AnswerFile> {
        let json: Box<RawValue> = input::json(path)?;
        ensure!(
            json.get().starts_with('{'),
            "`{}` is not an answer: it has to be an object such as {EXAMPLE}, and is {}",
            path.display(),
            shown(json.get())
        );
        let form: Form = input::parsed(path, json.get())?;
        form.answer(path).with_context(|| format!("`{}` is not an answer", path.display()))
    }

    /// The delivery of `request` if the backend gives this answer. The answer is kept if it is
    /// `wanted`.
    pub fn delivery(&self, request: &PreparedRequest, wanted: bool) -> Delivery {
        let result = request.judge(self.status);
        let answer = (wanted && result.is_ok()).then(|| self.answer.clone());
        Delivery { result, answer, attempts: Vec::new(), first_failed: None, retry_after: None }
    }

    /// What comes of `plan` if the backend gives this answer, which is kept if it is `wanted`.
    pub fn handled(&self, plan: Plan, wanted: bool) -> Handled {
        let (ended, delivery) = match &plan.action {
            Ok(Action::Deliver(request)) => {
                let delivery = self.delivery(request, wanted);
                let ended = delivery.result.clone().map(End::Delivered).map_err(Into::into);
                (ended, Some(delivery))
            }
            Ok(Action::Skip(code)) => (Ok(End::Skipped(code.clone())), None),
            Err(error) => (Err(error.clone()), None),
        };
        let end = ended.unwrap_or_else(|error| End::Undelivered { error, queue: None });
        Handled::new(end, plan, delivery)
    }

    /// What to change if nothing comes after this answer because of `error`.
    pub fn remedy(&self, error: &Error) -> String {
        let (file, status) = (self.file.display(), self.status.as_u16());
        match error {
            Error::AnswerTooLarge => format!("shorten the body in `{file}`"),
            _ => {
                format!("change `status` in `{file}`, or add {status} to what the request accepts")
            }
        }
    }
}

/// Whether `json` has the form of an answer.
pub fn is_answer(json: &RawValue) -> bool {
    let json = json.get();
    json.starts_with('{')
        && serde_json::from_str::<Form>(json).is_ok_and(|form| form.status.is_u64())
}

impl Form {
    /// The answer, which is in `file`.
    fn answer(self, file: &Path) -> Result<AnswerFile> {
        let Form { status, headers, body, body_text, body_base64 } = self;
        let number = status.as_u64().and_then(|number| u16::try_from(number).ok());
        let number = number.with_context(|| match status {
            Value::Null => format!("`status` is missing: write {EXAMPLE}"),
            _ => format!(
                "`status` has to be a number such as 201, and is {}",
                shown(&status.to_string())
            ),
        })?;
        let counts = StatusCode::from_u16(number)
            .ok()
            .filter(|it| it.is_success() || may_be_accepted(number));
        let counts = counts
            .with_context(|| format!("`status` is {number}, which never counts as delivered"))?;
        let json = body.map(|json| json.get().as_bytes().to_vec());
        let text = text_of("bodyText", body_text)?.map(String::into_bytes);
        let binary = text_of("bodyBase64", body_base64)?;
        let binary = binary.map(|text| BASE64_STANDARD.decode(text)).transpose();
        let binary = binary.context("`bodyBase64` is not base64")?;
        let mut bodies = [json, text, binary].into_iter().flatten();
        let body = bodies.next().unwrap_or_default();
        ensure!(
            bodies.next().is_none(),
            "only one of `body`, `bodyText` and `bodyBase64` may be there"
        );
        let answer = Answer::new(counts, &headers, body);
        Ok(AnswerFile { file: file.to_owned(), status: counts, answer })
    }
}

/// What is there, be it `null`.
fn json<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::<RawValue>::deserialize(value).map(Some)
}

/// The text in the field `name`, if it is there.
fn text_of(name: &str, value: Value) -> Result<Option<String>> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text)),
        other => bail!("`{name}` has to be a text, and is {}", shown(&other.to_string())),
    }
}

/// The beginning of `json`.
fn shown(json: &str) -> &str {
    printable::cut(json, SHOWN)
}

/// Reads headers in their order. One that is repeated has all of its values.
fn headers<'de, D: Deserializer<'de>>(value: D) -> Result<HeaderMap, D::Error> {
    value.deserialize_map(Headers)
}

struct Headers;

impl<'de> Visitor<'de> for Headers {
    type Value = HeaderMap;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of texts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<HeaderMap, A::Error> {
        let mut headers = HeaderMap::new();
        while let Some((name, value)) = members.next_entry::<String, Value>()? {
            let Value::String(value) = value else {
                return Err(de::Error::custom(format!(
                    "the header `{name}` has to be a text, and is {}",
                    shown(&value.to_string())
                )));
            };
            let field = HeaderName::from_bytes(name.as_bytes());
            let value = HeaderValue::from_str(&value).ok();
            // What is not ASCII is withheld from mappers.
            let (Ok(field), Some(value)) = (field, value.filter(|value| value.to_str().is_ok()))
            else {
                return Err(de::Error::custom(format!(
                    "the header `{name}` holds a character that mappers do not get"
                )));
            };
            headers.try_append(field, value).map_err(de::Error::custom)?;
        }
        Ok(headers)
    }
}
