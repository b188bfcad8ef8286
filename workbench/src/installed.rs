//! The files that are installed with this program: beside it, as in a checkout, or in the folder of
//! shared files of the same installation.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

/// The shared files, seen from the folder of the program.
const SHARED: &str = "../share/post-confirmation";
/// The default mapper's component.
const DEFAULT_MAPPER: &str = "default-mapper.wasm";
/// The template for CloudFormation. Those that belong to it lie beside it.
const TEMPLATE: &str = "template.yaml";
/// The module for Terraform.
const TERRAFORM: &str = "terraform";

/// The file `name` of this installation. If there is none, it is the one that should be there.
pub fn file(name: &str) -> PathBuf {
    let folder = folder();
    let shared = folder.join(SHARED).join(name);
    if shared.exists() { shared } else { folder.join(name) }
}

/// The zip with the function's program for an architecture.
///
/// # Errors
/// It is not there.
pub fn function(arch: &str) -> Result<PathBuf> {
    existing(&format!("function-{arch}.zip"), &format!("just package {arch}"))
}

/// The default mapper's component.
///
/// # Errors
/// It is not there.
pub fn default_mapper() -> Result<PathBuf> {
    existing(DEFAULT_MAPPER, "just build")
}

/// The template for CloudFormation.
///
/// # Errors
/// It is not there.
pub fn template() -> Result<PathBuf> {
    existing(TEMPLATE, "just package")
}

/// The folder with the module for Terraform.
///
/// # Errors
/// It is not there.
pub fn terraform() -> Result<PathBuf> {
    existing(TERRAFORM, "just package")
}

/// The folder of this program.
fn folder() -> PathBuf {
    let program = env::current_exe().and_then(|program| program.canonicalize());
    let program = program.unwrap_or_default();
    program.parent().unwrap_or(Path::new(".")).to_owned()
}

/// The file or folder `name`, which the command `recipe` makes in a checkout.
fn existing(name: &str, recipe: &str) -> Result<PathBuf> {
    let file = file(name);
    if file.exists() {
        return Ok(file);
    }
    // A checkout has its programs in a folder of `target`.
    if folder().parent().is_some_and(|parent| parent.ends_with("target")) {
        bail!("{} is missing; build it with `{recipe}`", file.display());
    }
    bail!(
        "{} is missing, which is installed with `mapper`; install the whole package again",
        file.display()
    )
}
