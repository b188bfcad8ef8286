//! The cache of images: how the commands of the workbench use it. Its own tests are beside its code.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::process::Command;

use serde_json::Value;

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

    /// The one entry of the cache.
    fn entry(&self) -> String {
        let names = self.names("cache");
        assert_eq!(names.len(), 1, "{names:?}");
        format!("cache/{}", names[0])
    }

    /// What tells the image of the cache from one that was made anew.
    fn made(&self) -> (u64, i64, i64) {
        let image = fs::metadata(self.path(&self.entry()).join("mapper.cwasm")).unwrap();
        (image.ino(), image.mtime(), image.mtime_nsec())
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
    let made = folder.made();
    passes(&ends(&mut folder.cached_test(), 0));
    let (mapper, cache) = (wasm(MISBEHAVING), folder.path("cache"));
    for args in [&["check", "--mapper", &mapper][..], &["run", "cases/one.event.json", "--mapper", &mapper]] {
        ends(folder.mapper(args).env("MAPPER_CACHE_DIR", &cache), 0);
    }
    ends(folder.mapper(&["diff", &mapper, &mapper]).env("MAPPER_CACHE_DIR", &cache), 0);
    assert_eq!(folder.made(), made);

    let entry = folder.entry();
    let kept = fs::read(folder.path(&entry).join("mapper.cwasm")).unwrap();
    assert_eq!(kept, fs::read(image(MISBEHAVING)).unwrap());
    let manifest: Value = serde_json::from_str(&folder.read(&format!("{entry}/mapper.json"))).unwrap();
    let own: Value = serde_json::from_slice(&fs::read(image(MISBEHAVING).with_extension("json")).unwrap()).unwrap();
    assert_eq!(manifest, own);
}

#[test]
fn every_component_has_an_entry_of_its_own_and_images_have_none() {
    let folder = Folder::with_a_case();
    let check = |mapper: &str| {
        ends(folder.mapper(&["check", "--mapper", mapper]).env("MAPPER_CACHE_DIR", folder.path("cache")), 0);
    };
    check(image(DEFAULT).to_str().unwrap());
    assert!(!folder.path("cache").exists());
    check(&wasm(DEFAULT));
    check(&wasm(OTHER));
    assert_eq!(folder.names("cache").len(), 2);
}

#[test]
fn an_entry_that_is_damaged_is_made_anew() {
    let folder = Folder::with_a_case();
    passes(&ends(&mut folder.cached_test(), 0));
    let entry = folder.entry();
    let (image, manifest) = (format!("{entry}/mapper.cwasm"), format!("{entry}/mapper.json"));
    let whole = fs::read(folder.path(&image)).unwrap();
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    for (file, bytes) in [(&image, &flipped[..]), (&image, &whole[..100]), (&image, b""), (&manifest, b"{}")] {
        folder.write(file, bytes);
        passes(&ends(&mut folder.cached_test(), 0));
        assert_eq!(folder.entry(), entry);
        assert!(fs::read(folder.path(&image)).unwrap() == whole);
        let made = folder.made();
        passes(&ends(&mut folder.cached_test(), 0));
        assert_eq!(folder.made(), made);
    }
}

#[test]
fn a_component_that_is_refused_leaves_nothing_in_the_cache() {
    let folder = Folder::new();
    folder.component("(component)");
    let check = &mut folder.mapper(&["check", "--mapper", "component.wasm"]);
    ends(check.env("MAPPER_CACHE_DIR", folder.path("cache")), 1);
    assert!(!folder.path("cache").exists());
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
        let warning =
            format!("warning: the cache `{}` can't be written, so nothing is kept", folder.path("cache").display());
        assert!(ran.err.starts_with(&warning) && ran.err.contains("MAPPER_CACHE_DIR"), "{}", ran.err);
        assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
    }
    assert_eq!(folder.read("cache"), "a file");
}

#[test]
fn the_cache_is_below_the_folder_for_caches_where_it_has_none_of_its_own() {
    let folder = Folder::with_a_case();
    for (name, below) in [("XDG_CACHE_HOME", "xdg"), ("HOME", "home/.cache")] {
        let value = folder.path(below.split('/').next().unwrap());
        let mut command = folder.test(&[]);
        command.env_remove("XDG_CACHE_HOME").env("MAPPER_CACHE_DIR", "").env(name, value);
        passes(&ends(&mut command, 0));
        assert_eq!(folder.names(&format!("{below}/post-confirmation-mapper")).len(), 1);
    }
}
