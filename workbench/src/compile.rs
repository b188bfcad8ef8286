//! Making an image of a component: native code for one target, with its manifest.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context;
use post_confirmation_host::mapper::contract::{self, ContractError};
use post_confirmation_host::mapper::engine::{WASMTIME_VERSION, fingerprint};
use post_confirmation_host::mapper::{FORMAT, File, Manifest, THIS_TARGET};
use thiserror::Error;
use wasmparser::{Encoding, Parser, Payload};
use wasmtime::component::Component;

use crate::engine::Compiler;
use crate::size::{self, TooLarge};

/// The machines that Lambda has.
pub const TARGETS: [&str; 2] = ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"];

/// Lambda's names of their architectures, in the same order. The first one is that of a new
/// function if no other is asked for, and the one that the templates name.
pub const ARCHITECTURES: [&str; 2] = ["x86_64", "arm64"];

/// Lambda's machine with the processor of this one.
pub const LIKE_THIS: &str = TARGETS[cfg!(target_arch = "aarch64") as usize];

/// What a WASI program exports, in some version.
const RUN: &str = "wasi:cli/run";

/// Why there is no image.
#[derive(Debug, Error)]
pub enum CompileError {
    /// A module instead of a component.
    #[error(
        "the file is a WebAssembly module, not a component; build it for `wasm32-wasip2`, or with the componentizing tool of its language"
    )]
    Module,
    /// Not WebAssembly at all.
    #[error("the file is not a WebAssembly component")]
    NoComponent(#[from] wasmparser::BinaryReaderError),
    /// A component that is not a mapper.
    #[error(transparent)]
    Contract(#[from] ContractError),
    /// A component that is not a WASI program.
    #[error(
        "the component is not a WASI program: it does not export `{RUN}`; build it as a program or a test for `wasm32-wasip2`"
    )]
    NoProgram,
    /// A component that no sandbox has room for.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// The same, by what only the engine counts.
    #[error("the component needs more than a sandbox has")]
    NoRoom(#[source] wasmtime::Error),
    /// The engine, which does not depend on the component.
    #[error("the WebAssembly engine can't be started")]
    Engine(#[source] wasmtime::Error),
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

/// The target of one of [`ARCHITECTURES`].
///
/// # Errors
/// Lambda has no such architecture.
pub fn target_of(arch: &str) -> anyhow::Result<&'static str> {
    let found = ARCHITECTURES.iter().zip(TARGETS).find(|(name, _)| **name == arch);
    Ok(found.with_context(|| format!("Lambda has no architecture {arch}"))?.1)
}

/// Compiles `component` for `target`, one of [`TARGETS`]. This takes the processor a while: a tenth
/// of a second for a mapper in Rust, a second for one in JavaScript, some six for one in Python.
///
/// # Errors
/// What is wrong with the component.
pub fn compile(component: &[u8], target: &str) -> Result<Compiled, CompileError> {
    let interface = interface(component)?;
    let wit = interface.wit()?;
    size::check(component)?;
    let image = if target == THIS_TARGET {
        load(component, Compiler::running(component, 1))?.serialize()
    } else {
        // Whether a sandbox has room for it shows on its own machine alone.
        precompile(component, target)
    };
    let mut image = image.map_err(CompileError::Compile)?;
    let memory = size::memory(component);
    let component = File::describe(component);
    // What comes after the end of an ELF file changes nothing about it.
    image.extend(component.sha256.as_bytes());
    let manifest = Manifest {
        format: FORMAT,
        follow_up: Some(interface.has_follow_up(&wit)),
        wit,
        component,
        image: File::describe(&image),
        target: target.to_owned(),
        wasmtime: WASMTIME_VERSION.to_owned(),
        engine: fingerprint(),
        imports: interface.imports,
        memory,
    };
    Ok(Compiled { image, manifest })
}

/// Compiles the mapper `component` into an engine for so many sandboxes at once. Returns the
/// contract that it implements as well.
///
/// # Errors
/// What is wrong with the component.
pub fn mapper(component: &[u8], sandboxes: u32) -> Result<(Component, String), CompileError> {
    let wit = interface(component)?.wit()?;
    Ok((load(component, Compiler::running(component, sandboxes))?, wit))
}

/// The same, into an engine that counts instructions.
///
/// # Errors
/// What is wrong with the component.
pub fn counting(component: &[u8], sandboxes: u32) -> Result<(Component, String), CompileError> {
    let wit = interface(component)?.wit()?;
    Ok((load(component, Compiler::counting(component, sandboxes))?, wit))
}

/// Compiles any WASI program into an engine for so many sandboxes at once, as the unit tests of
/// mappers are.
///
/// # Errors
/// What is wrong with the component.
pub fn program(component: &[u8], sandboxes: u32) -> Result<Component, CompileError> {
    let exports = interface(component)?.exports;
    if !exports.iter().any(|name| name.split('@').next() == Some(RUN)) {
        return Err(CompileError::NoProgram);
    }
    load(component, Compiler::running(component, sandboxes))
}

/// Compiles `component` by its `compiler`, whose sandboxes have to have room for it.
fn load(
    component: &[u8],
    compiler: wasmtime::Result<Compiler<'_>>,
) -> Result<Component, CompileError> {
    size::check(component)?;
    let compiler = compiler.map_err(CompileError::Engine)?;
    compiler.component().map_err(|error| match precompile(component, THIS_TARGET) {
        // It can be compiled, so what it lacks is room.
        Ok(_) => CompileError::NoRoom(error),
        Err(error) => CompileError::Compile(error),
    })
}

/// The image of `component` for `target`.
fn precompile(component: &[u8], target: &str) -> wasmtime::Result<Vec<u8>> {
    Compiler::of_images(component, target)?.image()
}

impl Compiled {
    /// Writes the image to `path` and the manifest beside it. A running function that maps the old
    /// image keeps it: the file is replaced, not rewritten.
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

/// What a component asks for and offers, by name.
pub struct Interface {
    /// What it imports.
    pub imports: Vec<String>,
    /// What it exports.
    pub exports: Vec<String>,
}

impl Interface {
    /// The contract that the component implements, for example `cognito:post-confirmation@0.1.0`.
    ///
    /// # Errors
    /// Why it is not a mapper for this host.
    pub fn wit(&self) -> Result<String, ContractError> {
        contract::check(&self.imports, &self.exports)
    }

    /// Whether the component, which implements the contract `wit`, wants the backend's answer.
    pub fn has_follow_up(&self, wit: &str) -> bool {
        let (package, version) = wit.split_once('@').unwrap_or((wit, ""));
        self.exports.contains(&format!("{package}/follow-up@{version}"))
    }
}

/// The interface of `component`, which is not compiled for it.
///
/// # Errors
/// The bytes are not a component.
pub fn interface(component: &[u8]) -> Result<Interface, CompileError> {
    let (mut imports, mut exports) = (Vec::new(), Vec::new());
    let mut depth = 0;
    for payload in Parser::new(0).parse_all(component) {
        match payload? {
            Payload::Version { encoding: Encoding::Module, .. } if depth == 0 => {
                return Err(CompileError::Module);
            }
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
    Ok(Interface { imports, exports })
}
