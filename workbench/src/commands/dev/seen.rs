//! What a mapper is tried with, by its bytes: the component, the cases, the event that is looked
//! at.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use post_confirmation_host::mapper;

use crate::cases;
use crate::mapper_file::COMPONENT;

/// The digests of all that is there, by path.
#[derive(PartialEq, Eq)]
pub struct Seen(BTreeMap<PathBuf, String>);

impl Seen {
    /// What there is now, with the file of an `event`.
    pub fn now(event: Option<&Path>) -> Seen {
        let cases = fs::read_dir(cases::FOLDER).into_iter().flatten().flatten();
        let cases = cases.map(|entry| entry.path()).filter(|path| cases::is_file_of_one(path));
        let others = [Path::new(COMPONENT)].into_iter().chain(event).map(Path::to_owned);
        Seen(cases.chain(others).filter_map(described).collect())
    }

    /// The paths of the files that are not as they were `before`, apart from the component.
    pub fn changed(&self, before: &Seen) -> Vec<String> {
        let mine = self.0.iter().filter(|(path, digest)| before.0.get(*path) != Some(*digest));
        let gone = before.0.iter().filter(|(path, _)| !self.0.contains_key(*path));
        let all = mine.chain(gone).map(|(path, _)| path.to_string_lossy().into_owned());
        all.filter(|path| path != COMPONENT).collect()
    }
}

/// The file `path` with its digest, if it can be read.
fn described(path: PathBuf) -> Option<(PathBuf, String)> {
    let digest = mapper::File::describe(&fs::read(&path).ok()?).sha256;
    Some((path, digest))
}
