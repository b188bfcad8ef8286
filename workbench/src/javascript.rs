//! From a mapper in JavaScript or TypeScript to its component: its modules are found and read, put
//! into the engine, and a snapshot of that is the component. No Node.js and no bundler is needed,
//! and the same files make the same bytes.

mod fault;
mod linked;
mod modules;
mod parsed;
mod resolved;
mod snapshot;
mod system;
mod typescript;

use std::path::{Path, PathBuf};

pub use fault::{Fault, Place};
pub use snapshot::JsEngine;

/// A component, and of what it was made.
pub struct Built {
    /// The component.
    pub component: Vec<u8>,
    /// The files that were read, the mapper's own first.
    pub files: Vec<PathBuf>,
}

/// Makes the component of the mapper whose own module is the file `mapper`.
///
/// # Errors
/// What is wrong with the mapper, by file and line, or that the engine can't be used.
pub fn build(mapper: &Path, js_engine: &JsEngine) -> Result<Built, Fault> {
    let (modules, files) = modules::collect(mapper)?;
    let component = js_engine.snapshot(modules)?;
    Ok(Built { component, files })
}

/// The types of all this for editors, `mapper.d.ts`.
pub const TYPES: &str = include_str!("javascript/mapper.d.ts");
