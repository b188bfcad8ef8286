//! The workbench's cache of images: a component is compiled once for a target and a release, not at every call.
//!
//! An entry is a folder with an image and its manifest, named after all that the image depends on. It appears by one
//! rename, so that processes can share the cache, and is checked whenever it is used.

use std::env;
use std::fs::{self, DirEntry};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use post_confirmation_host::mapper::engine::{self, WASMTIME_VERSION};
use post_confirmation_host::mapper::image;
use post_confirmation_host::mapper::{FORMAT, File};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::compile::{self, CompileError, Compiled};

/// The variable that names the cache's folder.
pub const MAPPER_CACHE_DIR: &str = "MAPPER_CACHE_DIR";
/// The cache's folder among those of other programs.
const FOLDER: &str = "post-confirmation-mapper";
/// The most entries of a kind. A mapper's image has some hundred kilobytes, or 40 megabytes where it is in Python.
const ENTRIES: usize = 24;
/// What a folder is called until it is complete.
const UNFINISHED: &str = "unfinished-";
/// After so long, no process is still at an unfinished folder.
const ABANDONED: Duration = Duration::from_secs(60 * 60);
/// The image of an entry.
const IMAGE: &str = "mapper.cwasm";

/// What an entry was made of.
#[derive(Clone, Copy)]
enum Kind {
    Mapper,
    Program,
}

impl Kind {
    /// The first part of the names of such entries. Each kind has entries of its own number: unit tests change with
    /// every build, and must not push out a mapper that takes half a minute to compile.
    fn prefix(self) -> &'static str {
        match self {
            Kind::Mapper => "mapper-",
            Kind::Program => "program-",
        }
    }
}

/// A folder of images. The paths that it hands out are good as long as it lives.
pub struct Cache {
    /// Nothing where no folder is known, or where it can't be written.
    folder: Mutex<Option<PathBuf>>,
    /// What stands in for it.
    scratch: OnceLock<TempDir>,
}

impl Cache {
    /// The cache of this user: the folder `$MAPPER_CACHE_DIR`, else `post-confirmation-mapper` in `$XDG_CACHE_HOME` or
    /// `~/.cache`.
    pub fn from_env() -> Cache {
        let set = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let own = set(MAPPER_CACHE_DIR);
        let shared = || set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache")));
        Cache { folder: Mutex::new(own.or_else(|| Some(shared()?.join(FOLDER)))), scratch: OnceLock::new() }
    }

    /// The cache in `folder`, which need not exist.
    #[cfg(test)]
    pub fn at(folder: &Path) -> Cache {
        Cache { folder: Mutex::new(Some(folder.to_owned())), scratch: OnceLock::new() }
    }

    /// The image of the mapper `component` for `target`, one of [`compile::TARGETS`], with its manifest beside it. `compiling`
    /// is called before a compilation, and not called where there is an image.
    ///
    /// # Errors
    /// What is wrong with the component, or that not even a temporary file can be written.
    pub fn mapper(&self, component: &[u8], target: &str, compiling: impl FnOnce()) -> Result<PathBuf, CompileError> {
        self.image(Kind::Mapper, component, target, || {
            compiling();
            compile::compile(component, target)
        })
    }

    /// The image of any WASI program for `target`, as [`Cache::mapper`] has those of mappers.
    ///
    /// # Errors
    /// What is wrong with the component, or that not even a temporary file can be written.
    pub fn program(&self, component: &[u8], target: &str, compiling: impl FnOnce()) -> Result<PathBuf, CompileError> {
        self.image(Kind::Program, component, target, || {
            compiling();
            compile::program(component, target)
        })
    }

