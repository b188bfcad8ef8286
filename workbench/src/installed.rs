//! The files that are installed with this program: beside it, as in a checkout, or in the folder of
//! shared files of the same installation.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

/// The shared files, seen from the folder of the program.
const SHARED: &str = "../share/post-confirmation";
/// The default mapper's component.
const DEFAULT_MAPPER: &str = "default-mapper.wasm";

/// The file `name` of this installation. If there is none, it is the one that should be there.
pub fn file(name: &str) -> PathBuf {
    let program = env::current_exe().and_then(|program| program.canonicalize());
    let program = program.unwrap_or_default();
    let folder = program.parent().unwrap_or(Path::new("."));
    let shared = folder.join(SHARED).join(name);
    if shared.exists() { shared } else { folder.join(name) }
}

/// The zip with the function's program for an architecture.
///
/// # Errors
/// It is not there.
pub fn function(arch: &str) -> Result<PathBuf> {
    let file = file(&format!("function-{arch}.zip"));
    ensure!(file.is_file(), "{} is missing; build it with `just package {arch}`", file.display());
    Ok(file)
}

/// The default mapper's component.
///
/// # Errors
/// It is not there.
pub fn default_mapper() -> Result<PathBuf> {
    let file = file(DEFAULT_MAPPER);
    ensure!(file.is_file(), "{} is missing; build it with `just build`", file.display());
    Ok(file)
}
