//! `mapper check`.

use std::fs;

use serde_json::{Value, json};

use super::{Folder, cannot, ends, has, wasm};
use test_support::components::{DEFAULT, MISBEHAVING, component, copy_of_image, image};

/// Checks that the function would refuse `mapper` for a reason with all of `parts`.
fn refuses(folder: &Folder, mapper: &str, parts: &[&str]) {
    let begins = format!("the function would refuse {mapper}: ");
    ends(&mut folder.mapper(&["check", "--mapper", mapper]), 1)
        .shows(&[&[begins.as_str()], parts].concat());
    let json = ends(&mut folder.mapper(&["check", "--mapper", mapper, "--json"]), 1).json();
    let reason = json["reason"].as_str().unwrap();
    has(reason, parts);
    assert_eq!(json, json!({ "mapper": mapper, "loads": false, "reason": reason }));
}

/// As `refuses`, of a component of the given text.
fn refuses_text(text: &str, parts: &[&str]) {
    let folder = Folder::new();
    folder.component(text);
    refuses(&folder, "component.wasm", parts);
}

#[test]
fn a_mapper_is_shown_with_what_each_import_grants() {
    let folder = Folder::new();
    fs::copy(component(DEFAULT), folder.path("mapper.wasm")).unwrap();
    ends(&mut folder.mapper(&["check"]), 0).shows(&[
        "the function would load mapper.wasm\n",
        "contract   cognito:post-confirmation@0.2.0\n",
        "component  ",
        "image      ",
        "\nimports, and what they get\n",
        "  cognito:post-confirmation/types@0.2.0      the types of the contract\n",
    ]);
    for mapper in [wasm(DEFAULT), image(DEFAULT).to_str().unwrap().to_owned()] {
        let json = ends(&mut folder.mapper(&["check", "--json", "--mapper", &mapper]), 0).json();
        let manifest: Value =
            serde_json::from_slice(&fs::read(image(DEFAULT).with_extension("json")).unwrap())
                .unwrap();
        assert_eq!(
            (&json["mapper"], &json["loads"], json.get("reason")),
            (&json!(mapper), &json!(true), None)
        );
        assert_eq!((&json["wit"], &json["target"]), (&manifest["wit"], &manifest["target"]));
        assert_eq!(json["componentBytes"], manifest["component"]["size"]);
        assert_eq!(json["imageBytes"], manifest["image"]["size"]);
        let imports: Vec<_> =
            json["imports"].as_array().unwrap().iter().map(|import| &import["name"]).collect();
        assert_eq!(imports, manifest["imports"].as_array().unwrap().iter().collect::<Vec<_>>());
        let environment =
            |import: &&Value| import["name"].as_str().unwrap().starts_with("wasi:cli/environment@");
        let environment = json["imports"].as_array().unwrap().iter().find(environment).unwrap();
        assert!(environment["gets"].as_str().unwrap().contains("MAPPER_ENV_"), "{environment}");
    }
}

#[test]
fn something_is_known_of_every_interface_that_a_mapper_imports() {
    let json =
        ends(&mut Folder::new().mapper(&["check", "--json", "--mapper", &wasm(MISBEHAVING)]), 0)
            .json();
    let imports = json["imports"].as_array().unwrap();
    for import in imports {
        let gets = import["gets"].as_str().unwrap();
        assert!(!gets.is_empty() && gets != "unknown interface", "{import}");
    }
    let gets = |name: &str| {
        let import =
            imports.iter().find(|import| import["name"].as_str().unwrap().starts_with(name));
        import.unwrap_or_else(|| panic!("`{name}` is not in: {json}"))["gets"].as_str().unwrap()
    };
    assert!(gets("wasi:filesystem/preopens@").contains("no folder"));
    assert!(gets("wasi:sockets/tcp@").contains("every connection is refused"));
    assert!(gets("wasi:sockets/ip-name-lookup@").contains("every name is refused"));
    assert!(gets("wasi:clocks/monotonic-clock@").contains("MAPPER_TIMEOUT_MS"));
    assert!(gets("wasi:random/").contains("random numbers"));
}