    fn image(
        &self,
        kind: Kind,
        component: &[u8],
        target: &str,
        compile: impl FnOnce() -> Result<Compiled, CompileError>,
    ) -> Result<PathBuf, CompileError> {
        let name = name(kind, component, target);
        let folder = self.folder.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let scratch = self.scratch.get().map(TempDir::path);
        for folder in folder.as_deref().into_iter().chain(scratch) {
            if let Some(image) = find(&folder.join(&name), component, target) {
                return Ok(image);
            }
        }

        let compiled = compile()?;
        if let Some(folder) = folder {
            match keep(&compiled, &folder, &name, target) {
                Ok(image) => {
                    tidy(&folder, kind);
                    return Ok(image);
                }
                Err(error) => {
                    *self.folder.lock().unwrap_or_else(PoisonError::into_inner) = None;
                    eprintln!(
                        "warning: the cache `{}` can't be written, so nothing is kept; set {MAPPER_CACHE_DIR} to a \
                         folder that can be: {error}",
                        folder.display()
                    );
                }
            }
        }
        let image = self.scratch()?.join(&name).join(IMAGE);
        compiled.write(&image)?;
        Ok(image)
    }

    /// A folder for as long as this cache lives.
    fn scratch(&self) -> Result<&Path, CompileError> {
        if let Some(scratch) = self.scratch.get() {
            return Ok(scratch.path());
        }
        let new = tempfile::tempdir().map_err(|source| CompileError::Write { path: env::temp_dir(), source })?;
        Ok(self.scratch.get_or_init(|| new).path())
    }
}

/// The name of an entry, after all that its image depends on.
fn name(kind: Kind, component: &[u8], target: &str) -> String {
    let mut all = Sha256::new();
    for part in [target, WASMTIME_VERSION, &engine::fingerprint(), &FORMAT.to_string(), ""] {
        all.update(part);
        all.update([0]);
    }
    all.update(component);
    format!("{}{}", kind.prefix(), all.finalize().iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}")))
}

/// The image of an entry that is there and whole. It is the one used last from now on.
fn find(entry: &Path, component: &[u8], target: &str) -> Option<PathBuf> {
    let image = entry.join(IMAGE);
    let manifest = image::verified_wholly(&image, target).ok()?;
    if manifest.component != File::describe(component) {
        return None;
    }
    // Where this fails, the entry only seems older than it is.
    let _ = fs::File::open(entry).and_then(|entry| entry.set_modified(SystemTime::now()));
    Some(image)
}

/// Puts an entry into the cache's folder, in one step.
fn keep(compiled: &Compiled, folder: &Path, name: &str, target: &str) -> io::Result<PathBuf> {
    let entry = folder.join(name);
    // Nobody else may put native code there.
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let unfinished = || tempfile::Builder::new().prefix(UNFINISHED).tempdir_in(folder);
    let new = unfinished()?;
    compiled.write(&new.path().join(IMAGE)).map_err(io::Error::other)?;
    if fs::rename(new.path(), &entry).is_err() {
        // There is one already: by another process that was faster, or a damaged one, which makes room.
        if image::verified_wholly(&entry.join(IMAGE), target).is_err() {
            let old = unfinished()?;
            let _ = fs::rename(&entry, old.path().join("damaged"));
            // Where another process does the same at this moment, its entry is as good.
            if let Err(error) = fs::rename(new.path(), &entry)
                && !entry.join(IMAGE).is_file()
            {
                return Err(error);
            }
        }
    }
    Ok(entry.join(IMAGE))
}

