//! The engine of the workbench. It compiles for this machine as `mapper compile` does for Lambda,
//! keeps what it has compiled in wasmtime's cache, and runs it in the function's own sandboxes.

use std::env;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Once;

use anyhow::Result;
use post_confirmation_host::mapper::THIS_TARGET;
use post_confirmation_host::mapper::engine;
use wasmtime::{Cache, CacheConfig, Config, Engine};

/// The variable that names the cache's folder.
pub const MAPPER_CACHE_DIR: &str = "MAPPER_CACHE_DIR";
/// The folder in it that wasmtime owns.
const WASMTIME: &str = "wasmtime";
/// The cache's folder among those of other programs.
const FOLDER: &str = "post-confirmation-mapper";

/// A command may need several engines; one warning is enough.
static WARNED: Once = Once::new();

/// An engine for so many sandboxes at once.
///
/// # Errors
/// The engine can't be started.
pub fn new(sandboxes: u32) -> wasmtime::Result<Engine> {
    let mut config = engine::running(sandboxes)?;
    // A target that is named switches off what only this machine's processor can do.
    config.target(THIS_TARGET)?;
    keep(&mut config);
    Engine::new(&config)
}

/// An engine that runs the language of a mapper while one is built, and stops it if its epoch ends.
///
/// # Errors
/// The engine can't be started.
pub fn building() -> wasmtime::Result<Engine> {
    let mut config = Config::new();
    config.epoch_interruption(true);
    keep(&mut config);
    Engine::new(&config)
}

/// Lets an engine with this `config` keep what it compiles.
fn keep(config: &mut Config) {
    if let Some(folder) = folder() {
        match cache(&folder) {
            Ok(cache) => _ = config.cache(Some(cache)),
            Err(error) => WARNED.call_once(|| {
                eprintln!(
                    "warning: the cache `{}` can't be written, so nothing is kept; set {MAPPER_CACHE_DIR} to a folder \
                     that can be: {error:#}",
                    folder.display()
                );
            }),
        }
    }
}

/// The cache's folder: `$MAPPER_CACHE_DIR`, else `post-confirmation-mapper` in `$XDG_CACHE_HOME` or
/// `~/.cache`.
fn folder() -> Option<PathBuf> {
    if let Some(own) = set(MAPPER_CACHE_DIR) {
        return std::path::absolute(own).ok();
    }
    let shared = set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache")))?;
    std::path::absolute(shared.join(FOLDER)).ok()
}

fn set(variable: &str) -> Option<PathBuf> {
    env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from)
}

fn cache(folder: &Path) -> Result<Cache> {
    // Other users must not put native code there.
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    tempfile::tempfile_in(folder)?;
    let mut config = CacheConfig::new();
    // A folder that is the cache's alone: wasmtime removes all that it does not know in it.
    config.with_directory(folder.join(WASMTIME));
    Ok(Cache::new(config)?)
}