#[test]
fn a_component_of_another_world_or_version_is_refused() {
    refuses_text(
        "(component)",
        &["does not export the interface `cognito:post-confirmation/mapper`", "0.2.0"],
    );
    let run = r#"(component (instance $i) (export "wasi:cli/run@0.2.6" (instance $i)))"#;
    refuses_text(run, &["does not export the interface", "`post-confirmation-mapper`"]);
    let newer = r#"(component (instance $i) (export "cognito:post-confirmation/mapper@0.3.0" (instance $i)))"#;
    refuses_text(
        newer,
        &["implements `cognito:post-confirmation@0.3.0`", "understands the versions 0.1 and 0.2"],
    );
}

#[test]
fn a_component_that_asks_for_what_no_mapper_gets_is_refused() {
    for import in
        ["wasi:http/outgoing-handler@0.2.6", "wasi:cli/environment@0.3.0", "db:store/kv@1.0.0"]
    {
        let text = format!(
            r#"(component
                (import "{import}" (instance))
                (instance $i)
                (export "cognito:post-confirmation/mapper@0.1.0" (instance $i)))"#
        );
        refuses_text(&text, &[&format!("imports `{import}`, which mappers do not get")]);
    }
}

#[test]
fn a_component_with_the_right_names_and_other_types_is_refused() {
    for version in ["0.1.0", "0.1.7", "0.2.0"] {
        let name = format!("cognito:post-confirmation/mapper@{version}");
        let text = format!(r#"(component (instance $i) (export "{name}" (instance $i)))"#);
        let says = "the mapper does not fit this host; build it against the WIT package";
        refuses_text(&text, &[says, "transform"]);
    }
}

#[test]
fn a_file_that_is_no_component_and_no_image_is_refused() {
    let folder = Folder::new();
    folder.component("(module)");
    refuses(&folder, "component.wasm", &["a WebAssembly module, not a component"]);
    folder.write("text.wasm", "text");
    refuses(&folder, "text.wasm", &["`text.wasm` is neither a component nor an image"]);
    folder.write("cut.wasm", &fs::read(component(DEFAULT)).unwrap()[..1000]);
    refuses(&folder, "cut.wasm", &["not a WebAssembly component"]);
}

#[test]
fn an_image_is_refused_in_the_functions_own_words() {
    let folder = Folder::new();
    let image = copy_of_image(folder.path("image").parent().unwrap());
    let whole = fs::read(&image).unwrap();
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    folder.write("mapper.cwasm", flipped);
    refuses(
        &folder,
        "mapper.cwasm",
        &["the image was changed after its manifest was made; run `mapper compile` again"],
    );
    folder.write("mapper.cwasm", &whole[..whole.len() - 1]);
    refuses(&folder, "mapper.cwasm", &["not the one that its manifest describes (size "]);
    folder.write("mapper.cwasm", &whole);
    folder.write("mapper.json", "{");
    refuses(&folder, "mapper.cwasm", &["the manifest `mapper.json` is broken"]);
    fs::remove_file(folder.path("mapper.json")).unwrap();
    refuses(&folder, "mapper.cwasm", &["the manifest `mapper.json` can't be read"]);
}

#[test]
fn an_image_for_another_machine_is_refused_with_the_fix() {
    let (this, other) =
        if cfg!(target_arch = "aarch64") { ("aarch64", "x86_64") } else { ("x86_64", "aarch64") };
    let folder = Folder::new();
    let (this, other) = (format!("{this}-unknown-linux-gnu"), format!("{other}-unknown-linux-gnu"));
    ends(&mut folder.mapper(&["compile", &wasm(DEFAULT), "--target", &other]), 0);
    let says = [
        &*format!("for `{other}` and this is `{this}`"),
        &format!("run `mapper compile --target {this}`"),
    ];
    refuses(&folder, "mapper.cwasm", &says);
}

#[test]
fn what_cannot_be_read_is_neither_refused_nor_loaded() {
    let folder = Folder::new();
    folder.write("empty.wasm", "");
    fs::create_dir(folder.path("folder.wasm")).unwrap();
    let check = |mapper: &str| folder.mapper(&["check", "--json", "--mapper", mapper]);
    cannot(&mut check("empty.wasm"), &["the mapper `empty.wasm` is empty"]);
    cannot(&mut check("missing.wasm"), &["the mapper `missing.wasm` can't be read"]);
    cannot(&mut check("folder.wasm"), &["`folder.wasm` is a folder"]);
    cannot(&mut folder.mapper(&["check"]), &["`mapper build` makes it of the source"]);
    cannot(check(&wasm(DEFAULT)).env("MAPPER_MEMORY_MB", "1"), &["MAPPER_MEMORY_MB"]);
}