/// Removes what is too much: the entries of `kind` that were used least lately, and what ended processes have left.
/// Whatever can't be removed stays.
fn tidy(folder: &Path, kind: Kind) {
    let Ok(found) = fs::read_dir(folder) else { return };
    let modified = |entry: &DirEntry| entry.metadata().and_then(|of| of.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
    let begins = |entry: &DirEntry, prefix| entry.file_name().to_str().is_some_and(|name| name.starts_with(prefix));
    let (mut entries, others): (Vec<_>, Vec<_>) = found.flatten().partition(|entry| begins(entry, kind.prefix()));
    entries.sort_by_key(|entry| std::cmp::Reverse(modified(entry)));
    let long_ago = |entry: &DirEntry| modified(entry).elapsed().is_ok_and(|age| age > ABANDONED);
    let abandoned = others.into_iter().filter(|entry| begins(entry, UNFINISHED) && long_ago(entry));
    for entry in entries.into_iter().skip(ENTRIES).chain(abandoned) {
        let _ = fs::remove_dir_all(entry.path());
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use post_confirmation_host::mapper::THIS_TARGET;

    /// A WASI program with a number in it, which makes it another one.
    fn program(number: u32) -> Vec<u8> {
        let text = format!(
            r#"(component
                (core module $m (func (export "run") (result i32) i32.const {number} drop i32.const 0))
                (core instance $i (instantiate $m))
                (func $run (result (result)) (canon lift (core func $i "run")))
                (instance $exported (export "run" (func $run)))
                (export "wasi:cli/run@0.2.6" (instance $exported)))"#
        );
        wat::parse_str(text).unwrap()
    }

    /// The image of the program `number`, and whether it was compiled.
    fn image(cache: &Cache, number: u32) -> (PathBuf, bool) {
        let compiled = Cell::new(false);
        let image = cache.program(&program(number), THIS_TARGET, || compiled.set(true)).unwrap();
        assert!(crate::commands::unit_test::program::Program::load(&image).is_ok());
        (image, compiled.get())
    }

    #[test]
    fn a_program_is_compiled_once_and_found_by_every_later_cache() {
        let folder = tempfile::tempdir().unwrap();
        let (first, compiled) = image(&Cache::at(folder.path()), 1);
        assert!(compiled && first.starts_with(folder.path()));
        assert_eq!(image(&Cache::at(folder.path()), 1), (first, false));
        assert!(image(&Cache::at(folder.path()), 2).1);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_damaged_entry_is_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path());
        let (path, _) = image(&cache, 1);
        let whole = fs::read(&path).unwrap();
        let spoil: [&dyn Fn(); 4] = [
            &|| fs::write(&path, &whole[..100]).unwrap(),
            &|| fs::write(path.with_extension("json"), "{}").unwrap(),
            &|| fs::remove_file(path.with_extension("json")).unwrap(),
            &|| fs::remove_file(&path).unwrap(),
        ];
        for spoil in spoil {
            spoil();
            assert_eq!(image(&cache, 1), (path.clone(), true));
            assert_eq!(image(&cache, 1), (path.clone(), false));
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        }
    }

    #[test]
    fn the_entries_used_least_lately_are_removed_and_other_files_stay() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("own.txt"), "").unwrap();
        let cache = Cache::at(folder.path());
        let age = |path: &Path, hours: u64| {
            let then = SystemTime::now() - Duration::from_secs(hours * 60 * 60);
            fs::File::open(path).unwrap().set_modified(then).unwrap();
        };
        let unfinished = folder.path().join("unfinished-1");
        fs::create_dir(&unfinished).unwrap();
        age(&unfinished, 2);
        let entry = |number| image(&cache, number).0.parent().unwrap().to_owned();
        let entries: Vec<_> = (0..24).map(entry).collect();
        for (number, entry) in (0..).zip(&entries) {
            age(entry, 100 - number);
        }
        entry(0);
        entry(24);
        let there: Vec<_> = entries.iter().map(|entry| entry.exists()).collect();
        assert!(there[0] && !there[1] && there[2..].iter().all(|there| *there), "{there:?}");
        assert!(folder.path().join("own.txt").exists() && !unfinished.exists());
    }

    #[test]
    fn many_at_once_get_the_same_image() {
        let folder = tempfile::tempdir().unwrap();
        let images: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| image(&Cache::at(folder.path()), 1).0)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(images.iter().all(|image| *image == images[0] && image.exists()));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_that_cannot_be_written_gives_way_to_a_temporary_one() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let cache = Cache::at(&file.join("below"));
        let (path, compiled) = image(&cache, 1);
        assert!(compiled && !path.starts_with(folder.path()));
        assert_eq!(image(&cache, 1), (path, false));
    }

    #[test]
    fn what_is_no_program_or_no_mapper_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path());
        let refused = cache.mapper(&program(1), THIS_TARGET, || ());
        assert!(matches!(refused, Err(CompileError::Contract(_))));
        let refused = cache.program(&wat::parse_str("(component)").unwrap(), THIS_TARGET, || ());
        assert!(matches!(refused, Err(CompileError::NoProgram)));
    }
}
