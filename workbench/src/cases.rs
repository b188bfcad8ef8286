//! Cases: events in a folder with what is expected of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use anyhow::{Context, Result, bail, ensure};
use post_confirmation_host::event::Event;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::answer::AnswerFile;
use crate::expectation::Mapped;
use crate::mapper_file::COMPONENT;
use crate::{input, recorded};

/// The folder of cases, unless another is named.
pub const FOLDER: &str = "cases";
pub const EVENT: &str = ".event.json";
const EXPECTED: &str = ".expected.json";
const VARIABLES: &str = ".variables.json";
const ANSWER: &str = ".answer.json";
const RECEIVED_AT: &str = ".received-at.json";
/// The ends of what can lie beside an event.
const BESIDE: [&str; 4] = [EXPECTED, VARIABLES, ANSWER, RECEIVED_AT];
/// An id of a password reset also depends on the invocation, which is always the same one here.
const INVOCATION: &str = "workbench";
/// When every event of a case came, unless it says so.
const RECEIVED: &str = "2026-01-01T00:00:00.000Z";

/// One event with what is expected of it.
pub struct Case {
    /// `NAME` of `NAME.event.json`.
    pub name: String,
    /// The event.
    pub event: Event,
    /// The mapper's variables besides those of the environment.
    pub variables: BTreeMap<String, String>,
    /// What the backend answers, if the follow-up is to be called.
    pub answer: Option<AnswerFile>,
    /// The expected result, if it is settled.
    pub expected: Option<Mapped>,
    /// The file of `expected`, which may be missing.
    pub expected_file: PathBuf,
}

/// Whether the file `path` is called like one of a case.
pub fn is_file_of_one(path: &Path) -> bool {
    let name = path.to_string_lossy();
    [EVENT].iter().chain(&BESIDE).any(|end| name.ends_with(end))
}

/// The cases that `wanted` names: folders, names of cases, and files of cases.
pub fn chosen(wanted: &[PathBuf]) -> Result<Vec<Arc<Case>>> {
    let mut places = Vec::new();
    for wanted in wanted {
        let folder = wanted.is_dir() || wanted == Path::new(FOLDER);
        let found = if folder { names(wanted)? } else { vec![place(wanted)?] };
        // The files of one case may all be named.
        let new: Vec<_> = found.into_iter().filter(|place| !places.contains(place)).collect();
        places.extend(new);
    }
    places.into_iter().map(|(folder, name)| case(&folder, name).map(Arc::new)).collect()
}

/// The folder and the name of the one case that `wanted` names.
fn place(wanted: &Path) -> Result<(PathBuf, String)> {
    let file = wanted.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let mut ends = [EVENT].iter().chain(&BESIDE);
    let name = ends.find_map(|end| file.strip_suffix(end)).unwrap_or(file);
    let folder = wanted.parent().unwrap_or(Path::new(""));
    let mut folders = [folder.to_owned(), Path::new(FOLDER).join(folder)].into_iter();
    match folders.find(|folder| file_of(folder, name, EVENT).is_file()) {
        Some(folder) => Ok((folder, name.to_owned())),
        None if wanted.is_file() => {
            bail!(
                "`{}` is not a case: the name of its event has to end in `{EVENT}`",
                wanted.display()
            )
        }
        None => bail!(
            "there is no case `{}`: name a folder, a `NAME{EVENT}`, or the NAME of one in `{FOLDER}`",
            wanted.display()
        ),
    }
}

/// The names of the cases in `folder`, each with the folder.
fn names(folder: &Path) -> Result<Vec<(PathBuf, String)>> {
    let mut names = Vec::new();
    let mut others = Vec::new();
    let shown = folder.display();
    ensure!(
        folder.exists(),
        "there is no folder `{shown}`; start with `mkdir {shown} && mapper events native > {shown}/native{EVENT}`"
    );
    for entry in
        fs::read_dir(folder).with_context(|| format!("the folder `{shown}` can't be read"))?
    {
        let file = entry?.file_name();
        let Some(file) = file.to_str() else { continue };
        if let Some(name) = file.strip_suffix(EVENT) {
            names.push(name.to_owned());
        } else if let Some(name) = BESIDE.iter().find_map(|end| file.strip_suffix(end)) {
            others.push((name.to_owned(), file.to_owned()));
        }
    }
    // A misspelt name would otherwise be a case that is never run.
    for (name, file) in others {
        ensure!(
            names.contains(&name),
            "`{}` belongs to no event: there is no `{name}{EVENT}`",
            folder.join(file).display()
        );
    }
    if names.is_empty() {
        let inner = folder.join(FOLDER);
        ensure!(
            !inner.is_dir(),
            "`{}` is a mapper's folder: name `{} --mapper {}`",
            folder.display(),
            inner.display(),
            folder.join(COMPONENT).display()
        );
        bail!(
            "`{shown}` holds no `NAME{EVENT}`; start with `mapper events native > {shown}/native{EVENT}`"
        );
    }
    names.sort();
    Ok(names.into_iter().map(|name| (folder.to_owned(), name)).collect())
}

