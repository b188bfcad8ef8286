//! Making an image of a component: native code for one target, with its manifest.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;
use wasmparser::{Encoding, Parser, Payload};

use super::contract::{self, ContractError};
use super::engine::{self, WASMTIME_VERSION};
use super::manifest::{FORMAT, File, Manifest};

/// The machines that Lambda has.
pub const TARGETS: [&str; 2] = ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"];

/// Why there is no image.
#[derive(Debug, Error)]
pub enum CompileError {
    /// A module instead of a component.
    #[error(
        "the file is a WebAssembly module, not a component; build it for `wasm32-wasip2`, or with the componentizing tool of its language"
    )]
    Module,
    /// Not WebAssembly at all.
    #[error("the file is no WebAssembly component")]
    NoComponent(#[from] wasmparser::BinaryReaderError),
    /// A component that is no mapper.
    #[error(transparent)]
    Contract(#[from] ContractError),
    /// A component that can't be compiled.
    #[error("wasmtime can't compile the component")]
    Compile(#[source] wasmtime::Error),
    /// A file that can't be written.
    #[error("`{path}` can't be written")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// An image with its manifest, not yet on disk.
pub struct Compiled {
    image: Vec<u8>,
    /// What describes the image.
    pub manifest: Manifest,
}

/// Compiles `component` for `target`, one of [`TARGETS`]. This takes the processor a while: a tenth of a second for a
/// mapper in Rust, some twenty seconds for one in JavaScript or Python.
///
/// # Errors
/// What is wrong with the component.
pub fn compile(component: &[u8], target: &str) -> Result<Compiled, CompileError> {
    let (imports, exports) = names(component)?;
    let wit = contract::check(&imports, &exports)?;
    let engine = engine::compiler(target).map_err(CompileError::Compile)?;
    let image = engine.precompile_component(component).map_err(CompileError::Compile)?;
    let manifest = Manifest {
        format: FORMAT,
        wit,
        component: File::of(component),
        image: File::of(&image),
        target: target.to_owned(),
        wasmtime: WASMTIME_VERSION.to_owned(),
        engine: engine::fingerprint(),
        imports,
    };
    Ok(Compiled { image, manifest })
}

impl Compiled {
    /// Writes the image to `path` and the manifest beside it. A running function that maps the old image keeps it:
    /// the file is replaced, not rewritten.
    ///
    /// # Errors
    /// The file that can't be written.
    pub fn write(&self, path: &Path) -> Result<(), CompileError> {
        let manifest = serde_json::to_vec_pretty(&self.manifest).unwrap_or_default();
        replace(path, &self.image)?;
        replace(&Manifest::path(path), &[manifest.as_slice(), b"\n"].concat())
    }
}

/// Puts `bytes` at `path` in one step.
fn replace(path: &Path, bytes: &[u8]) -> Result<(), CompileError> {
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let folder = path.parent().map_or(Ok(()), fs::create_dir_all);
    folder
        .and_then(|()| fs::write(&new, bytes))
        .and_then(|()| fs::rename(&new, path))
        .map_err(|source| CompileError::Write { path: path.into(), source })
}

/// The names of a component's own imports and exports.
fn names(component: &[u8]) -> Result<(Vec<String>, Vec<String>), CompileError> {
    let (mut imports, mut exports) = (Vec::new(), Vec::new());
    let mut depth = 0;
    for payload in Parser::new(0).parse_all(component) {
        match payload? {
            Payload::Version { encoding: Encoding::Module, .. } if depth == 0 => return Err(CompileError::Module),
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section {
                    imports.push(import?.name.name.to_owned());
                }
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                for export in section {
                    exports.push(export?.name.name.to_owned());
                }
            }
            _ => {}
        }
    }
    Ok((imports, exports))
}
