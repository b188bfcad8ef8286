//! `mapper build`: from a mapper's source to its component; and whether a component is still that
//! of its source.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

use crate::compile;
use anyhow::{Context, Result};
use post_confirmation_host::printable;
use serde_json::json;

use crate::mapper_file::COMPONENT;
use crate::sources::{self, Record, Sources};
use crate::terminal::{self, BAD};
use crate::toolchain::Language;

/// Build the component of the mapper in a folder, with the tool of its language, and write it to
/// `mapper.wasm` there.
///
/// A folder with `mapper.js` or `mapper.ts`, or with another module that `package.json` names as
/// `main`, needs no other tool. One with `mapper.py` is built by componentize-py, and one with
/// `Cargo.toml` by cargo for wasm32-wasip2, which reads the contract from the folder `wit` in it.
/// `check`, `test`, `run`, `diff` and `compile` do the same first if `mapper.wasm` is not what its
/// source makes.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  mapper build
  mapper build examples/mapper-js

Exit status: 0 if there is a new component, 1 if the tool refused the source or the component is not a mapper, 2 if
the tool is not there.")]
pub struct Args {
    /// The mapper's folder.
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// A component that was built.
struct Built {
    path: PathBuf,
    bytes: Vec<u8>,
    wit: String,
}

pub fn run(args: &Args) -> Result<bool> {
    build_folder(&args.folder, args.json)
}

/// Builds the component of the mapper in `folder` and says so. Returns whether there is one; if
/// not, standard error says why.
///
/// # Errors
/// It can't be tried.
pub fn build_folder(folder: &Path, json: bool) -> Result<bool> {
    let language = Language::require(folder)?;
    let started = Instant::now();
    let Some(Built { path, bytes, wit }) = build(language, folder)? else { return Ok(false) };
    if json {
        terminal::json(&json!({ "component": path, "size": bytes.len(), "wit": wit }))?;
    } else {
        let (size, took) = (terminal::size(bytes.len() as u64), terminal::time(started.elapsed()));
        anstream::println!("{}  {size}, {wit}, in {took}", path.display());
    }
    Ok(true)
}

/// Builds `file` if it is the component of a mapper's folder, or a link to one, and not what its
/// source makes. Returns whether `file` can be used. If it can't, standard error says why.
pub fn ensure_fresh(file: &Path) -> Result<bool> {
    if !ensure_fresh_in_folder(file)? {
        return Ok(false);
    }
    match file.canonicalize() {
        Ok(real) if file.is_symlink() => ensure_fresh_in_folder(&real),
        _ => Ok(true),
    }
}

/// The same, going by the folder in `file` alone.
fn ensure_fresh_in_folder(file: &Path) -> Result<bool> {
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    if file.file_name().is_none_or(|name| name != COMPONENT) {
        return Ok(true);
    }
    let language = source_language(folder);
    let language = language
        .with_context(|| format!("`{}` can't be compared with its source", file.display()))?;
    let Some(language) = language else { return Ok(true) };
    let sources = sources::collect(language, folder)?;
    let Some(reason) = stale(folder, file, &sources) else { return Ok(true) };
    anstream::eprintln!("building {}: {reason}", file.display());
    rebuild(language, folder)
}

/// Builds the component of the mapper in `folder`. Returns whether there is one; if not, standard
/// error says why.
///
/// # Errors
/// It can't be tried.
pub fn rebuild(language: Language, folder: &Path) -> Result<bool> {
    Ok(build(language, folder)?.is_some())
}

/// The language of the mapper in `folder`. None if its component comes from elsewhere.
fn source_language(folder: &Path) -> Result<Option<Language>> {
    if Record::is_in(folder) {
        return Language::require(folder).map(Some);
    }
    Ok(Language::found(folder)?.filter(|language| language.is_mappers(folder)))
}

/// Why the component `file` of the mapper in `folder`, whose `sources` these are, has to be built.
pub fn stale(folder: &Path, file: &Path, sources: &Sources) -> Option<String> {
    let Ok(component) = fs::read(file) else { return Some("it does not exist".to_owned()) };
    let Some(record) = Record::read(folder).filter(|record| record.is_of(&component)) else {
        return Some("it was not made by `mapper build`".to_owned());
    };
    let changed = record.changed(folder, sources);
    if changed.iter().any(|path| path == sources::BUILD) {
        return Some("another release of `mapper` built it".to_owned());
    }
    named(&changed)
}

/// Says that the files `changed` are not as they were, if there is one.
pub fn named(changed: &[String]) -> Option<String> {
    changed.first().map(|first| match changed.len() {
        1 => format!("`{first}` is not as it was"),
        number => format!("`{first}` and {} more are not as they were", number - 1),
    })
}

/// Builds the component of the mapper in `folder`. None if the tool or the contract refuses it;
/// standard error says why.
fn build(language: Language, folder: &Path) -> Result<Option<Built>> {
    // Beside its later place, so that putting it there is one step and a failed build leaves the
    // old one.
    let scratch = tempfile::Builder::new().prefix(".mapper-build-").tempdir_in(folder);
    let scratch =
        scratch.with_context(|| format!("nothing can be written into `{}`", folder.display()))?;
    let new = scratch.path().canonicalize()?.join(COMPONENT);
    // Before the tool reads them: what is written meanwhile is not in the component.
    let (sources, started) = (sources::collect(language, folder)?, SystemTime::now());
    let Some(others) = language.build(folder, &new)? else { return Ok(None) };

    let bytes = fs::read(&new).context("the component can't be read")?;
    let wit = match compile::interface(&bytes)?.wit() {
        Ok(wit) => wit,
        Err(error) => {
            let why = error.to_string();
            anstream::eprintln!("{BAD}no mapper{BAD:#}: {}", printable::shown(&why));
            return Ok(None);
        }
    };
    let record = Record::new(folder, &bytes, sources, &others, started)?;
    let path = if folder == Path::new(".") { COMPONENT.into() } else { folder.join(COMPONENT) };
    fs::rename(&new, &path).with_context(|| format!("`{}` can't be written", path.display()))?;
    record.write(folder, scratch.path())?;
    Ok(Some(Built { path, bytes, wit }))
}
