//! Loading a mapper's image: native code that `mapper compile` made, checked against its manifest.
//!
//! The checks catch mix-ups: a file of another build, machine or release, or a damaged one. They do
//! not defend against somebody who can write both files, who could as well replace the host.

use std::fs;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use thiserror::Error;
use wasmtime::Engine;
use wasmtime::component::Component;

use super::contract::{self, ContractError};
use super::engine::{self, WASMTIME_VERSION};
use super::manifest::{FORMAT, Form, Manifest};

/// Why an image is not loaded. Each says what to do.
#[derive(Debug, Error)]
pub enum ImageError {
    /// No image.
    #[error(
        "the mapper image `{path}` can't be read; make it with `mapper compile`, or set the variable \
         that names it (MAPPER_IMAGE, or SHADOW_MAPPER_IMAGE for the one that is watched) to its path"
    )]
    Unreadable {
        /// The image.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// No manifest.
    #[error(
        "the manifest `{path}` can't be read; deploy the `.json` file that `mapper compile` wrote beside the image"
    )]
    NoManifest {
        /// The manifest.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A manifest that can't be read as one.
    #[error("the manifest `{path}` is broken; run `mapper compile` again")]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A manifest of another form.
    #[error(
        "the manifest has format {0}, and this host understands {FORMAT}; compile the mapper again with the `mapper` \
         tool of this host's release"
    )]
    Format(u32),
    /// Not the image of this manifest.
    #[error(
        "the mapper image is not the one that its manifest describes ({what} {found}, expected {expected}): it is \
         damaged, or the two files come from different runs; run `mapper compile` again and deploy both files"
    )]
    Other {
        /// By what it was told.
        what: &'static str,
        /// The image's.
        found: String,
        /// The manifest's.
        expected: String,
    },
    /// Another machine.
    #[error("the mapper image is for `{found}` and this is `{expected}`; {}", on_this(expected))]
    Target {
        /// The image's.
        found: String,
        /// This host's.
        expected: &'static str,
    },
    /// Another wasmtime.
    #[error(
        "the mapper image was made by wasmtime {found} and this host runs {expected}; compile it again with the \
         `mapper` tool of this host's release"
    )]
    Wasmtime {
        /// The image's.
        found: String,
        /// This host's.
        expected: &'static str,
    },
    /// Other engine settings.
    #[error(
        "the mapper image was made with other engine settings; compile it again with the `mapper` tool of this host's release"
    )]
    Engine,
    /// No mapper of this contract.
    #[error(transparent)]
    Contract(#[from] ContractError),
    /// Whatever else wasmtime refuses.
    #[error(
        "wasmtime refuses the mapper image: make the mapper smaller if it needs more than a sandbox has, else compile it \
         again with the `mapper` tool of this host's release"
    )]
    Refused(#[source] wasmtime::Error),
}

/// The machine that this host was built for, as images name it. Mappers are written on a Mac, too.
pub const THIS_TARGET: &str = match (cfg!(target_os = "macos"), cfg!(target_arch = "aarch64")) {
    (false, false) => "x86_64-unknown-linux-gnu",
    (false, true) => "aarch64-unknown-linux-gnu",
    (true, false) => "x86_64-apple-darwin",
    (true, true) => "aarch64-apple-darwin",
};

/// How a mapper comes to run on this machine.
fn on_this(target: &str) -> String {
    if cfg!(target_os = "macos") {
        "name its component instead: images are for Lambda".to_owned()
    } else {
        format!("run `mapper compile --target {target}`")
    }
}

/// An image that fits its manifest, this machine and this release.
pub struct Image<'a> {
    path: &'a Path,
    manifest: Manifest,
}

impl<'a> Image<'a> {
    /// The image at `path`, checked against the manifest beside it. It is told by its size and its
    /// end, which names the component that it was made of: reading all of it would cost a start
    /// milliseconds.
    ///
    /// # Errors
    /// What is wrong with the two, and what to do about it.
    pub fn find(path: &'a Path) -> Result<Image<'a>, ImageError> {
        let (size, end) = size_and_end(path)
            .map_err(|source| ImageError::Unreadable { path: path.into(), source })?;
        let manifest = Manifest::read(path)?;
        check(&manifest)?;
        let Manifest { image: expected, component, .. } = &manifest;
        same("size", size.to_string(), &expected.size.to_string())?;
        same("component", end, &component.sha256)?;
        Ok(Image { path, manifest })
    }

    /// The bytes with which the memories of its mapper begin, as the manifest has it.
    pub fn memory(&self) -> u64 {
        self.manifest.memory
    }

    /// Loads it after checking it against the contract.
    ///
    /// # Errors
    /// What is wrong with the image, and what to do about it.
    pub fn load(self, engine: &Engine) -> Result<(Component, Manifest), ImageError> {
        // SAFETY: The file holds native code and is trusted like this program itself: it comes from
        // `mapper compile`, whose release, settings and component the manifest has confirmed,
        // through the deployment that also brought this program. It lies in a Lambda layer or
        // package, which nothing can write while the function runs. In the workbench it is a file
        // that the user has named, who could as well replace the workbench.
        #[expect(unsafe_code, reason = "images are native code; this is where one is loaded")]
        let component = unsafe { Component::deserialize_file(engine, self.path) }
            .map_err(ImageError::Refused)?;
        let ty = component.component_type();
        contract::check(
            ty.imports(engine).map(|(name, _)| name.to_owned()),
            ty.exports(engine).map(|(name, _)| name.to_owned()),
        )?;
        Ok((component, self.manifest))
    }
}

/// The size of the image at `path`, and its end: a SHA-256 in hexadecimal.
fn size_and_end(path: &Path) -> io::Result<(u64, String)> {
    const LENGTH: u64 = 64;
    let mut file = fs::File::open(path)?;
    let size = file.metadata()?.len();
    file.seek(SeekFrom::Start(size.saturating_sub(LENGTH)))?;
    let mut end = Vec::new();
    file.read_to_end(&mut end)?;
    Ok((size, String::from_utf8_lossy(&end).into_owned()))
}

/// Whether the image has what its manifest says.
fn same(what: &'static str, found: String, expected: &str) -> Result<(), ImageError> {
    if found == expected {
        Ok(())
    } else {
        Err(ImageError::Other { what, found, expected: expected.to_owned() })
    }
}

impl Manifest {
    /// The manifest of the image at `image`.
    ///
    /// # Errors
    /// There is no manifest beside it, or none that this release understands.
    pub fn read(image: &Path) -> Result<Manifest, ImageError> {
        let path = Manifest::path(image);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(source) => return Err(ImageError::NoManifest { path, source }),
        };
        match serde_json::from_slice(&text) {
            Ok(Form { format }) if format != FORMAT => return Err(ImageError::Format(format)),
            Ok(_) => {}
            Err(source) => return Err(ImageError::Manifest { path, source }),
        }
        serde_json::from_slice(&text).map_err(|source| ImageError::Manifest { path, source })
    }
}

fn check(manifest: &Manifest) -> Result<(), ImageError> {
    if manifest.target != THIS_TARGET {
        return Err(ImageError::Target { found: manifest.target.clone(), expected: THIS_TARGET });
    }
    if manifest.wasmtime != WASMTIME_VERSION {
        return Err(ImageError::Wasmtime {
            found: manifest.wasmtime.clone(),
            expected: WASMTIME_VERSION,
        });
    }
    if manifest.engine != engine::fingerprint() {
        return Err(ImageError::Engine);
    }
    Ok(())
}
