//! The cache of compiled functions: mappers that differ in their data alone are compiled once.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use post_confirmation_host::mapper::File;

use super::{Folder, ends};
use test_support::components::component_of;
use test_support::handmade::mapper;

const TARGETS: [&str; 2] = ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"];

/// A mapper with so many functions of some 350 bytes each, and this in its memory.
fn large(functions: u32, data: &str) -> String {
    let mut fields = format!(r#"(data (i32.const 512) "{data}")"#);
    for number in 0..functions {
        let step = format!(
            "local.get 0 i32.const {} i32.mul i32.const {} i32.xor local.set 0 ",
            0x1234_5678 + number,
            0x2345_6789 + number,
        );
        fields += &format!("(func (param i32) (result i32) {} local.get 0)", step.repeat(20));
    }
    mapper(&fields, "unreachable")
}

impl Folder {
    /// The image for `target` of the mapper of this text, made with the cache in the folder
    /// `cache`.
    fn image(&self, text: &str, target: &str, cache: &str) -> Vec<u8> {
        let component = component_of(text, self.path("").as_path());
        let mut command = self.mapper(&["compile", component.to_str().unwrap()]);
        command.args(["--target", target, "--output", "image.cwasm"]);
        let said = ends(command.env("MAPPER_CACHE_DIR", self.path(cache)), 0).err;
        assert!(!said.contains("warning"), "{said}");
        fs::read(self.path("image.cwasm")).unwrap()
    }

    /// The files with functions.
    fn functions(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.path("cache/functions")).into_iter().flatten();
        let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files
    }
}

/// Where a key and a function are, in a file that begins with the digest of the rest.
fn entries(file: &[u8]) -> Vec<(usize, usize)> {
    let (mut entries, mut at) = (Vec::new(), 64);
    while at < file.len() {
        let start = at + 36;
        let length = u32::from_le_bytes(file[at + 32..start].try_into().unwrap()) as usize;
        entries.push((start, length));
        at = start + length;
    }
    entries
}

/// Puts the digest of the rest to the beginning.
fn seal(file: &mut [u8]) {
    let digest = File::describe(&file[64..]).sha256;
    file[..64].copy_from_slice(digest.as_bytes());
}

#[test]
fn mappers_that_differ_in_data_are_compiled_once_for_a_target() {
    let folder = Folder::new();
    for (count, target) in TARGETS.iter().enumerate() {
        let first = folder.image(&large(800, "one"), target, "cache");
        let made: Vec<_> = folder.functions().iter().map(|file| fs::read(file).unwrap()).collect();
        assert_eq!(made.len(), count + 1);
        let second = folder.image(&large(800, "two"), target, "cache");
        let now: Vec<_> = folder.functions().iter().map(|file| fs::read(file).unwrap()).collect();
        assert!(now == made, "the second one was compiled for {target}");
        assert!(first != second);
        assert!(second == folder.image(&large(800, "two"), target, &format!("other/{target}")));
    }
}

#[test]
fn a_mapper_is_put_together_from_what_is_kept() {
    let folder = Folder::new();
    let whole = folder.image(&large(800, "one"), TARGETS[1], "cache");
    let file = folder.functions().remove(0);
    let mut bytes = fs::read(&file).unwrap();
    // Functions of the same length change places.
    let mut entries = entries(&bytes);
    entries.sort_by_key(|(_, length)| *length);
    for pair in entries.chunks_exact(2) {
        let ((one, length), (other, long)) = (pair[0], pair[1]);
        if length == long {
            let function = bytes[one..one + length].to_vec();
            bytes.copy_within(other..other + length, one);
            bytes[other..other + length].copy_from_slice(&function);
        }
    }
    seal(&mut bytes);
    fs::write(&file, bytes).unwrap();
    assert!(folder.image(&large(800, "one"), TARGETS[1], "cache") != whole);
}

#[test]
fn kept_functions_that_are_damaged_are_made_anew() {
    let folder = Folder::new();
    let image = folder.image(&large(800, "one"), TARGETS[1], "cache");
    let file = folder.functions().remove(0);
    let whole = fs::read(&file).unwrap();
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    let mut renamed = whole.clone();
    renamed[0] ^= 1;
    for bytes in [&flipped, &renamed, &whole[..whole.len() / 2], &whole[..10], b""] {
        fs::write(&file, bytes).unwrap();
        assert!(folder.image(&large(800, "one"), TARGETS[1], "cache") == image);
        assert_eq!(fs::read(&file).unwrap().len(), whole.len());
    }
}

