//! What a component was made of, by digests: whether `mapper build` would make another one now.
//!
//! A build leaves a record beside the component. Every file in the mapper's folder counts as a
//! source, but for those that tools and tests are known to write there, and for tests; a file that
//! the build has read counts anyway. Nobody knows what code in Python opens while it is built, so
//! fewer files are left out there. A file too much costs a build, one too few a test of an old
//! component. What the build itself has put in counts, too.

use std::collections::BTreeSet;
use std::collections::btree_map::{BTreeMap, Entry};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result};
use post_confirmation_host::event::is_event;
use post_confirmation_host::mapper;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::answer::is_answer;
use crate::mapper_file::LAYER;
use crate::toolchain::Language;

/// The record. The `.gitignore` of new mappers knows it.
const RECORD: &str = ".mapper-build-sources.json";
/// Folders that tools make, which have no mark of their own.
const MADE_FOLDERS: [&str; 2] = ["node_modules", "__pycache__"];
/// What marks other such folders: those of cargo, of caches, and of Python's environments.
const MARKS: [&str; 2] = ["CACHEDIR.TAG", "pyvenv.cfg"];
/// The folder of cases, and the ends of the files in them that are not source.
const CASES: &str = "cases/";
const CASE_FILES: [&str; 5] =
    [".event.json", ".expected.json", ".variables.json", ".answer.json", ".received-at.json"];
/// The ends of components and images, wherever they are.
const MAPPERS: [&str; 2] = [".wasm", ".cwasm"];
/// Other files of the workbench, in the mapper's folder itself: what `mapper new` says, and what a
/// build writes.
const README: &str = "README.md";
const OWN: &str = ".mapper-build-";
/// How the names of unit tests begin and end, and the folders that hold nothing else.
const TESTS_BEGIN: [&str; 2] = ["test_", "conftest."];
const PYTHON_TESTS_END: &str = "_test.py";
const TESTS_END: [&str; 8] = [
    ".test.js",
    ".test.mjs",
    ".test.ts",
    ".test.mts",
    ".spec.js",
    ".spec.mjs",
    ".spec.ts",
    ".spec.mts",
];
const TESTS: [&str; 3] = ["test/", "tests/", "__tests__/"];
/// What a report in JUnit's form has near its start, and how near.
const REPORT: &[u8] = b"<testsuites";
const REPORT_WITHIN: usize = 200;
/// The lock file of cargo, which a build may write.
const CARGO_LOCK: &str = "Cargo.lock";
/// In place of a path: what the build has put in itself.
pub const BUILD: &str = "mapper build";
/// In place of a digest: the build has perhaps not read what is there now.
const WRITTEN_MEANWHILE: &str = "written during the build";

/// Digests of files, by their paths: below the mapper's folder or absolute.
pub type Sources = BTreeMap<String, String>;

/// What `mapper build` has made of what.
#[derive(Serialize, Deserialize)]
pub struct Record {
    /// The component's digest.
    component: String,
    sources: Sources,
}

/// The sources of the mapper in `folder` as they are now, with what this program adds.
pub fn collect(language: Language, folder: &Path) -> Result<Sources> {
    Ok(survey(language, folder)?.0)
}

/// The same, and the folders in which a new file may be a source or a case.
pub fn survey(language: Language, folder: &Path) -> Result<(Sources, BTreeSet<PathBuf>)> {
    let mut sources = Sources::new();
    let full =
        folder.canonicalize().with_context(|| format!("`{}` can't be found", folder.display()))?;
    // A link to a folder around the mapper's leads back to it.
    let mut folders = BTreeSet::from([full.clone()]);
    walk(language, &full, "", &mut folders, &mut sources)?;
    for file in
        full.ancestors().flat_map(|above| language.settings().iter().map(|name| above.join(name)))
    {
        add(&full, &file, &mut sources)?;
    }
    sources.extend(language.own().map(|own| (BUILD.to_owned(), own)));
    Ok((sources, folders))
}

/// What is in `folder`, in order.
fn entries(folder: &Path) -> io::Result<BTreeSet<PathBuf>> {
    fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect()
}

/// Adds what is below `folder`, in or linked to the mapper's folder, with paths that begin with
/// `prefix`. Each folder counts once, however many links lead to it.
fn walk(
    language: Language,
    folder: &Path,
    prefix: &str,
    seen: &mut BTreeSet<PathBuf>,
    sources: &mut Sources,
) -> Result<()> {
    for path in entries(folder).with_context(|| format!("`{}` can't be read", folder.display()))? {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            let real = path
                .canonicalize()
                .with_context(|| format!("`{}` can't be read", path.display()))?;
            // The root of the machine holds more than files.
            let apart = name.starts_with('.') || real.parent().is_none();
            let made = MADE_FOLDERS.contains(&name.as_str())
                || MARKS.iter().any(|mark| path.join(mark).exists());
            if !apart && !made && seen.insert(real) {
                walk(language, &path, &format!("{prefix}{name}/"), seen, sources)?;
            }
        } else if path.is_file()
            && !is_workbenchs(&path, prefix, &name)
            && !is_test(language, prefix, &name)
        {
            let bytes = read(&path)?;
            let is_report = name.ends_with(".xml") && is_report(&bytes);
            let may_be_read = language == Language::Python && !prefix.starts_with(CASES);
            let is_tried = name.ends_with(".json") && !may_be_read && is_tried(&bytes);
            if !is_report && !is_tried {
                sources.insert(format!("{prefix}{name}"), mapper::File::describe(&bytes).sha256);
            }
        }
    }
    Ok(())
}

