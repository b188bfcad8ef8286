//! The languages that the workbench knows: how to tell whose folder it is, and what makes a
//! component of it. A new one is a file in `toolchain/`, its `Language` and `FILES` here, its
//! templates in `workbench/templates/` and `commands/new/template.rs`, and what it needs in
//! `commands/new.rs`.

mod contract;
mod javascript;
mod producers;
mod python;
mod rust;
pub mod tool;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use post_confirmation_host::mapper;

pub use contract::CONTRACT;
pub use javascript::TYPES;
pub use python::TYPES as PYTHON_TYPES;

/// A language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Language {
    /// JavaScript, for the engine beside this program.
    Js,
    /// TypeScript, for the same engine.
    Ts,
    /// Python, by componentize-py.
    Python,
    /// Rust, by cargo.
    Rust,
}

/// The files that tell a language.
const FILES: [(&str, Language); 5] = [
    ("mapper.js", Language::Js),
    ("mapper.ts", Language::Ts),
    ("package.json", Language::Js),
    ("mapper.py", Language::Python),
    ("Cargo.toml", Language::Rust),
];

/// The file of mappers in Python before they had a form of their own.
const OLD_PYTHON: &str = "app.py";

impl Language {
    /// The language of the mapper in `folder`.
    pub fn require(folder: &Path) -> Result<Language> {
        if let Some(language) = Language::found(folder)? {
            return Ok(language);
        }
        if folder.join(OLD_PYTHON).is_file() {
            bail!(
                "`{}` does not hold a mapper: what `{OLD_PYTHON}` does moves to `mapper.py`, into a function \
                 `transform(event)`; `mapper new --lang python` shows its form",
                folder.display()
            );
        }
        bail!(
            "`{}` does not hold a mapper: there is no `mapper.js`, `mapper.ts`, `mapper.py` or `Cargo.toml`; \
             `mapper new` makes one",
            folder.display()
        )
    }

    /// The language of the mapper in `folder`, by the file that each one has. None if there is no
    /// such file.
    pub fn found(folder: &Path) -> Result<Option<Language>> {
        let there = FILES.iter().filter(|(file, _)| folder.join(file).is_file());
        let mut languages: Vec<Language> = there.map(|(_, language)| *language).collect();
        // A package of npm can hold either.
        if languages.contains(&Language::Ts) && folder.join("package.json").is_file() {
            languages.retain(|language| *language != Language::Js);
        }
        languages.dedup();
        match languages.as_slice() {
            [] => Ok(None),
            [language] => Ok(Some(*language)),
            _ => bail!(
                "`{}` could be a mapper in more than one language: keep only one of `mapper.js`, `mapper.ts`, \
                 `mapper.py` and `Cargo.toml`",
                folder.display()
            ),
        }
    }

    /// Whether `folder`, which has this language's file, can be a mapper's. A crate of another kind
    /// can stand in the folder of a mapper from elsewhere, and takes long to build.
    pub fn is_mappers(self, folder: &Path) -> bool {
        if self != Language::Rust {
            return true;
        }
        fs::read_to_string(folder.join("Cargo.toml"))
            .is_ok_and(|manifest| manifest.contains("cdylib"))
    }

    /// The files by which the language's tools are set, in the mapper's folder or above it, apart
    /// from those that are found there anyway.
    pub fn settings(self) -> &'static [&'static str] {
        match self {
            Language::Rust => &[
                "Cargo.toml",
                "Cargo.lock",
                ".cargo/config.toml",
                ".cargo/config",
                "rust-toolchain.toml",
                "rust-toolchain",
            ],
            Language::Js | Language::Ts => &["node_modules/.package-lock.json"],
            Language::Python => &[],
        }
    }

    /// What of this program goes into the language's components, by its release and its digest.
    /// None if nothing does.
    pub fn own(self) -> Option<String> {
        match self {
            Language::Rust => None,
            Language::Js | Language::Ts => Some(released(&javascript::own())),
            Language::Python => Some(released(&python::own())),
        }
    }

    /// Makes the component of the mapper in `folder` and writes it to `output`. Returns the files
    /// of which it is known that they were read. None if the source is refused; standard error says
    /// why.
    pub fn build(self, folder: &Path, output: &Path) -> Result<Option<Vec<PathBuf>>> {
        match self {
            Language::Rust => rust::build(folder, output),
            Language::Js | Language::Ts => javascript::build(folder, output),
            Language::Python => python::build(folder, output),
        }
    }
}

/// This release's `bytes`.
fn released(bytes: &[u8]) -> String {
    format!("{} {}", env!("CARGO_PKG_VERSION"), mapper::File::describe(bytes).sha256)
}

/// The result of starting `program`. If it is missing, `hint` says what to do.
fn started<T>(started: io::Result<T>, program: &str, hint: &str) -> Result<T> {
    match started {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            bail!("`{program}` is not installed: {hint}")
        }
        started => started.with_context(|| format!("`{program}` can't be started")),
    }
}