#[test]
fn kept_functions_of_another_release_are_replaced() {
    let folder = Folder::new();
    let image = folder.image(&large(800, "one"), TARGETS[1], "cache");
    let file = folder.functions().remove(0);
    let mut bytes = fs::read(&file).unwrap();
    let all = entries(&bytes);
    for (start, _) in &all {
        bytes[start - 36] ^= 1;
    }
    seal(&mut bytes);
    fs::write(&file, &bytes).unwrap();
    assert!(folder.image(&large(800, "one"), TARGETS[1], "cache") == image);
    let now = fs::read(&file).unwrap();
    let keys = |file: &[u8]| -> Vec<Vec<u8>> {
        let mut keys: Vec<_> =
            entries(file).iter().map(|(start, _)| file[start - 36..start - 4].to_vec()).collect();
        keys.sort();
        keys
    };
    assert_eq!(entries(&now).len(), all.len());
    assert!(keys(&now) != keys(&bytes));
}

#[test]
fn commands_at_the_same_time_share_the_kept_functions() {
    let folder = Folder::new();
    let component = component_of(&large(800, "one"), &folder.path(""));
    let mut running: Vec<_> = (0..3)
        .map(|number| {
            let mut command = folder.mapper(&["compile", component.to_str().unwrap()]);
            command.args(["--target", TARGETS[1], "--output", &format!("{number}.cwasm")]);
            command.env("MAPPER_CACHE_DIR", folder.path("cache")).spawn().unwrap()
        })
        .collect();
    assert!(running.iter_mut().all(|command| command.wait().unwrap().success()));
    let images = [0, 1, 2].map(|number| fs::read(folder.path(&format!("{number}.cwasm"))).unwrap());
    assert!(images[0] == images[1] && images[1] == images[2]);
    assert_eq!(folder.functions().len(), 1);
}

#[test]
fn functions_are_kept_of_large_code_alone() {
    let folder = Folder::new();
    folder.image(&large(600, "one"), TARGETS[1], "cache");
    assert_eq!(folder.functions(), [""; 0].map(PathBuf::from));
}

#[test]
fn what_was_not_used_for_longest_makes_room() {
    let folder = Folder::new();
    folder.image(&large(800, "one"), TARGETS[1], "cache");
    let kept = folder.functions().remove(0);
    let ago = |hours: u64| SystemTime::now() - Duration::from_secs(hours * 3600);
    for number in 0..7 {
        folder.write(&format!("cache/functions/{number}"), "other");
        let file = fs::File::open(folder.path(&format!("cache/functions/{number}"))).unwrap();
        file.set_modified(ago(10 + number)).unwrap();
    }
    fs::File::open(&kept).unwrap().set_modified(ago(100)).unwrap();
    // It is used, so that it is no longer the oldest; the eighth file is, when a ninth is made.
    folder.image(&large(800, "two"), TARGETS[1], "cache");
    assert_eq!(folder.functions().len(), 8);
    folder.image(&large(801, "one"), TARGETS[1], "cache");
    let files = folder.functions();
    assert_eq!(files.len(), 8);
    assert!(files.contains(&kept) && !files.contains(&folder.path("cache/functions/6")));
}

#[test]
fn a_cache_that_others_can_write_to_is_not_used() {
    let folder = Folder::new();
    folder.write("cache/empty", "");
    let component = component_of(&large(800, "one"), &folder.path(""));
    let compile = |target: &str| {
        let mut command = folder.mapper(&["compile", component.to_str().unwrap()]);
        command.args(["--target", target, "--output", "image.cwasm"]);
        ends(command.env("MAPPER_CACHE_DIR", folder.path("cache")), 0).err
    };
    for (mode, used) in [(0o777, false), (0o770, false), (0o755, true)] {
        fs::set_permissions(folder.path("cache"), fs::Permissions::from_mode(mode)).unwrap();
        for target in TARGETS {
            let said = compile(target);
            assert_eq!(said.contains("can be written by other users"), !used, "{mode:o}: {said}");
            assert_eq!(folder.names("cache") == ["empty"], !used, "{mode:o}");
        }
    }
}
