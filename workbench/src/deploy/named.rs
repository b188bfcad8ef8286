//! The mapper that a recipe is given, as its operator names it.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

use crate::installed;
use crate::mapper_file::COMPONENT;

/// What names the default mapper. A folder of this name is `./default-mapper`.
const DEFAULT_MAPPER: &str = "default-mapper";

/// A mapper that was named.
#[derive(Clone)]
pub struct Named {
    /// Its folder or its component.
    pub path: PathBuf,
    /// Whether it is the default mapper, whose component is among the installed files.
    pub is_default: bool,
}

impl Named {
    /// The file of its component, which may have to be built first.
    pub fn component(&self) -> PathBuf {
        match self.path.as_path() {
            here if here == Path::new(".") => PathBuf::from(COMPONENT),
            folder if folder.is_dir() => folder.join(COMPONENT),
            component => component.to_owned(),
        }
    }
}

/// The mapper that `text` names.
///
/// # Errors
/// It is neither of them, or the default mapper is not there.
pub fn mapper(text: &str) -> Result<Named> {
    if text == DEFAULT_MAPPER {
        return Ok(Named { path: installed::default_mapper()?, is_default: true });
    }
    let path = PathBuf::from(text);
    let component = path.is_file() && path.extension().is_some_and(|end| end == "wasm");
    ensure!(
        path.is_dir() || component,
        "it is neither a mapper's folder nor a component, NAME.wasm, nor `{DEFAULT_MAPPER}`"
    );
    Ok(Named { path, is_default: false })
}
