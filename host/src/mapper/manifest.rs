//! The manifest beside an image, `mapper.json`: which component it was made of, and what it needs
//! to run.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::hex;

/// The form of the manifest. Another form is another number.
pub const FORMAT: u32 = 4;

/// What `mapper compile` writes beside an image and `bootstrap` checks before it loads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The form of this manifest.
    pub format: u32,
    /// The contract that the mapper implements: `cognito:post-confirmation@0.1.0`.
    pub wit: String,
    /// The component.
    pub component: File,
    /// The image made of it.
    pub image: File,
    /// The machine that the image is for: `x86_64-unknown-linux-gnu`.
    pub target: String,
    /// The exact release of wasmtime that made the image.
    pub wasmtime: String,
    /// A fingerprint of the engine's settings that are compiled into the image.
    pub engine: String,
    /// The interfaces that the component imports.
    pub imports: Vec<String>,
    /// The bytes with which the component's memories begin, all together.
    pub memory: u64,
    /// Whether the mapper has a follow-up, for people: the host looks into the image. None if an
    /// earlier `mapper` made the image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follow_up: Option<bool>,
}

/// The part that every form of the manifest has.
#[derive(Deserialize)]
pub(super) struct Form {
    pub format: u32,
}

/// A file by its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// SHA-256 in lower-case hexadecimal.
    pub sha256: String,
    /// Size in bytes.
    pub size: u64,
}

impl File {
    /// The file that holds `bytes`.
    pub fn describe(bytes: &[u8]) -> File {
        File { sha256: hex::encode(&Sha256::digest(bytes)), size: bytes.len() as u64 }
    }
}

/// What a loaded mapper was made of, as the log names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The contract that it implements: `cognito:post-confirmation@0.1.0`.
    pub wit: String,
    /// The component's SHA-256 in lower-case hexadecimal.
    pub sha256: String,
}

impl From<Manifest> for Identity {
    fn from(manifest: Manifest) -> Identity {
        Identity { wit: manifest.wit, sha256: manifest.component.sha256 }
    }
}

impl Manifest {
    /// The path of an image's manifest: `mapper.json` for `mapper.cwasm`.
    pub fn path(image: &Path) -> PathBuf {
        image.with_extension("json")
    }
}
