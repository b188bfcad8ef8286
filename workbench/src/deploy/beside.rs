//! What is installed with this program for operators: the functions for Lambda and the default mapper.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use crate::installed;

/// The default mapper's component.
const DEFAULT_MAPPER: &str = "default-mapper.wasm";

/// The zip with the function's program for an architecture.
///
/// # Errors
/// It is not there.
pub fn function(arch: &str) -> Result<PathBuf> {
    let file = installed::file(&format!("function-{arch}.zip"));
    ensure!(file.is_file(), "{} is missing; build it with `just package {arch}`", file.display());
    Ok(file)
}

/// The default mapper's component.
///
/// # Errors
/// It is not there.
pub fn default_mapper() -> Result<PathBuf> {
    let file = installed::file(DEFAULT_MAPPER);
    ensure!(file.is_file(), "{} is missing; build it with `just build`", file.display());
    Ok(file)
}

/// The architectures of Lambda, each with the target that images are compiled for.
pub const ARCHITECTURES: [(&str, &str); 2] =
    [("x86_64", "x86_64-unknown-linux-gnu"), ("arm64", "aarch64-unknown-linux-gnu")];

/// The target that images for an architecture are compiled for.
///
/// # Errors
/// Lambda has no such architecture.
pub fn target(arch: &str) -> Result<&'static str> {
    let found = ARCHITECTURES.iter().find(|(name, _)| *name == arch);
    Ok(found.with_context(|| format!("Lambda has no architecture {arch}"))?.1)
}
