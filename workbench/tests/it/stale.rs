//! What makes a component stale, beyond a plain edit: lost and ambiguous sources, old times, links,
//! files of any kind.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use serde_json::{Value, json};

use super::fresh::{LIB, Mapper, with_tool};
use super::{Folder, cannot, ends, has};
use test_support::languages::javascript_engine;
use test_support::sign_up;

#[test]
fn a_built_component_without_its_source_is_not_used() {
    let folder = with_tool("");
    let inside = |args: &[&str]| {
        let mut command = folder.mapper(args);
        command.current_dir(folder.path("m"));
        command
    };
    ends(&mut inside(&["build"]), 0);
    let says = |reason: &str| {
        for args in [
            &["check"][..],
            &["compile"],
            &["diff", "mapper.wasm", "mapper.wasm", "--events", "../cases"],
        ] {
            cannot(
                &mut inside(args),
                &["`mapper.wasm` can't be compared with its source: ", reason],
            );
        }
    };
    fs::create_dir(folder.path("cases")).unwrap();
    ends(
        folder
            .mapper(&["events", "native"])
            .stdout(fs::File::create(folder.path("cases/n.event.json")).unwrap()),
        0,
    );
    folder.write("m/package.json", "{}");
    says("more than one language");
    fs::remove_file(folder.path("m/package.json")).unwrap();
    fs::rename(folder.path("m/mapper.py"), folder.path("m/other.py")).unwrap();
    says("does not hold a mapper");
    fs::rename(folder.path("m/other.py"), folder.path("m/mapper.py")).unwrap();
    assert_eq!(ends(&mut inside(&["check"]), 0).err, "");
}

#[test]
fn a_crate_that_no_longer_makes_a_component_is_told() {
    let mapper = Mapper::new("lost");
    ends(&mut mapper.command(&["build"]), 0);
    mapper.edit("Cargo.toml", "cdylib", "rlib");
    cannot(
        &mut mapper.command(&["test"]),
        &["building mapper.wasm: `Cargo.toml` is", "cargo made no component"],
    );
}

#[test]
fn what_cargo_made_of_another_source_is_not_taken() {
    let mapper = Mapper::new("other-bytes");
    let shared = "[package]\nname = \"shared-by-other-bytes\"\nedition = \"2024\"\n[workspace]\n";
    mapper.folder.write("shared/Cargo.toml", shared);
    let far = "shared/src/lib.rs";
    mapper.folder.write(far, "pub const NAME: &str = \"accounts\";");
    let table = "[dependencies]\nshared-by-other-bytes = { path = \"../shared\" }";
    mapper.edit("Cargo.toml", "[dependencies]", table);
    let path = "format!(\"v2/{}/{}\", shared_by_other_bytes::NAME,";
    mapper.edit(LIB, "format!(\"v2/accounts/{}\",", path);
    let by_hand = || {
        let mut cargo = Folder::sharing(Command::new("cargo"));
        cargo
            .args(["build", "--release", "--target", "wasm32-wasip2"])
            .current_dir(mapper.folder.path("other-bytes"));
        ends(&mut cargo, 0);
    };
    let run = || ends(&mut mapper.command(&["run", "cases/native.event.json"]), 0);

    // Without a record, and the source older than what cargo has.
    let source = mapper.read(LIB);
    mapper.edit(LIB, "\"v2/", "\"v9/");
    by_hand();
    mapper.write(LIB, &source);
    mapper.seems_old(LIB);
    run().shows(&["/v2/accounts/"]);
    // With one that knows neither what cargo has nor what is there now.
    mapper.edit(LIB, "\"v2/", "\"v9/");
    by_hand();
    mapper.edit(LIB, "\"v9/", "\"v3/");
    mapper.seems_old(LIB);
    run().shows(&["/v3/accounts/"]);
    // With one that knows what is there now.
    mapper.edit(LIB, "\"v3/", "\"v9/");
    by_hand();
    mapper.edit(LIB, "\"v9/", "\"v3/");
    mapper.seems_old(LIB);
    ends(&mut mapper.command(&["build"]), 0);
    run().shows(&["/v3/accounts/"]);
    // In a dependency.
    mapper.folder.write(far, "pub const NAME: &str = \"wrong\";");
    by_hand();
    mapper.folder.write(far, "pub const NAME: &str = \"members\";");
    mapper.seems_old("../shared/src/lib.rs");
    run().shows(&["/v3/members/"]);
}