/// Whether the file `name` below `prefix` is one that the workbench or an editor writes, and no
/// source.
fn is_workbenchs(path: &Path, prefix: &str, name: &str) -> bool {
    let is_case = prefix.starts_with(CASES) && CASE_FILES.iter().any(|end| name.ends_with(end));
    let is_own = prefix.is_empty() && (name == README || name == LAYER || name.starts_with(OWN));
    let is_mapper = MAPPERS.iter().any(|end| name.ends_with(end));
    // A manifest stands beside its image; one that was left alone is still called as it was.
    let is_manifest = (prefix.is_empty() && name == "mapper.json")
        || (name.ends_with(".json") && path.with_extension("cwasm").exists());
    // What vim keeps beside a file that is open.
    let is_open = name.starts_with('.') && name.ends_with(".swp");
    is_case || is_own || is_mapper || is_manifest || is_open
}

/// Whether the file `name` below `prefix` is a unit test.
fn is_test(language: Language, prefix: &str, name: &str) -> bool {
    let is_python = name.ends_with(".py")
        && (TESTS_BEGIN.iter().any(|it| name.starts_with(it)) || name.ends_with(PYTHON_TESTS_END));
    if language == Language::Python {
        return is_python;
    }
    let in_tests = TESTS.iter().any(|folder| prefix.starts_with(folder));
    in_tests || is_python || TESTS_END.iter().any(|end| name.ends_with(end))
}

/// Whether the file with these `bytes` is what mappers are tried with: an event, or an answer of
/// the backend.
fn is_tried(bytes: &[u8]) -> bool {
    serde_json::from_slice::<&RawValue>(bytes).is_ok_and(|it| is_event(it) || is_answer(it))
}

fn is_report(bytes: &[u8]) -> bool {
    let start = bytes.get(..REPORT_WITHIN).unwrap_or(bytes);
    start.windows(REPORT.len()).any(|part| part == REPORT)
}

/// Adds `file`, if there is such a file. Its path is absolute, and that of the mapper's folder is
/// `full`.
fn add(full: &Path, file: &Path, sources: &mut Sources) -> Result<()> {
    if file.is_file() {
        let path = file.strip_prefix(full).unwrap_or(file);
        sources.insert(path.to_string_lossy().into_owned(), digest(file)?);
    }
    Ok(())
}

fn digest(file: &Path) -> Result<String> {
    Ok(mapper::File::describe(&read(file)?).sha256)
}

fn read(file: &Path) -> Result<Vec<u8>> {
    fs::read(file).with_context(|| format!("`{}` can't be read", file.display()))
}

impl Record {
    /// The record of a build that began at `started` with the sources `before`, and made
    /// `component`. The tool has also read the files `others`.
    pub fn new(
        folder: &Path,
        component: &[u8],
        before: Sources,
        others: &[PathBuf],
        started: SystemTime,
    ) -> Result<Record> {
        let full = folder.canonicalize()?;
        let mut sources = before;
        let locks = full.ancestors().map(|above| above.join(CARGO_LOCK));
        let locks: Vec<PathBuf> = locks.filter(|lock| lock.is_file()).collect();
        for lock in &locks {
            add(&full, lock, &mut sources)?;
        }
        for file in others.iter().filter(|file| file.is_file()) {
            let path = file.strip_prefix(&full).unwrap_or(file).to_string_lossy().into_owned();
            if let Entry::Vacant(unknown) = sources.entry(path) {
                let meanwhile = fs::metadata(file)?.modified()? >= started;
                unknown.insert(if meanwhile {
                    WRITTEN_MEANWHILE.to_owned()
                } else {
                    digest(file)?
                });
            }
        }
        Ok(Record { component: mapper::File::describe(component).sha256, sources })
    }

    /// Whether a build has left a record in `folder`.
    pub fn is_in(folder: &Path) -> bool {
        folder.join(RECORD).exists()
    }

    /// The record in `folder`. None if it is missing or can't be read.
    pub fn read(folder: &Path) -> Option<Record> {
        serde_json::from_slice(&fs::read(folder.join(RECORD)).ok()?).ok()
    }

    /// The files that it knows, by their paths in the mapper's folder.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.sources.keys().filter(|path| *path != BUILD).map(Path::new)
    }

    /// Writes the record to `folder` in one step, by way of `scratch`.
    pub fn write(&self, folder: &Path, scratch: &Path) -> Result<()> {
        let new = scratch.join(RECORD);
        fs::write(&new, serde_json::to_string_pretty(self)?)
            .and_then(|()| fs::rename(&new, folder.join(RECORD)))
            .with_context(|| format!("`{}` can't be written", folder.join(RECORD).display()))
    }

    /// Whether this is the record of `component`.
    pub fn is_of(&self, component: &[u8]) -> bool {
        self.component == mapper::File::describe(component).sha256
    }

    /// The paths of sources that are not as they were: `now` are those that are found without the
    /// record.
    pub fn changed(&self, folder: &Path, now: &Sources) -> Vec<String> {
        let old = self.sources.iter().filter(|(path, was)| match now.get(*path) {
            Some(is) => is != *was,
            None => digest(&folder.join(path)).ok().as_ref() != Some(*was),
        });
        let new = now.keys().filter(|path| !self.sources.contains_key(*path));
        old.map(|(path, _)| path).chain(new).cloned().collect()
    }
}
