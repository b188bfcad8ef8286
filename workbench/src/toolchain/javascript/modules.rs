//! The modules of a mapper: its own file, and whatever that imports.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs;
use std::path::{Component, Path, PathBuf};

use super::fault::Fault;
use super::parsed::{self, Given, Import, Parsed, Taken};
use super::resolved::{Resolved, Resolver};

/// A module that is read.
pub(super) struct Module {
    /// By which messages name it.
    pub name: String,
    /// In JavaScript.
    pub source: String,
    /// The `mappings` of its source map, if it was TypeScript. Empty if not.
    pub mappings: String,
    /// The words that it imports others by, and their names.
    pub imports: Vec<(String, String)>,
    /// The places of its `await` outside of functions, each as `FILE:LINE:COLUMN`.
    pub awaits: Vec<String>,
    pub taken: Vec<Taken>,
    pub given: Given,
}

impl Module {
    /// The name of what it imports by `words`.
    pub(super) fn imported(&self, words: &str) -> Option<&str> {
        self.imports.iter().find(|(known, _)| known == words).map(|(_, name)| name.as_str())
    }
}

/// What a mapper is made of.
pub(super) struct Collected {
    /// Its modules, its own first.
    pub modules: Vec<Module>,
    /// What the author has written of each.
    pub sources: Vec<String>,
    /// All files that were read.
    pub files: Vec<PathBuf>,
    /// The places of the author's imports by a name that is made at run time, as
    /// `FILE:LINE:COLUMN`.
    pub unnamed: Vec<String>,
}

/// The modules that `mapper`, a file of `folder`, needs.
pub(super) fn collect(folder: &Path, mapper: &Path) -> Result<Collected, Fault> {
    let found = mapper.canonicalize().and_then(|mapper| Ok((mapper, folder.canonicalize()?)));
    let (mapper, folder) =
        found.map_err(|source| Fault::Read { file: mapper.to_owned(), source })?;
    let folder = folder.as_path();
    let resolver = Resolver::new();
    let mut names = BTreeMap::from([(mapper.clone(), name_of(&mapper, folder))]);
    let mut open = VecDeque::from([mapper.clone()]);
    let (mut modules, mut files, mut sources) = (Vec::new(), Vec::new(), Vec::new());
    let (mut packages, mut unnamed) = (BTreeSet::new(), Vec::new());
    while let Some(file) = open.pop_front() {
        let name = names[&file].clone();
        let read = fs::read_to_string(&file)
            .map_err(|source| Fault::Read { file: file.clone(), source })?;
        let Parsed { source, mappings, imports, awaits, unnamed: places, taken, given } =
            parsed::parse(&name, &read)?;
        let mut linked = Vec::new();
        let is_packages = name.contains("node_modules/");
        if !is_packages {
            unnamed.extend(places);
        }
        for Import { words, offset, is_late } in imports {
            let found = if is_packages {
                resolver.find(&file, &words)
            } else {
                resolver.find_for_author(&file, &words)
            };
            match found {
                Ok(Resolved::File(found, package)) => {
                    packages.extend(package);
                    let other = names.entry(found).or_insert_with_key(|found| {
                        open.push_back(found.clone());
                        name_of(found, folder)
                    });
                    linked.push((words, other.clone()));
                }
                Ok(Resolved::OfEngine) => {}
                // Packages ask for what not everybody has, and do without it.
                Err(_) if is_late && is_packages => {}
                Err(message) => return Err(Fault::at(&name, &read, offset, message)),
            }
        }
        modules.push(Module { name, source, mappings, imports: linked, awaits, taken, given });
        sources.push(read);
        files.push(file);
    }
    files.extend(packages);
    Ok(Collected { modules, sources, files, unnamed })
}

/// The way to `file` from `folder`, by which messages name it. It is the same wherever the folder
/// is.
fn name_of(file: &Path, folder: &Path) -> String {
    let common =
        file.components().zip(folder.components()).take_while(|(one, other)| one == other).count();
    let up = folder.components().skip(common).map(|_| Component::ParentDir);
    let way: PathBuf = up.chain(file.components().skip(common)).collect();
    way.to_string_lossy().into_owned()
}