#[test]
fn the_manifest_and_script_of_a_dependency_are_sources() {
    let mapper = Mapper::new("scripted");
    let shared = "[package]\nname = \"shared-by-scripted\"\nedition = \"2024\"\nbuild = \"made.rs\"\n[workspace]\n";
    mapper.folder.write("shared/Cargo.toml", shared);
    mapper.folder.write("shared/src/lib.rs", "pub const NAME: &str = env!(\"NAME_OF_PATH\");");
    let script = "fn main() { println!(\"cargo::rustc-env=NAME_OF_PATH=accounts\"); }";
    mapper.folder.write("shared/made.rs", script);
    mapper.edit(
        "Cargo.toml",
        "[dependencies]",
        "[dependencies]\nshared-by-scripted = { path = \"../shared\" }",
    );
    let path = "format!(\"v2/{}/{}\", shared_by_scripted::NAME,";
    mapper.edit(LIB, "format!(\"v2/accounts/{}\",", path);
    ends(&mut mapper.command(&["build"]), 0);
    ends(&mut mapper.command(&["check"]), 0);
    mapper.is_fresh();

    let real =
        |file: &str| mapper.folder.path(file).canonicalize().unwrap().to_str().unwrap().to_owned();
    mapper.folder.write("shared/made.rs", script.replace("accounts", "members"));
    mapper.seems_old("../shared/made.rs");
    mapper.is_built_for(&real("shared/made.rs")).shows(&["/v2/members/"]);
    mapper.folder.write("shared/Cargo.toml", shared.replace("made.rs", "other.rs"));
    let ran = ends(&mut mapper.command(&["check"]), 1);
    has(&ran.err, &["building mapper.wasm: `", "/shared/Cargo.toml` is not as it was", "other.rs"]);
}

#[test]
fn a_file_of_any_kind_is_a_source() {
    let folder = with_tool("");
    let check = &mut folder.mapper(&["check", "--mapper", "m/mapper.wasm"]);
    ends(check, 0);
    let report = "<?xml version=\"1.0\"?>\n<testsuites name=\"t\"/>";
    for name in [
        "notes.md",
        "docs/README.md",
        "a.log",
        "a.xml",
        ".name",
        "data/a.event.json",
        "mapper.json.in",
    ] {
        folder.write(&format!("m/{name}"), "<a/>");
        has(
            &ends(check, 0).err,
            &[&format!("building m/mapper.wasm: `{name}` is not as it was\n")],
        );
        assert_eq!(ends(check, 0).err, "");
    }
    for name in [
        "README.md",
        "cases/a.event.json",
        "cases/more/a.variables.json",
        "mapper.json",
        "mapper.zip",
        "old.wasm",
        ".a.py.swp",
    ] {
        folder.write(&format!("m/{name}"), "<a/>");
        assert_eq!(ends(check, 0).err, "", "{name}");
    }
    folder.write("m/report.xml", report);
    assert_eq!(ends(check, 0).err, "");
}

