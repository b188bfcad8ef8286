//! The mapper that is deployed, as a file of this machine.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use post_confirmation_host::mapper::THIS_TARGET;
use serde_json::Value;

use super::zips::{IMAGE, MANIFEST, layer_content};

/// The deployed mapper.
pub struct Former {
    /// Its image, with the manifest beside it.
    pub image: PathBuf,
    /// The manifest.
    pub manifest: Value,
}

impl Former {
    /// Downloads image and manifest of a layer version (an ARN) into the new folder `folder`.
    ///
    /// # Errors
    /// They can't be fetched, or the layer lacks one of them.
    pub fn download(layer: &str, folder: &Path) -> Result<Former> {
        let mut content = layer_content(layer)?;
        let (image, manifest) = (content.read(IMAGE)?, content.read(MANIFEST)?);
        fs::create_dir(folder)?;
        fs::write(folder.join(IMAGE), image)?;
        fs::write(folder.join(MANIFEST), &manifest)?;
        let manifest = serde_json::from_slice(&manifest)
            .with_context(|| format!("its {MANIFEST} is not JSON"))?;
        Ok(Former { image: folder.join(IMAGE), manifest })
    }

    /// The machine that its image is native code for, if that is not this one.
    pub fn other_target(&self) -> Option<&str> {
        let target = self.manifest["target"].as_str().unwrap_or("an unknown machine");
        (target != THIS_TARGET).then_some(target)
    }
}
