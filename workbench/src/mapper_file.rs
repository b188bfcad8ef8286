//! From the file that a command names to the settings of a function with that mapper.

use std::collections::HashMap;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use indicatif::ProgressBar;
use post_confirmation_host::config::{
    self, ANSWER_WITHIN_MS, BACKEND_API_URL, Config, MAPPER_IMAGE, UNDELIVERED_QUEUE_URL,
};
use post_confirmation_host::mapper::image::Image;
use post_confirmation_host::mapper::{File, Identity, Manifest, Settings};
use wasmtime::component::Component;

use crate::compile::{self, CompileError};
use crate::{engine, terminal};

/// The component that `mapper build` makes. Other commands take it unless another is named.
pub const COMPONENT: &str = "mapper.wasm";
/// The layer that `mapper package` makes.
pub const LAYER: &str = "mapper.zip";
/// The base of requests that are only shown, unless one is set.
const SHOWN_API_URL: &str = "https://backend.example/";
/// What WebAssembly begins with.
const WASM: &[u8] = b"\0asm";
/// What an image begins with.
const ELF: &[u8] = b"\x7fELF";

/// The variables that settings are read from, by name: those of this process, or of a deployed
/// function.
pub type Environment = HashMap<OsString, OsString>;

/// The variables of this process.
pub fn environment() -> Environment {
    env::vars_os().collect()
}

/// The mapper that a command tries.
#[derive(clap::Args)]
pub struct MapperFile {
    /// The mapper: a component, or an image. The default is the file in MAPPER_IMAGE, or else
    /// `mapper.wasm`.
    #[arg(short, long, value_name = "FILE")]
    mapper: Option<PathBuf>,
}

impl MapperFile {
    /// The file.
    pub fn file(&self) -> PathBuf {
        self.mapper
            .clone()
            .or_else(|| variable(&environment(), MAPPER_IMAGE).map(PathBuf::from))
            .unwrap_or_else(|| COMPONENT.into())
    }
}

/// The bytes of the mapper in `file`.
pub fn read(file: &Path) -> Result<Vec<u8>> {
    let inner = file.join(COMPONENT);
    ensure!(
        !file.is_dir(),
        "the mapper `{}` is a folder: name `{}`",
        file.display(),
        inner.display()
    );
    let hint = if file == Path::new(COMPONENT) {
        "; `mapper build` makes it of the source in this folder, and `mapper new` a folder to start from"
    } else {
        ""
    };
    let bytes = fs::read(file)
        .with_context(|| format!("the mapper `{}` can't be read{hint}", file.display()))?;
    ensure!(!bytes.is_empty(), "the mapper `{}` is empty", file.display());
    Ok(bytes)
}

/// Whether `bytes` are WebAssembly, and not an image.
pub fn is_wasm(bytes: &[u8]) -> bool {
    bytes.starts_with(WASM)
}

/// A mapper in the engine, ready to be given its settings.
pub struct Loaded {
    /// The component.
    pub component: Component,
    /// What it was made of.
    pub identity: Identity,
}

impl Loaded {
    /// Loads the mapper in `file` into an engine for so many sandboxes at once. A component is
    /// compiled, unless the cache has it from an earlier time.
    pub fn load(file: &Path, sandboxes: u32) -> Result<Loaded> {
        let bytes = read(file)?;
        if !is_wasm(&bytes) {
            ensure!(
                bytes.starts_with(ELF) || Manifest::path(file).is_file(),
                "`{}` is neither a component nor an image",
                file.display()
            );
            let image = Image::find(file)?;
            let engine = engine::running(sandboxes, image.memory())?;
            let (component, manifest) = image.load(&engine)?;
            return Ok(Loaded { component, identity: manifest.into() });
        }
        let _progress = progress("loading", file, bytes.len());
        Loaded::compiled(file, &bytes, compile::mapper(&bytes, sandboxes))
    }

    /// The same in an engine that counts instructions. An image can't be loaded into it.
    pub fn counting(file: &Path, sandboxes: u32) -> Result<Loaded> {
        let bytes = read(file)?;
        ensure!(
            is_wasm(&bytes),
            "`{}` is not a component, and what an event costs can't be counted in an image: name the component that it \
             was made of by `--mapper`",
            file.display()
        );
        let _progress = progress("preparing to measure", file, bytes.len());
        Loaded::compiled(file, &bytes, compile::counting(&bytes, sandboxes))
    }

    /// The component `bytes` in `file`, as it was `compiled`.
    fn compiled(
        file: &Path,
        bytes: &[u8],
        compiled: Result<(Component, String), CompileError>,
    ) -> Result<Loaded> {
        let (component, wit) =
            compiled.with_context(|| format!("`{}` can't be compiled", file.display()))?;
        Ok(Loaded { component, identity: Identity { wit, sha256: File::describe(bytes).sha256 } })
    }
}

/// Says what is `done` with the component in `file`, if that may take long.
pub fn progress(done: &str, file: &Path, bytes: usize) -> ProgressBar {
    /// A larger component carries the interpreter of its language, which takes seconds.
    const LARGE: usize = 1024 * 1024;
    if bytes <= LARGE {
        return ProgressBar::hidden();
    }
    terminal::progress(format!("{done} {} ({})", file.display(), terminal::size(bytes as u64)))
}

/// The variable `name`, as the settings read it.
fn variable(environment: &Environment, name: &str) -> Option<String> {
    let value = environment.get(OsStr::new(name))?.to_str()?;
    config::trimmed(value).map(str::to_owned)
}

/// The limits and variables of mappers in the environment, for the program in `file`. Whatever else
/// is set there has no meaning.
pub fn mapper_settings(file: &Path) -> Result<Settings> {
    let mut vars = Environment::new();
    for (name, value) in environment() {
        let text = name.to_string_lossy();
        if text.starts_with("MAPPER_") || text == ANSWER_WITHIN_MS {
            vars.insert(name, value);
        }
    }
    vars.insert(BACKEND_API_URL.into(), SHOWN_API_URL.into());
    vars.insert(MAPPER_IMAGE.into(), file.into());
    Ok(Config::from_vars(vars)?.mapper)
}

/// The settings in `environment`, for the mapper in `file`. They need no backend if nothing is to
/// be sent.
pub fn config(file: &Path, send: bool, environment: &Environment) -> Result<Config> {
    let mut vars = environment.clone();
    if !send && variable(&vars, BACKEND_API_URL).is_none() {
        vars.insert(BACKEND_API_URL.into(), SHOWN_API_URL.into());
    }
    vars.insert(MAPPER_IMAGE.into(), file.into());
    // The workbench puts nothing into the queue, and says itself what is wrong with a mapper.
    vars.remove(OsStr::new(UNDELIVERED_QUEUE_URL));
    let mut config = Config::from_vars(vars)?;
    config.mapper.backtraces = true;
    Ok(config)
}
