//! From the file that a command names to the settings of a function with that mapper.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use indicatif::ProgressBar;
use post_confirmation_host::config::{self, BACKEND_API_URL, Config, MAPPER_IMAGE, UNDELIVERED_QUEUE_URL};
use crate::cache::Cache;
use post_confirmation_host::mapper::{Manifest, THIS_TARGET};

use crate::terminal;

/// The component that `mapper build` makes and other commands take where none is named.
pub const COMPONENT: &str = "mapper.wasm";
/// The base of requests that are only shown, where none is set.
const SHOWN_API_URL: &str = "https://backend.example/";
/// What WebAssembly begins with.
const WASM: &[u8] = b"\0asm";
/// What an image begins with.
const ELF: &[u8] = b"\x7fELF";

/// The mapper that a command tries.
#[derive(clap::Args)]
pub struct Which {
    /// The mapper: a component, or an image. Without it MAPPER_IMAGE says where it is, or else it is `mapper.wasm`.
    #[arg(short, long, value_name = "FILE")]
    mapper: Option<PathBuf>,
}

impl Which {
    /// The file.
    pub fn file(&self) -> PathBuf {
        self.mapper.clone().or_else(|| variable(MAPPER_IMAGE).map(PathBuf::from)).unwrap_or_else(|| COMPONENT.into())
    }
}

/// The bytes of the mapper in `file`.
pub fn read(file: &Path) -> Result<Vec<u8>> {
    let inner = file.join(COMPONENT);
    ensure!(!file.is_dir(), "the mapper `{}` is a folder: name `{}`", file.display(), inner.display());
    let hint = if file == Path::new(COMPONENT) { "; `mapper build` makes it, or `--mapper` names another" } else { "" };
    let bytes = fs::read(file).with_context(|| format!("the mapper `{}` can't be read{hint}", file.display()))?;
    ensure!(!bytes.is_empty(), "the mapper `{}` is empty", file.display());
    Ok(bytes)
}

/// Whether `bytes` are WebAssembly, and not an image.
pub fn is_wasm(bytes: &[u8]) -> bool {
    bytes.starts_with(WASM)
}

/// The image of the mapper in `file`. A component is compiled, unless `cache` has its image from an earlier time.
pub fn image(cache: &Cache, file: &Path) -> Result<PathBuf> {
    let bytes = read(file)?;
    if !is_wasm(&bytes) {
        ensure!(
            bytes.starts_with(ELF) || Manifest::path(file).is_file(),
            "`{}` is neither a component nor an image",
            file.display()
        );
        return Ok(file.to_owned());
    }
    let mut progress = None;
    let compiling = || progress = Some(compiling(file, bytes.len()));
    cache.mapper(&bytes, THIS_TARGET, compiling).with_context(|| format!("`{}` can't be compiled", file.display()))
}

/// Says that the component in `file` is compiled, where that takes long.
pub fn compiling(file: &Path, bytes: usize) -> ProgressBar {
    /// A larger component carries the interpreter of its language, which takes seconds.
    const LARGE: usize = 1024 * 1024;
    if bytes <= LARGE {
        return ProgressBar::hidden();
    }
    terminal::progress(format!("compiling {} ({})", file.display(), terminal::size(bytes as u64)))
}

/// The variable `name`, as the settings read it.
fn variable(name: &str) -> Option<String> {
    env::var(name).ok().as_deref().and_then(config::trimmed).map(str::to_owned)
}

/// The settings of the environment, for the mapper `image`. Where nothing is to be sent, they need no backend.
pub fn config(image: PathBuf, send: bool) -> Result<Config> {
    let mut vars: Vec<(OsString, OsString)> = env::vars_os().collect();
    let mut put = |name: &str, value: OsString| {
        vars.retain(|(other, _)| other != name);
        vars.push((name.into(), value));
    };
    if !send && variable(BACKEND_API_URL).is_none() {
        put(BACKEND_API_URL, SHOWN_API_URL.into());
    }
    put(MAPPER_IMAGE, image.into());
    // The workbench puts nothing into the queue, and says itself what is wrong with a mapper.
    put(UNDELIVERED_QUEUE_URL, OsString::new());
    let mut config = Config::from_vars(vars)?;
    config.mapper.backtraces = true;
    Ok(config)
}
