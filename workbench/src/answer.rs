//! An answer of the backend in a file: `NAME.answer.json` of a case, `--answer` of a command.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use post_confirmation_host::backend::Answer;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::input;

/// The statuses that can count as delivered: 2xx, and what a mapper may accept besides.
const STATUSES: RangeInclusive<u16> = 200..=499;

/// The file.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Form {
    status: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// The body as JSON.
    body: Option<Box<RawValue>>,
    body_text: Option<String>,
    body_base64: Option<String>,
}

/// The answer in the file `path`.
pub fn read(path: &Path) -> Result<Answer> {
    let form: Form = input::json(path)?;
    form.answer().with_context(|| format!("`{}` is no answer", path.display()))
}

impl Form {
    /// The answer.
    fn answer(self) -> Result<Answer> {
        let Form { status, headers, body, body_text, body_base64 } = self;
        ensure!(
            STATUSES.contains(&status),
            "`status` is {status}, which never counts as delivered"
        );
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
        let headers = headers.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value));
        Ok(Answer { status, headers: headers.collect(), body })
    }
}
