//! An answer of the backend in a file: `NAME.answer.json` of a case, `--answer` of a command. It
//! counts for as much as it would if the backend gave it.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use post_confirmation_host::backend::header::{HeaderMap, HeaderName, HeaderValue};
use post_confirmation_host::backend::{
    Answer, Delivery, Error, PreparedRequest, StatusCode, may_be_accepted,
};
use post_confirmation_host::outcome::{Action, End, Handled, Plan};
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::input;

/// The file.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Form {
    status: u16,
    #[serde(default, deserialize_with = "headers")]
    headers: HeaderMap,
    /// The body as JSON.
    body: Option<Box<RawValue>>,
    body_text: Option<String>,
    body_base64: Option<String>,
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
        let form: Form = input::json(path)?;
        form.answer(path).with_context(|| format!("`{}` is no answer", path.display()))
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
        let undelivered = |error| End::Undelivered { error, queue: None };
        let (end, delivery) = match &plan.action {
            Ok(Action::Deliver(request)) => {
                let delivery = self.delivery(request, wanted);
                let end = match &delivery.result {
                    Ok(status) => End::Delivered(*status),
                    Err(error) => undelivered(error.clone().into()),
                };
                (end, Some(delivery))
            }
            Ok(Action::Skip(code)) => (End::Skipped(code.clone()), None),
            Err(error) => (undelivered(error.clone()), None),
        };
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

impl Form {
    /// The answer, which is in `file`.
    fn answer(self, file: &Path) -> Result<AnswerFile> {
        let Form { status, headers, body, body_text, body_base64 } = self;
        let counts = StatusCode::from_u16(status)
            .ok()
            .filter(|it| it.is_success() || may_be_accepted(status));
        let counts = counts
            .with_context(|| format!("`status` is {status}, which never counts as delivered"))?;
        let json = body.map(|json| json.get().as_bytes().to_vec());
        let text = body_text.map(String::into_bytes);
        let binary = body_base64.map(|text| BASE64_STANDARD.decode(text)).transpose();
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
        while let Some((name, value)) = members.next_entry::<String, String>()? {
            let field = HeaderName::from_bytes(name.as_bytes());
            let value = HeaderValue::from_str(&value).ok();
            // What is not ASCII is withheld from mappers.
            let (Ok(field), Some(value)) = (field, value.filter(|value| value.to_str().is_ok()))
            else {
                return Err(de::Error::custom(format!(
                    "the header `{name}` holds a character that no mapper gets"
                )));
            };
            headers.try_append(field, value).map_err(de::Error::custom)?;
        }
        Ok(headers)
    }
}
