//! Cases: events in a folder with what is expected of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use post_confirmation_host::event::Event;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::value::RawValue;

use crate::mapped::Mapped;

const EVENT: &str = ".event.json";
const EXPECTED: &str = ".expected.json";
const VARIABLES: &str = ".variables.json";

/// One event with what is expected of it.
pub struct Case {
    /// `NAME` of `NAME.event.json`.
    pub name: String,
    /// The event.
    pub event: Event,
    /// The mapper's variables besides those of the environment.
    pub variables: BTreeMap<String, String>,
    /// What the mapper should make of the event, where that is settled.
    pub expected: Option<Mapped>,
    /// Where `expected` stands or belongs.
    pub expected_file: PathBuf,
}

/// The cases in `folder`, by name.
pub fn read(folder: &Path) -> Result<Vec<Arc<Case>>> {
    let mut names = Vec::new();
    let mut others = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("the folder `{}` can't be read", folder.display()))? {
        let file = entry?.file_name();
        let Some(file) = file.to_str() else { continue };
        if let Some(name) = file.strip_suffix(EVENT) {
            names.push(name.to_owned());
        } else if let Some(name) = file.strip_suffix(EXPECTED).or(file.strip_suffix(VARIABLES)) {
            others.push((name.to_owned(), file.to_owned()));
        }
    }
    // A misspelt name would otherwise be a case that nobody runs.
    for (name, file) in others {
        ensure!(
            names.contains(&name),
            "`{}` belongs to no event: there is no `{name}{EVENT}`",
            folder.join(file).display()
        );
    }
    if names.is_empty() {
        let folder = folder.display();
        bail!("`{folder}` holds no `NAME{EVENT}`; start with `mapper events native > {folder}/native{EVENT}`");
    }
    names.sort();
    names.into_iter().map(|name| case(folder, name).map(Arc::new)).collect()
}

fn case(folder: &Path, name: String) -> Result<Case> {
    let file = |suffix| folder.join(format!("{name}{suffix}"));
    let expected_file = file(EXPECTED);
    Ok(Case {
        event: event(&file(EVENT))?,
        variables: optional(&file(VARIABLES))?.unwrap_or_default(),
        expected: optional(&expected_file)?.map(Mapped::in_order),
        expected_file,
        name,
    })
}

/// The event in the file `path`.
pub fn event(path: &Path) -> Result<Event> {
    let json: Box<RawValue> = json(path, &text(path)?)?;
    // An id of a password reset also depends on the invocation, which is always the same one here.
    Ok(Event::read(&json, "workbench"))
}

fn optional<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    if path.try_exists()? { json(path, &text(path)?).map(Some) } else { Ok(None) }
}

fn text(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("`{}` can't be read", path.display()))
}

fn json<T: DeserializeOwned>(path: &Path, text: &str) -> Result<T> {
    match serde_json::from_str(text) {
        Ok(value) => Ok(value),
        // To the parser, `{}` in place of an enum is an error of syntax.
        Err(error) if error.is_data() || serde_json::from_str::<IgnoredAny>(text).is_ok() => {
            Err(error).with_context(|| format!("`{}` is not as it has to be", path.display()))
        }
        Err(error) => Err(error).with_context(|| format!("`{}` is not JSON", path.display())),
    }
}
