//! `mapper compile`.

use std::fs;
use std::process::Command;

use serde_json::Value;

use super::{Folder, cannot, ends, wasm};
use test_support::components::{DEFAULT, component, image};
use test_support::program;

#[test]
fn compile_writes_a_manifest_that_describes_image_and_component() {
    let manifest: Value =
        serde_json::from_slice(&fs::read(image(DEFAULT).with_extension("json")).unwrap()).unwrap();
    assert_eq!(manifest["wit"], "cognito:post-confirmation@0.2.0");
    assert_eq!(manifest["image"]["size"], fs::metadata(image(DEFAULT)).unwrap().len());
    assert_eq!(manifest["component"]["size"], fs::metadata(component(DEFAULT)).unwrap().len());
    let imports = manifest["imports"].as_array().unwrap();
    assert!(
        imports.iter().all(|import| !import.as_str().unwrap().starts_with("wasi:http")),
        "{imports:?}"
    );
}

#[test]
fn compiling_the_same_component_twice_makes_the_same_image() {
    let folder = tempfile::tempdir().unwrap();
    let again = folder.path().join("again.cwasm");
    let output = Command::new(program("mapper"))
        .arg("compile")
        .arg(component(DEFAULT))
        .args(["--json", "--output"])
        .arg(&again)
        .output()
        .unwrap();
    assert!(output.status.success());
    assert_eq!(fs::read(&again).unwrap(), fs::read(image(DEFAULT)).unwrap());
    let manifest: Value =
        serde_json::from_slice(&fs::read(again.with_extension("json")).unwrap()).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&output.stdout).unwrap(), manifest);
}

#[test]
fn compile_refuses_to_replace_a_file_of_another_kind() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("own.wasm");
    fs::copy(component(DEFAULT), &own).unwrap();
    for output in [own.clone(), folder.path().join("image.json"), folder.path().join("image")] {
        let compiled = Command::new(program("mapper"))
            .arg("compile")
            .arg(&own)
            .arg("-o")
            .arg(&output)
            .output()
            .unwrap();
        assert_eq!(compiled.status.code(), Some(2));
        assert!(
            String::from_utf8_lossy(&compiled.stderr).contains("has to end in `.cwasm`"),
            "{compiled:?}"
        );
    }
    assert_eq!(fs::read(&own).unwrap(), fs::read(component(DEFAULT)).unwrap());
}

#[test]
fn compile_has_default_names_for_its_files() {
    let folder = Folder::new();
    cannot(
        &mut folder.mapper(&["compile"]),
        &["the mapper `mapper.wasm` can't be read", "`mapper build` makes it"],
    );
    assert_eq!(folder.names("."), [""; 0]);
    fs::copy(component(DEFAULT), folder.path("mapper.wasm")).unwrap();
    let ran = ends(&mut folder.mapper(&["compile"]), 0);
    ran.shows(&["mapper.cwasm  ", "KB for ", "mapper.json  cognito:post-confirmation@0.2.0\n"]);
    assert_eq!(folder.names("."), ["mapper.cwasm", "mapper.json", "mapper.wasm"]);
    assert_eq!(fs::read(folder.path("mapper.cwasm")).unwrap(), fs::read(image(DEFAULT)).unwrap());
}

#[test]
fn compile_makes_its_folder_and_replaces_an_old_image() {
    let folder = Folder::new();
    folder.write("layer/mapper.json", "old");
    let compile = ["compile", &wasm(DEFAULT), "--output", "layer/new/mapper.cwasm"];
    ends(&mut folder.mapper(&compile), 0);
    folder.write("layer/new/mapper.cwasm", "old");
    ends(&mut folder.mapper(&compile), 0);
    assert_eq!(folder.names("layer/new"), ["mapper.cwasm", "mapper.json"]);
    assert_eq!(folder.read("layer/mapper.json"), "old");
    assert_eq!(
        fs::read(folder.path("layer/new/mapper.cwasm")).unwrap(),
        fs::read(image(DEFAULT)).unwrap()
    );
}

#[test]
fn compile_makes_no_image_for_a_machine_unknown_to_lambda() {
    let folder = Folder::new();
    let compile =
        &mut folder.mapper(&["compile", &wasm(DEFAULT), "--target", "riscv64gc-unknown-linux-gnu"]);
    cannot(compile, &["invalid value 'riscv64gc-unknown-linux-gnu'", "x86_64", "aarch64"]);
    assert_eq!(folder.names("."), [""; 0]);
}

#[test]
fn compile_says_where_it_cannot_write() {
    let folder = Folder::new();
    folder.write("file", "");
    let compile = &mut folder.mapper(&["compile", &wasm(DEFAULT), "--output", "file/mapper.cwasm"]);
    cannot(compile, &["`file/mapper.cwasm` can't be written"]);
}

#[test]
fn a_file_that_is_no_manifest_is_not_overwritten_by_one() {
    let folder = Folder::new();
    folder.write("package.json", "{}");
    let output = folder.path("package.cwasm");
    let args = ["compile", &wasm(DEFAULT), "--output", output.to_str().unwrap()];
    cannot(&mut folder.mapper(&args), &["package.json` exists and is not a manifest"]);
    assert_eq!(folder.read("package.json"), "{}");
    fs::remove_file(folder.path("package.json")).unwrap();
    ends(&mut folder.mapper(&args), 0);
    ends(&mut folder.mapper(&args), 0);
}
