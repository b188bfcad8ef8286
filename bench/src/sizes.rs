//! Sizes of what is deployed, and of what that is made of.

use std::fs;
use std::path::Path;

use anyhow::Result;

use crate::peers::Parts;
use crate::there;
use test_support::{program, root};

/// The sizes, in megabytes.
pub struct Sizes {
    /// What is measured, and its size.
    pub rows: Vec<(&'static str, f64)>,
    /// The zipped function.
    pub package: f64,
    /// The default mapper's image.
    pub image: f64,
    /// The image of the mapper in JavaScript.
    pub javascript_image: f64,
}

/// Looks at the files.
pub fn measure(parts: &Parts) -> Result<Sizes> {
    let package = root().join("target/package").join(if cfg!(target_arch = "aarch64") {
        "arm64"
    } else {
        "x86_64"
    });
    let zip = size(&there(package.join("function.zip"))?)?;
    let layer = size(&there(package.join("mapper.zip"))?)?;
    let [rust, javascript, python] = parts.images();
    let (image, javascript_image) = (size(rust)?, size(javascript)?);
    let rows = vec![
        ("`bootstrap`", size(&program("bootstrap"))?),
        ("the native function", size(parts.native())?),
        ("`function.zip`", zip),
        ("`mapper.zip`, the default mapper's layer", layer),
        ("image of the default mapper", image),
        ("image of the mapper in JavaScript", javascript_image),
        ("image of the mapper in Python", size(python)?),
    ];
    Ok(Sizes { rows, package: zip, image, javascript_image })
}

fn size(file: &Path) -> Result<f64> {
    Ok(fs::metadata(file)?.len() as f64 / 1e6)
}
