//! Files of JSON as people's editors and tools leave them.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::de::{DeserializeOwned, IgnoredAny};

/// What editors on Windows put at the start of a text in UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The value in the file `path`.
pub fn json<T: DeserializeOwned>(path: &Path) -> Result<T> {
    parsed(path, &text(path)?)
}

/// The value in `text`, which is that of the file `path`, or the JSON in it.
pub fn parsed<T: DeserializeOwned>(path: &Path, text: &str) -> Result<T> {
    match serde_json::from_str(text) {
        Ok(value) => Ok(value),
        // To the parser, `{}` in place of an enum is an error of syntax.
        Err(error) if error.is_data() || serde_json::from_str::<IgnoredAny>(text).is_ok() => {
            Err(error).with_context(|| format!("`{}` is not as it has to be", path.display()))
        }
        Err(error) => Err(error).with_context(|| no_json(path)),
    }
}

/// What to say of the file `path` if it is not JSON.
pub fn no_json(path: &Path) -> String {
    format!("`{}` is not JSON", path.display())
}

/// The text of the file `path`, without a byte order mark.
pub fn text(path: &Path) -> Result<String> {
    let file = path.display();
    let mut bytes = fs::read(path).with_context(|| format!("`{file}` can't be read"))?;
    // JSON begins with ASCII, so UTF-16 and UTF-32 have a zero among the first two bytes even
    // without their mark.
    let wide = bytes.starts_with(b"\xff\xfe")
        || bytes.starts_with(b"\xfe\xff")
        || bytes.iter().take(2).any(|it| *it == 0);
    ensure!(!wide, "`{file}` is in UTF-16: save it in UTF-8");
    if bytes.starts_with(BYTE_ORDER_MARK) {
        bytes.drain(..BYTE_ORDER_MARK.len());
    }
    String::from_utf8(bytes).with_context(|| format!("`{file}` is not in UTF-8"))
}
