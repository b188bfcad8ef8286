//! From a mapper in JavaScript or TypeScript to its component: its modules are found and read, put into the engine, and a
//! snapshot of that is the component. No Node.js and no bundler is needed, and the same files make the same bytes.

mod fault;
mod linked;
mod modules;
mod parsed;
mod resolved;
mod snapshot;
mod typescript;

use std::path::{Path, PathBuf};

use wasmtime::Engine;

pub use fault::{Fault, Place};

/// A component, and of what it was made.
pub struct Built {
    /// The component.
    pub component: Vec<u8>,
    /// The files that were read, the mapper's own first.
    pub files: Vec<PathBuf>,
}

/// Makes the component of the mapper whose own module is the file `mapper`. `js_engine` is the file of the engine that
/// it is put into, and `engine` is what runs that for once: one with a cache saves the second that compiling takes.
///
/// # Errors
/// What is wrong with the mapper, by file and line, or that the engine can't be used.
pub fn build(mapper: &Path, js_engine: &Path, engine: &Engine) -> Result<Built, Fault> {
    let (modules, files) = modules::collect(mapper)?;
    let component = snapshot::take(js_engine, engine, modules)?;
    Ok(Built { component, files })
}