fn case(folder: &Path, name: String) -> Result<Case> {
    let expected_file = file_of(folder, &name, EXPECTED);
    Ok(Case {
        event: event(&file_of(folder, &name, EVENT))?,
        answer: there(&file_of(folder, &name, ANSWER))?.map(AnswerFile::read).transpose()?,
        variables: optional(&file_of(folder, &name, VARIABLES))?.unwrap_or_default(),
        expected: optional(&expected_file)?.map(Mapped::in_order),
        expected_file,
        name,
    })
}

/// The file with this `end` of the case `name` in `folder`.
fn file_of(folder: &Path, name: &str, end: &str) -> PathBuf {
    folder.join(format!("{name}{end}"))
}

/// The file of the event that `wanted` names: that file, or the event of the case of this name.
pub fn event_file(wanted: &Path) -> Result<PathBuf> {
    if wanted.exists() {
        return Ok(wanted.to_owned());
    }
    match place(wanted) {
        Ok((folder, name)) => Ok(file_of(&folder, &name, EVENT)),
        // A file, which is not there.
        Err(_) if wanted.extension().is_some_and(|it| it == "json") => Ok(wanted.to_owned()),
        Err(_) => bail!("there is no case `{}`; {}", wanted.display(), known()),
    }
}

/// What cases there are.
fn known() -> String {
    let names = names(Path::new(FOLDER)).unwrap_or_default();
    let names: Vec<String> = names.iter().map(|(_, name)| format!("`{name}`")).collect();
    if names.is_empty() {
        return format!("there are none in `{FOLDER}`");
    }
    format!("`{FOLDER}` has {}", names.join(", "))
}

/// A case of an event alone: nothing is expected of it.
pub fn bare(name: &str, event: Event) -> Case {
    Case {
        name: name.to_owned(),
        event,
        variables: BTreeMap::new(),
        answer: None,
        expected: None,
        expected_file: PathBuf::new(),
    }
}

/// The event `json` in the place of one that a file holds. It came when those of cases did.
pub fn read(json: &RawValue) -> Result<Event> {
    let mut event = Event::read(json, INVOCATION);
    event.received_at = moment(RECEIVED).context("the built-in time is not valid")?;
    Ok(event)
}

/// The variables of the mapper beside the event in the file `path`, if that is the one of a case.
pub fn variables(path: &Path) -> Result<BTreeMap<String, String>> {
    let Some(file) = beside(path, VARIABLES) else { return Ok(BTreeMap::new()) };
    Ok(optional(&file)?.unwrap_or_default())
}

/// The event in the file `path`, which came when the file beside it says, if it is that of a case.
pub fn event(path: &Path) -> Result<Event> {
    let json = recorded::event(path)?;
    let mut event = Event::read(&json, INVOCATION);
    let file = beside(path, RECEIVED_AT);
    let said: Option<String> = match &file {
        Some(file) => optional(file)?,
        None => None,
    };
    let received = said.as_deref().unwrap_or(RECEIVED);
    event.received_at = moment(received).with_context(|| {
        let file = file.unwrap_or_default();
        format!("`{}` is not a time such as \"{RECEIVED}\"", file.display())
    })?;
    Ok(event)
}

/// The file with this `end` that may lie beside the event in the file `path`.
fn beside(path: &Path, end: &str) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?.strip_suffix(EVENT)?;
    Some(path.with_file_name(format!("{name}{end}")))
}

fn moment(text: &str) -> Option<SystemTime> {
    OffsetDateTime::parse(text, &Rfc3339).ok().map(SystemTime::from)
}

fn optional<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    there(path)?.map(input::json).transpose()
}

/// `path`, if there is a file.
fn there(path: &Path) -> Result<Option<&Path>> {
    Ok(path.try_exists()?.then_some(path))
}
