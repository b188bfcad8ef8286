//! Loading a mapper's image: native code that `mapper compile` made, checked against its manifest.
//!
//! The checks catch mix-ups: a file of another build, machine or release, or a damaged one. They are no defence
//! against somebody who can write both files, who could as well replace the host.

use std::fs;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use thiserror::Error;
use wasmtime::Engine;
use wasmtime::component::Component;

use super::contract::{self, ContractError};
use super::engine::{self, WASMTIME_VERSION};
use super::manifest::File;
use super::manifest::{self, FORMAT, Form, Manifest};

/// The largest image that is read whole before it is loaded, in bytes. With a CRC-32 that takes some 50 microseconds for
/// a mapper in Rust, and with a SHA-256, which would tell nothing more of damage, eight times as long: a fifth of all of a
/// start. The 30 MB of a mapper in JavaScript or Python would take milliseconds all the same. A larger image is told by
/// its size and its end, where `mapper compile` writes which component it was made of.
const READ_WHOLE: u64 = 1024 * 1024;
/// As much of it as is read at once.
const READ_AT_ONCE: usize = 32 * 1024;

/// Why an image is not loaded. Each says what to do.
#[derive(Debug, Error)]
pub enum ImageError {
    /// No image.
    #[error(
        "the mapper image `{path}` can't be read; make it with `mapper compile`, or set MAPPER_IMAGE to where it is"
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
    /// A manifest that is none.
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
    #[error("the mapper image is for `{found}` and this is `{expected}`; run `mapper compile --target {expected}`")]
    Target {
        /// The image's.
        found: String,
        /// The one that is asked for.
        expected: String,
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

/// The machine that this host was built for, as images name it.
pub const THIS_TARGET: &str =
    if cfg!(target_arch = "aarch64") { "aarch64-unknown-linux-gnu" } else { "x86_64-unknown-linux-gnu" };

/// Loads the mapper's image at `path` after checking it against the manifest beside it and the contract.
pub fn load_mapper(engine: &Engine, path: &Path) -> Result<(Component, Manifest), ImageError> {
    let (component, manifest) = load(engine, path)?;
    let ty = component.component_type();
    contract::check(
        ty.imports(engine).map(|(name, _)| name.to_owned()),
        ty.exports(engine).map(|(name, _)| name.to_owned()),
    )?;
    Ok((component, manifest))
}

/// Loads the image at `path`, of a mapper or not, after checking it against the manifest beside it.
pub fn load(engine: &Engine, path: &Path) -> Result<(Component, Manifest), ImageError> {
    let manifest = verified(path, THIS_TARGET)?;

    // SAFETY: The file holds native code and is trusted like this program itself: it comes from `mapper compile`,
    // which the manifest's release, settings and digest have just confirmed, through the deployment that also brought
    // this program. It lies in a Lambda layer or package, which nothing can write while the function runs. In the
    // workbench it may lie in the cache of the user who runs it, who could as well replace the workbench, and where
    // files are replaced as a whole, never rewritten.
    #[expect(unsafe_code, reason = "images are native code; this is where one is loaded to be run")]
    let component = unsafe { Component::deserialize_file(engine, path) }.map_err(ImageError::Refused)?;
    Ok((component, manifest))
}

/// Whether a sandbox has room for the component of `image`, which was made for this machine by this very process.
pub fn try_room(image: &[u8]) -> wasmtime::Result<()> {
    let engine = engine::runner(1)?;
    // SAFETY: The bytes are what wasmtime's compiler has just returned, and nothing of them is run.
    #[expect(unsafe_code, reason = "only the engine knows all that it needs for a component")]
    let component = unsafe { Component::deserialize(&engine, image) };
    component.map(drop)
}

/// The manifest of the image at `path`, where the two fit each other, `target` and this release.
pub(super) fn verified(path: &Path, target: &str) -> Result<Manifest, ImageError> {
    let unreadable = |source| ImageError::Unreadable { path: path.into(), source };
    let mut image = fs::File::open(path).map_err(unreadable)?;
    let manifest = Manifest::read(path)?;
    check(&manifest, target)?;
    let Manifest { image: expected, component, .. } = &manifest;
    let size = image.metadata().map_err(unreadable)?.len();
    same("size", size.to_string(), &expected.size.to_string())?;
    if size <= READ_WHOLE {
        let mut checksum = crc32fast::Hasher::new();
        let mut bytes = vec![0; READ_AT_ONCE];
        loop {
            match image.read(&mut bytes).map_err(unreadable)? {
                0 => break,
                read => checksum.update(&bytes[..read]),
            }
        }
        same("CRC-32", manifest::shown(checksum), &expected.crc32)?;
    } else {
        let mut end = vec![0; component.sha256.len()];
        image.seek(SeekFrom::End(-(end.len() as i64))).and_then(|_| image.read_exact(&mut end)).map_err(unreadable)?;
        same("component", String::from_utf8_lossy(&end).into_owned(), &component.sha256)?;
    }
    Ok(manifest)
}

/// Like `verified`, with every byte of the image. It takes longer than `bootstrap` has.
pub fn verified_wholly(path: &Path, target: &str) -> Result<Manifest, ImageError> {
    let manifest = verified(path, target)?;
    let bytes = fs::read(path).map_err(|source| ImageError::Unreadable { path: path.into(), source })?;
    same("SHA-256", File::describe(&bytes).sha256, &manifest.image.sha256)?;
    Ok(manifest)
}

/// Whether the image has what its manifest says.
fn same(what: &'static str, found: String, expected: &str) -> Result<(), ImageError> {
    if found == expected { Ok(()) } else { Err(ImageError::Other { what, found, expected: expected.to_owned() }) }
}

impl Manifest {
    /// The manifest of the image at `image`.
    ///
    /// # Errors
    /// That there is none beside it, or none that this release understands.
    pub fn read(image: &Path) -> Result<Manifest, ImageError> {
        let path = Manifest::path(image);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(source) => return Err(ImageError::NoManifest { path, source }),
        };
        let broken = |source| ImageError::Manifest { path: path.clone(), source };
        let Form { format } = serde_json::from_slice(&text).map_err(broken)?;
        if format != FORMAT {
            return Err(ImageError::Format(format));
        }
        serde_json::from_slice(&text).map_err(broken)
    }
}

fn check(manifest: &Manifest, target: &str) -> Result<(), ImageError> {
    if manifest.target != target {
        return Err(ImageError::Target { found: manifest.target.clone(), expected: target.to_owned() });
    }
    if manifest.wasmtime != WASMTIME_VERSION {
        return Err(ImageError::Wasmtime { found: manifest.wasmtime.clone(), expected: WASMTIME_VERSION });
    }
    if manifest.engine != engine::fingerprint() {
        return Err(ImageError::Engine);
    }
    Ok(())
}
