//! The component itself: the same each time, small, and without imports that it does not need.

use std::fs;

use post_confirmation_host::mapper::compile;

use crate::support::{build, build_files, folder};

const MAPPER: (&str, &str) =
    ("mapper.js", "import { skip } from './lib/skip.js';\nexport const mapper = { transform: () => skip };\n");
const LIB: (&str, &str) = (
    "lib/skip.js",
    "export const skip = { skip: String(Date.now()).length > 3 ? 'no' : 'yes', };\nnew Map([[{}, Math.random()]]);\n",
);

#[test]
fn the_same_files_make_the_same_bytes_wherever_they_are() {
    let first = build_files(&[MAPPER, LIB]).unwrap();
    let elsewhere = folder(&[("deep/er/mapper.js", MAPPER.1), ("deep/er/lib/skip.js", LIB.1)]);
    let second = build(&elsewhere.path().join("deep/er/mapper.js")).unwrap();
    assert!(first == second);
    let other = build_files(&[MAPPER, ("lib/skip.js", "export const skip = { skip: 'other' };\n")]).unwrap();
    assert!(first != other);
}

#[test]
fn the_component_is_small() {
    let component = build_files(&[MAPPER, LIB]).unwrap();
    assert!(component.len() < 1_600_000, "{} bytes", component.len());
}

#[test]
fn the_component_imports_what_a_mapper_in_rust_does() {
    let interface = compile::interface(&build_files(&[MAPPER, LIB]).unwrap()).unwrap();
    assert_eq!(interface.wit().unwrap(), "cognito:post-confirmation@0.1.0");
    let packages = ["wasi:cli/", "wasi:clocks/", "wasi:io/", "wasi:random/", "cognito:post-confirmation/types@"];
    for import in interface.imports {
        assert!(packages.iter().any(|package| import.starts_with(package)), "{import}");
    }
}

#[test]
fn the_component_names_no_folder_of_the_machine() {
    let files = folder(&[MAPPER, LIB]);
    let component = build(&files.path().join("mapper.js")).unwrap();
    let place = files.path().to_str().unwrap().as_bytes();
    assert!(!component.windows(place.len()).any(|window| window == place));
}

#[test]
fn all_files_that_were_read_are_told() {
    let files = folder(&[MAPPER, LIB, ("other.js", "")]);
    let root = files.path().canonicalize().unwrap();
    let built = crate::support::built(&root.join("mapper.js")).unwrap();
    assert_eq!(built.files, [root.join("mapper.js"), root.join("lib/skip.js")]);
    assert!(fs::exists(root.join("other.js")).unwrap());
}