#[test]
fn what_a_mapper_is_tried_with_is_no_source() {
    javascript_engine();
    let folder = Folder::new();
    fs::create_dir(folder.path("m")).unwrap();
    folder.write("m/mapper.js", "export const transform = () => ({ skip: 'a' });");
    let check = &mut folder.mapper(&["check", "--mapper", "m/mapper.wasm"]);
    ends(check, 0);
    for (name, text) in [
        ("a.json", r#"{ "status": 201, "headers": {}, "body": [1] }"#),
        ("data/native.json", &sign_up().to_string()),
        ("test_mapper.py", ""),
        ("lib/test_names.py", ""),
        ("conftest.py", ""),
        ("tests/data.json", "{}"),
        ("mapper.test.js", ""),
    ] {
        for text in [text, &format!("{text}\n")] {
            folder.write(&format!("m/{name}"), text);
            let says = ends(check, 0).err;
            assert!(!says.contains("building"), "{name}: {says}");
        }
    }
    for (name, text) in [("b.json", r#"{ "status": "new" }"#), ("c.json", r#"{ "request": {} }"#)] {
        folder.write(&format!("m/{name}"), text);
        has(&ends(check, 0).err, &[&format!("`{name}` is not as it was\n")]);
    }
}

#[test]
fn what_a_mapper_in_python_may_open_is_a_source() {
    let folder = with_tool("");
    let check = &mut folder.mapper(&["check", "--mapper", "m/mapper.wasm"]);
    ends(check, 0);
    let event = sign_up().to_string();
    for (name, text) in [
        ("accept.json", r#"{ "status": 409 }"#),
        ("native.json", event.as_str()),
        ("tests/plans.json", r#"{ "free": 1 }"#),
        ("tests/names.txt", "a"),
        ("__tests__/a.json", "{}"),
    ] {
        folder.write(&format!("m/{name}"), text);
        has(&ends(check, 0).err, &[&format!("`{name}` is not as it was\n")]);
        assert_eq!(ends(check, 0).err, "");
    }
    for (name, text) in [
        ("cases/one.json", event.as_str()),
        ("cases/more/a.answer.json", r#"{ "status": 201 }"#),
        ("test_mapper.py", ""),
        ("tests/test_names.py", ""),
        ("tests/names_test.py", ""),
        ("tests/conftest.py", ""),
    ] {
        folder.write(&format!("m/{name}"), text);
        assert_eq!(ends(check, 0).err, "", "{name}");
    }
}

#[test]
fn what_a_mapper_imports_is_a_source_whatever_its_name() {
    let folder = with_tool("");
    folder.write("m/mapper.py", "import tests.plans\ndef transform(event): ...\n");
    folder.write("m/tests/plans.py", "");
    let check = &mut folder.mapper(&["check", "--mapper", "m/mapper.wasm"]);
    ends(check, 0);
    assert_eq!(ends(check, 0).err, "");
    folder.write("m/tests/plans.py", "FREE = 1\n");
    has(&ends(check, 0).err, &["`tests/plans.py` is not as it was\n"]);
}

#[test]
fn a_component_of_another_release_is_built_anew() {
    let folder = with_tool("");
    let check = &mut folder.mapper(&["check", "--mapper", "m/mapper.wasm"]);
    ends(check, 0);
    let record = "m/.mapper-build-sources.json";
    let of_now: Value = serde_json::from_str(&folder.read(record)).unwrap();
    let release = of_now["sources"]["mapper build"].as_str().unwrap();
    assert!(release.starts_with(concat!(env!("CARGO_PKG_VERSION"), " ")), "{release}");
    // Another one, and one that did not say so.
    for build in [json!("0.0.1 abc"), Value::Null] {
        let mut of_before = of_now.clone();
        let sources = of_before["sources"].as_object_mut().unwrap();
        sources.remove("mapper build");
        if !build.is_null() {
            sources.insert("mapper build".to_owned(), build);
        }
        folder.write(record, of_before.to_string());
        let says = "building m/mapper.wasm: another release of `mapper` built it\n";
        has(&ends(check, 0).err, &[says]);
        assert_eq!(ends(check, 0).err, "");
    }
}

#[test]
fn a_link_to_a_mappers_component_is_built_as_that_is() {
    let folder = with_tool("test ! -e broken || { echo broken; exit 1; }");
    ends(&mut folder.mapper(&["build", "m"]), 0);
    fs::create_dir(folder.path("bin")).unwrap();
    symlink("m/mapper.wasm", folder.path("mapper.wasm")).unwrap();
    symlink("../mapper.wasm", folder.path("bin/deployed.wasm")).unwrap();
    folder.write("m/broken", "");
    for args in [&["check"][..], &["check", "--mapper", "bin/deployed.wasm"]] {
        let ran = ends(&mut folder.mapper(args), 1);
        has(&ran.err, &["m/mapper.wasm: `broken` is not as it was", "broken"]);
    }
    fs::remove_file(folder.path("m/broken")).unwrap();
    assert_eq!(ends(&mut folder.mapper(&["check"]), 0).err, "");
}

#[test]
fn what_a_link_to_a_folder_around_the_mappers_holds_is_a_source() {
    let folder = with_tool("");
    folder.write("shared/names.py", "");
    symlink("..", folder.path("m/around")).unwrap();
    let check = &mut folder.mapper(&["check", "--mapper", "m/mapper.wasm"]);
    ends(check, 0);
    assert_eq!(ends(check, 0).err, "");
    folder.write("shared/names.py", "A = 1");
    has(
        &ends(check, 0).err,
        &["building m/mapper.wasm: `around/shared/names.py` is not as it was\n"],
    );
}
