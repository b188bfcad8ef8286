//! The mapper that a recipe is given, as its operator names it.

use std::path::PathBuf;

use anyhow::{Result, ensure};

use crate::installed;

/// What names the default mapper. A folder of this name is `./default-mapper`.
const DEFAULT_MAPPER: &str = "default-mapper";

/// The folder or the component that `text` names. The default mapper is its component.
///
/// # Errors
/// It is neither of them, or the default mapper is not there.
pub fn mapper(text: &str) -> Result<PathBuf> {
    if text == DEFAULT_MAPPER {
        return installed::default_mapper();
    }
    let path = PathBuf::from(text);
    let component = path.is_file() && path.extension().is_some_and(|end| end == "wasm");
    ensure!(
        path.is_dir() || component,
        "it is neither a mapper's folder nor a component, NAME.wasm, nor `{DEFAULT_MAPPER}`"
    );
    Ok(path)
}
