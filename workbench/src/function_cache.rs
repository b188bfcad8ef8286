//! The functions of components that were compiled earlier. Two mappers that carry the same
//! interpreter have the same functions and differ in their data alone: the second is put together
//! instead of compiled.
//!
//! A file holds all functions of one code for one kind of engine: the target that it compiles for,
//! and whether it counts instructions. It is made in one step and never changed,
//! so commands can run at the same time.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::fs::{self, DirBuilder};
use std::io;
use std::ops::Range;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::SystemTime;

use post_confirmation_host::mapper::File;
use tempfile::NamedTempFile;
use wasmparser::{Parser, Payload};
use wasmtime::CacheStore;

/// The folder of the files in that of the cache.
const FOLDER: &str = "functions";
/// Less code than this, in bytes, is compiled nearly as fast as it is read.
const SMALL: usize = 256 * 1024;
/// The most files. Those that were not used for the longest time are removed.
const MOST: usize = 8;
/// A file begins with the SHA-256 of the rest, in hexadecimal.
const DIGEST: usize = 64;
/// What a function is found by: Cranelift's digest of all that it is compiled from.
const KEY: usize = 32;
/// The bytes of a length.
const LENGTH: usize = 4;

/// The functions of one code.
pub struct Functions {
    file: PathBuf,
    earlier: OnceLock<Earlier>,
    found: AtomicBool,
    new: Mutex<HashMap<Vec<u8>, Vec<u8>>>,
}

/// The functions in a file.
#[derive(Default)]
struct Earlier {
    bytes: Vec<u8>,
    places: HashMap<Vec<u8>, Range<usize>>,
}

impl Functions {
    /// Those of the code in `component` as engines of this `kind` have them, in the cache's
    /// `folder`. None if there is too little code, or no component.
    pub fn cached(component: &[u8], kind: &str, folder: &Path) -> Option<Functions> {
        let mut code = Vec::new();
        for payload in Parser::new(0).parse_all(component) {
            if let Payload::CodeSectionStart { range, .. } = payload.ok()? {
                code.extend_from_slice(component.get(range)?);
            }
        }
        if code.len() < SMALL {
            return None;
        }
        let name = format!("{}-{kind}", File::describe(&code).sha256);
        let file = folder.join(FOLDER).join(name);
        Some(Functions {
            file,
            earlier: OnceLock::new(),
            found: AtomicBool::new(false),
            new: Mutex::default(),
        })
    }

    /// Keeps what was compiled, if nothing of it was in the file: that was not there, broken, or of
    /// another release. If it can't be written, the next time takes as long, and nothing else.
    pub fn keep(&self) {
        if !self.found.load(Ordering::Relaxed) && !self.added().is_empty() {
            _ = self.write();
        }
    }

    fn write(&self) -> io::Result<()> {
        let mut bytes = Vec::new();
        for (key, function) in &*self.added() {
            let length = u32::try_from(function.len()).map_err(io::Error::other)?;
            bytes.extend_from_slice(key);
            bytes.extend_from_slice(&length.to_le_bytes());
            bytes.extend_from_slice(function);
        }
        let folder = self.file.parent().unwrap_or(Path::new("."));
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let new = NamedTempFile::new_in(folder)?;
        fs::write(&new, [File::describe(&bytes).sha256.as_bytes(), &bytes].concat())?;
        new.persist(&self.file)?;
        remove_oldest(folder)
    }

    fn added(&self) -> MutexGuard<'_, HashMap<Vec<u8>, Vec<u8>>> {
        self.new.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CacheStore for Functions {
    fn get(&self, key: &[u8]) -> Option<Cow<'_, [u8]>> {
        let earlier = self.earlier.get_or_init(|| Earlier::read(&self.file).unwrap_or_default());
        let place = earlier.places.get(key)?;
        self.found.store(true, Ordering::Relaxed);
        Some(Cow::Borrowed(&earlier.bytes[place.clone()]))
    }

    fn insert(&self, key: &[u8], value: Vec<u8>) -> bool {
        key.len() == KEY && self.added().insert(key.to_owned(), value).is_none()
    }
}

impl fmt::Debug for Functions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Functions").field("file", &self.file).finish_non_exhaustive()
    }
}

impl Earlier {
    /// Those in `file`. None if it is not there, or not as it was written.
    fn read(file: &Path) -> Option<Earlier> {
        let bytes = fs::read(file).ok()?;
        let (digest, rest) = bytes.split_at_checked(DIGEST)?;
        if File::describe(rest).sha256.as_bytes() != digest {
            return None;
        }
        let mut places = HashMap::new();
        let mut at = DIGEST;
        while let Some(key) = bytes.get(at..at + KEY) {
            let start = at + KEY + LENGTH;
            let length = bytes.get(at + KEY..start)?.try_into().ok()?;
            at = start + u32::from_le_bytes(length) as usize;
            bytes.get(start..at)?;
            places.insert(key.to_owned(), start..at);
        }
        _ = fs::File::open(file).and_then(|file| file.set_modified(SystemTime::now()));
        Some(Earlier { bytes, places })
    }
}

/// Removes the files in `folder` that are too many.
fn remove_oldest(folder: &Path) -> io::Result<()> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        files.push((entry.metadata()?.modified()?, entry.path()));
    }
    files.sort();
    let many = files.len().saturating_sub(MOST);
    files.iter().take(many).try_for_each(|(_, file)| fs::remove_file(file))
}
