//! Why there is no component: what is wrong, and the place in the author's own source.

use std::fmt;
use std::io;
use std::path::PathBuf;

use oxc_diagnostics::OxcDiagnostic;
use thiserror::Error;

/// Why there is no component.
#[derive(Debug, Error)]
pub enum Fault {
    /// Something in a file of the mapper.
    #[error("{place}: {message}")]
    Source {
        /// The file, the line and the column.
        place: Place,
        /// What, and what to do about it.
        message: String,
    },
    /// What the engine says of the mapper, with the places in it.
    #[error("{0}")]
    Refused(String),
    /// A file that can't be read.
    #[error("`{file}` can't be read")]
    Read {
        /// The file.
        file: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The engine.
    #[error("the JavaScript engine `{file}` can't be used; it has to be the one of this release")]
    Engine {
        /// The engine's file.
        file: PathBuf,
        /// What is wrong with it.
        source: wasmtime::Error,
    },
}

/// A place in a file of the mapper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file's name, from the mapper's folder.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in UTF-16 as editors count it.
    pub column: usize,
}

impl Place {
    /// The place of the byte `offset` in `source`.
    pub(super) fn at(file: &str, source: &str, offset: u32) -> Place {
        let before = source.get(..offset as usize).unwrap_or(source);
        let line = before.rsplit('\n').next().unwrap_or_default();
        let lines = before.matches('\n').count();
        Place { file: file.to_owned(), line: lines + 1, column: line.encode_utf16().count() + 1 }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

impl Fault {
    /// What is wrong at the byte `offset` of `source`.
    pub(super) fn at(file: &str, source: &str, offset: u32, message: impl Into<String>) -> Fault {
        Fault::Source { place: Place::at(file, source, offset), message: message.into() }
    }

    /// What the parser says.
    pub(super) fn syntax(file: &str, source: &str, diagnostic: &OxcDiagnostic) -> Fault {
        let offset = diagnostic.labels.first().map_or(0, |label| label.offset());
        let help = diagnostic.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
        Fault::at(file, source, offset, format!("SyntaxError: {}{help}", diagnostic.message))
    }
}
