//! `mapper inspect`.

use std::fs;

use post_confirmation_host::mapper::File;
use serde_json::{Value, json};

use super::fresh::with_tool;
use super::{Folder, cannot, ends, wasm};
use test_support::components::{DEFAULT, component, copy_of_image};

/// The default mapper's mapping as a mapper of the contract 0.1.0.
const OF_0_1: &str = "mapper-of-0-1";
const CONTRACT: &str = "cognito:post-confirmation@0.2.0";

#[test]
fn a_component_is_shown_with_contract_imports_and_tools() {
    let folder = Folder::new();
    let file = File::describe(&fs::read(component(DEFAULT)).unwrap());
    let shown = ends(&mut folder.mapper(&["inspect", &wasm(DEFAULT)]), 0);
    shown.shows(&[&wasm(DEFAULT), &file.sha256, CONTRACT, "Rust", "rustc 1.", "wit-component "]);
    shown.shows(&[
        "cognito:post-confirmation/mapper@0.2.0",
        "cognito:post-confirmation/types@0.2.0",
    ]);
    // Each line is a name and a value, and nothing stands at its end.
    assert!(shown.out.lines().all(|line| line == line.trim_end()), "{}", shown.out);

    let json = ends(&mut folder.mapper(&["inspect", &wasm(DEFAULT), "--json"]), 0).json();
    assert_eq!((&json["kind"], &json["wit"]), (&json!("component"), &json!(CONTRACT)));
    assert_eq!((&json["sha256"], &json["size"]), (&json!(file.sha256), &json!(file.size)));
    let exports = ["follow-up", "mapper"].map(|it| format!("cognito:post-confirmation/{it}@0.2.0"));
    assert_eq!(json["exports"], json!(exports));
    assert!(
        json["imports"]
            .as_array()
            .unwrap()
            .contains(&json!("cognito:post-confirmation/types@0.2.0")),
        "{json}"
    );
    let made_by = json["madeBy"].as_array().unwrap();
    let with = |role: &str, name: &str| {
        made_by.iter().any(|tool| tool["role"] == role && tool["name"] == name)
    };
    assert!(with("language", "Rust") && with("processed-by", "rustc"), "{json}");
    assert!((1..made_by.len()).all(|at| !made_by[..at].contains(&made_by[at])), "{json}");
    assert_eq!(json.get("refused"), None);
}

#[test]
fn an_image_is_shown_by_its_manifest() {
    let folder = Folder::new();
    copy_of_image(folder.path("image").parent().unwrap());
    let manifest: Value = serde_json::from_str(&folder.read("mapper.json")).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let shown = ends(&mut folder.mapper(&["inspect", "mapper.cwasm"]), 0);
    let (image, component) =
        (text(&manifest["image"]["sha256"]), text(&manifest["component"]["sha256"]));
    shown.shows(&[
        "mapper.cwasm\n",
        &text(&manifest["target"]),
        &image,
        CONTRACT,
        &component,
        "48.0.",
    ]);
    let json = ends(&mut folder.mapper(&["inspect", "mapper.cwasm", "--json"]), 0).json();
    assert_eq!(json, json!({ "kind": "image", "manifest": manifest, "unchanged": true }));

    for (package, follow_up) in [(DEFAULT, "yes: it gets the backend's answer"), (OF_0_1, "none")] {
        ends(&mut folder.mapper(&["compile", &wasm(package), "--output", "own.cwasm"]), 0);
        let follow_up = format!("\nfollow-up    {follow_up}\n");
        ends(&mut folder.mapper(&["inspect", "own.cwasm"]), 0).shows(&[&follow_up]);
    }
    // One of an earlier release does not say so.
    let mut earlier: Value = serde_json::from_str(&folder.read("own.json")).unwrap();
    earlier.as_object_mut().unwrap().remove("follow_up").unwrap();
    folder.write("own.json", earlier.to_string());
    let shown = ends(&mut folder.mapper(&["inspect", "own.cwasm"]), 0);
    assert!(!shown.out.contains("follow-up"), "{}", shown.out);
}

#[test]
fn an_image_that_was_changed_is_told_from_its_manifests() {
    let folder = Folder::new();
    let image = copy_of_image(folder.path("image").parent().unwrap());
    let mut bytes = fs::read(&image).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&image, bytes).unwrap();
    ends(&mut folder.mapper(&["inspect", "mapper.cwasm"]), 1)
        .shows(&["it is not this manifest's image"]);
    let json = ends(&mut folder.mapper(&["inspect", "mapper.cwasm", "--json"]), 1).json();
    assert_eq!(json["unchanged"], false);
}

#[test]
fn a_component_that_is_no_mapper_is_shown_with_the_reason() {
    let folder = Folder::new();
    folder.component(
        r#"(component (import "db:store/kv@1.0.0" (instance)) (instance $i) (export "a:b/c" (instance $i)))"#,
    );
    let shown = ends(&mut folder.mapper(&["inspect", "component.wasm"]), 1);
    shown.shows(&[
        "no mapper",
        "does not export the interface `cognito:post-confirmation/mapper`",
        "a:b/c",
        "db:store/kv",
    ]);
    let json = ends(&mut folder.mapper(&["inspect", "component.wasm", "--json"]), 1).json();
    assert!(json["refused"].as_str().unwrap().contains("post-confirmation-mapper"), "{json}");
    assert_eq!(json.get("wit"), None);
    assert_eq!(
        (&json["exports"], &json["imports"]),
        (&json!(["a:b/c"]), &json!(["db:store/kv@1.0.0"]))
    );
    assert_eq!(json["madeBy"], json!([]));
}

#[test]
fn what_is_neither_component_nor_image_is_not_inspected() {
    let folder = Folder::new();
    folder.component("(module)");
    folder.write("text.txt", "text");
    folder.write("empty", "");
    folder.write("cut.wasm", &fs::read(component(DEFAULT)).unwrap()[..1000]);
    folder.write("broken.cwasm", "text");
    folder.write("broken.json", "{}");
    for (file, says) in [
        ("component.wasm", "a WebAssembly module, not a component"),
        ("text.txt", "neither a component nor an image with its manifest"),
        ("empty", "the mapper `empty` is empty"),
        ("cut.wasm", "not a WebAssembly component"),
        ("broken.cwasm", "the manifest `broken.json` is broken"),
        ("missing", "the mapper `missing` can't be read"),
    ] {
        cannot(&mut folder.mapper(&["inspect", file, "--json"]), &[says]);
    }
    cannot(
        &mut folder.mapper(&["inspect"]),
        &["the mapper `mapper.wasm` can't be read; `mapper build` makes it"],
    );
}

#[test]
fn the_language_of_the_author_stands_for_those_inside() {
    let folder = with_tool("");
    ends(&mut folder.mapper(&["build", "m"]), 0);
    let shown = ends(&mut folder.mapper(&["inspect", "m/mapper.wasm"]), 0).out;
    let languages: Vec<_> = shown.lines().filter(|line| line.starts_with("language")).collect();
    assert_eq!(languages, ["language     Python"]);
    assert!(shown.contains("processed-by rustc "), "{shown}");
}
