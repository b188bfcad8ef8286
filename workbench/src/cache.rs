//! The folder in which the workbench keeps what it has compiled. It is native code that is run, so
//! nobody else may be able to write to it.

use std::env;
use std::fs::DirBuilder;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Once;

use wasmtime::{Cache, CacheConfig, Result};

/// The variable that names the folder.
const MAPPER_CACHE_DIR: &str = "MAPPER_CACHE_DIR";
/// The folder among those of other programs.
const FOLDER: &str = "post-confirmation-mapper";
/// The folder in it that wasmtime owns.
const WASMTIME: &str = "wasmtime";
/// The permissions of a group and of others to write.
const WRITABLE_BY_OTHERS: u32 = 0o022;

/// A command may need the folder several times; one warning is enough.
static WARNED: Once = Once::new();

/// What can be kept.
pub struct Kept {
    /// The folder of the cache.
    pub folder: PathBuf,
    /// Wasmtime's own cache, of whole components.
    pub components: Cache,
}

/// The cache. None if no folder is named, or nothing can be kept there, which is said.
pub fn open() -> Option<Kept> {
    let folder = folder()?;
    let why = match claim(&folder).and_then(|own| own.then(|| components(&folder)).transpose()) {
        Ok(Some(components)) => return Some(Kept { folder, components }),
        Ok(None) => format!(
            "can be written by other users, so nothing is kept; set {MAPPER_CACHE_DIR} to a folder of your own"
        ),
        Err(error) => format!(
            "can't be written, so nothing is kept; set {MAPPER_CACHE_DIR} to a folder that can be: {error:#}"
        ),
    };
    WARNED.call_once(|| eprintln!("warning: the cache `{}` {why}", folder.display()));
    None
}

/// The folder: `$MAPPER_CACHE_DIR`, else `post-confirmation-mapper` in `$XDG_CACHE_HOME` or
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

/// Makes `folder`, and says whether it is this user's alone.
fn claim(folder: &Path) -> Result<bool> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let user = tempfile::tempfile_in(folder)?.metadata()?.uid();
    let found = folder.metadata()?;
    Ok(found.uid() == user && found.mode() & WRITABLE_BY_OTHERS == 0)
}

fn components(folder: &Path) -> Result<Cache> {
    let mut config = CacheConfig::new();
    // A folder that is the cache's alone: wasmtime removes all that it does not know in it.
    config.with_directory(folder.join(WASMTIME));
    Cache::new(config)
}
