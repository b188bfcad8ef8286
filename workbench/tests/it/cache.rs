//! The cache of compiled components, as the commands of the workbench use it.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use super::{Folder, Ran, ends, wasm};
use test_support::behaving;
use test_support::components::{DEFAULT, MISBEHAVING, OTHER, image};

impl Folder {
    /// A folder with one case that the mapper obeying its events passes.
    fn with_a_case() -> Folder {
        let folder = Folder::new();
        folder.event("one", &behaving("skip not-today"));
        folder.write("cases/one.expected.json", r#"{ "skip": "not-today" }"#);
        folder
    }

    /// `mapper test` with the cache in the folder `cache`.
    fn cached_test(&self) -> Command {
        let mut command = self.test(&[]);
        command.env("MAPPER_CACHE_DIR", self.path("cache"));
        command
    }

    /// The compiled components in the cache, each with the time at which it was written.
    fn compiled(&self) -> Vec<(std::path::PathBuf, SystemTime)> {
        let mut found = Vec::new();
        below(&self.path("cache/wasmtime"), &mut found);
        found.sort();
        found
    }
}

/// The compiled components below `folder`. Beside each stands a file that counts its uses.
fn below(folder: &Path, found: &mut Vec<(std::path::PathBuf, SystemTime)>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let entry = entry.unwrap();
        if entry.path().is_dir() {
            below(&entry.path(), found);
        } else if entry.path().extension().is_none() {
            found.push((entry.path(), entry.metadata().unwrap().modified().unwrap()));
        }
    }
}

/// Checks that the case passed and nothing else was said.
fn passes(ran: &Ran) {
    ran.shows(&["\n1 passed, 0 failed in "]);
    assert_eq!(ran.err, "");
}

#[test]
fn a_component_is_compiled_once_for_all_commands() {
    let folder = Folder::with_a_case();
    passes(&ends(&mut folder.cached_test(), 0));
    let made = folder.compiled();
    assert_eq!(made.len(), 1);
    passes(&ends(&mut folder.cached_test(), 0));
    let (mapper, cache) = (wasm(MISBEHAVING), folder.path("cache"));
    for args in
        [&["check", "--mapper", &mapper][..], &["run", "cases/one.event.json", "--mapper", &mapper]]
    {
        ends(folder.mapper(args).env("MAPPER_CACHE_DIR", &cache), 0);
    }
    ends(folder.mapper(&["diff", &mapper, &mapper]).env("MAPPER_CACHE_DIR", &cache), 0);
    assert_eq!(folder.compiled(), made);
}

#[test]
fn the_users_own_files_beside_the_cache_stay() {
    let folder = Folder::with_a_case();
    folder.write("cache/own.txt", "own");
    folder.write("cache/sub/deep.rs", "own");
    passes(&ends(&mut folder.cached_test(), 0));
    assert_eq!(folder.names("cache"), ["own.txt", "sub", "wasmtime"]);
    assert_eq!(folder.read("cache/sub/deep.rs"), "own");
}

#[test]
fn every_component_has_an_entry_of_its_own_and_images_have_none() {
    let folder = Folder::with_a_case();
    let check = |mapper: &str| {
        ends(
            folder
                .mapper(&["check", "--mapper", mapper])
                .env("MAPPER_CACHE_DIR", folder.path("cache")),
            0,
        );
    };
    check(image(DEFAULT).to_str().unwrap());
    assert_eq!(folder.compiled(), []);
    check(&wasm(DEFAULT));
    check(&wasm(OTHER));
    assert_eq!(folder.compiled().len(), 2);
}

#[test]
fn an_entry_that_is_damaged_is_made_anew() {
    let folder = Folder::with_a_case();
    passes(&ends(&mut folder.cached_test(), 0));
    let (entry, _) = folder.compiled().remove(0);
    let whole = fs::read(&entry).unwrap();
    for bytes in [&whole[..whole.len() / 2], b"", b"something else"] {
        fs::write(&entry, bytes).unwrap();
        passes(&ends(&mut folder.cached_test(), 0));
        assert!(fs::read(&entry).unwrap().len() > bytes.len());
    }
}

#[test]
fn a_cache_that_cannot_be_written_is_said_once_and_does_without() {
    let folder = Folder::with_a_case();
    folder.write("cache", "a file");
    let (old, new) = (wasm(DEFAULT), wasm(OTHER));
    for command in [
        &mut folder.test(&[]),
        &mut folder.mapper(&["diff", &old, &old]),
        &mut folder.mapper(&["check", "--mapper", &new]),
    ] {
        let ran = ends(command.env("MAPPER_CACHE_DIR", folder.path("cache")), 0);
        let warning = format!(
            "warning: the cache `{}` can't be written, so nothing is kept",
            folder.path("cache").display()
        );
        assert!(
            ran.err.starts_with(&warning) && ran.err.contains("MAPPER_CACHE_DIR"),
            "{}",
            ran.err
        );
        assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
    }
    assert_eq!(folder.read("cache"), "a file");
}

#[test]
fn the_cache_is_below_the_folder_for_caches_unless_it_is_set() {
    let folder = Folder::with_a_case();
    for (name, below) in [("XDG_CACHE_HOME", "xdg"), ("HOME", "home/.cache")] {
        let value = folder.path(below.split('/').next().unwrap());
        let mut command = folder.test(&[]);
        command.env_remove("XDG_CACHE_HOME").env("MAPPER_CACHE_DIR", "").env(name, value);
        passes(&ends(&mut command, 0));
        assert_ne!(folder.names(&format!("{below}/post-confirmation-mapper")), [""; 0]);
    }
}
