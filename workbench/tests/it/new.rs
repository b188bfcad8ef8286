//! `mapper new`.

use std::fs;
use std::path::Path;
use std::process::Command;

use test_support::root;

use super::{Folder, cannot, ends, shared_cases};

/// The samples of `mapper events`.
const SAMPLES: [&str; 6] =
    ["native", "federated", "phone-only", "password-reset", "custom-attributes", "admin-confirmed"];

/// The files below `folder`, by their paths in it, in order.
fn files(folder: &Path) -> Vec<String> {
    fn add(folder: &Path, root: &Path, all: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => add(&path, root, all),
                false => all.push(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned()),
            }
        }
    }
    let mut all = Vec::new();
    add(folder, folder, &mut all);
    all.sort();
    all
}

#[test]
fn new_makes_exactly_the_files_that_its_json_lists() {
    let folder = Folder::new();
    let wit: &[&str] = &["wit/world.wit", "wit/mapper.wit", "wit/types.wit"];
    let rust: &[&str] = &["Cargo.toml", ".cargo/config.toml", "src/lib.rs"];
    let js: &[&str] =
        &["mapper.js", "mapper.test.js", "post-confirmation.d.ts", "jsconfig.json", "package.json"];
    let ts: &[&str] =
        &["mapper.ts", "mapper.test.js", "post-confirmation.d.ts", "tsconfig.json", "package.json"];
    let python: &[&str] =
        &["mapper.py", "test_mapper.py", "post_confirmation.py", "requirements.txt"];
    for (language, own, contract, follow_up) in [
        ("rust", rust, wit, &["cases/native.answer.json", "src/follow_up.rs"][..]),
        ("js", js, &[], &["cases/native.answer.json"]),
        ("ts", ts, &[], &["cases/native.answer.json"]),
        ("python", python, &[], &["cases/native.answer.json"]),
    ] {
        lists_its_files(&folder, &[language, "--lang", language], &[own, contract].concat());
        let full = format!("{language}-full");
        let args = [&full, "--lang", language, "--with-follow-up"];
        lists_its_files(&folder, &args, &[own, contract, follow_up].concat());
    }
}

/// Makes a mapper with `args`, of which the first is its name, and checks that its files are those
/// of every mapper and `own` ones.
fn lists_its_files(folder: &Folder, args: &[&str], own: &[&str]) {
    let made = ends(&mut folder.mapper(&[&["new"], args, &["--json"]].concat()), 0).json();
    assert_eq!(made["folder"], args[0]);
    let mut listed: Vec<String> = serde_json::from_value(made["files"].clone()).unwrap();
    listed.sort();
    assert_eq!(files(&folder.path(args[0])), listed);

    let cases = SAMPLES.iter().flat_map(|name| {
        [format!("cases/{name}.event.json"), format!("cases/{name}.expected.json")]
    });
    let mut expected: Vec<String> = own
        .iter()
        .chain(&[".gitignore", "README.md"])
        .map(ToString::to_string)
        .chain(cases)
        .collect();
    expected.sort();
    assert_eq!(listed, expected);

    let next: Vec<String> = serde_json::from_value(made["next"].clone()).unwrap();
    assert_eq!(next[0], format!("cd {}", args[0]));
    assert!(next.contains(&"mapper test".to_owned()), "{next:?}");
}

#[test]
fn a_new_mapper_has_this_projects_contract_and_events() {
    let folder = Folder::new();
    ends(&mut folder.mapper(&["new", "m", "--lang", "rust"]), 0);
    let wit = root().join("wit");
    assert_eq!(files(&folder.path("m/wit")), files(&wit));
    for file in files(&wit) {
        assert_eq!(
            fs::read(folder.path("m/wit").join(&file)).unwrap(),
            fs::read(wit.join(file)).unwrap()
        );
    }
    for file in folder.names("m/cases").iter().filter(|file| file.ends_with(".event.json")) {
        assert_eq!(
            folder.read(&format!("m/cases/{file}")),
            fs::read_to_string(shared_cases().join(file)).unwrap()
        );
    }
}

#[test]
fn a_new_mapper_in_python_is_tested_by_python_alone() {
    let folder = Folder::new();
    ends(&mut folder.mapper(&["new", "m", "--lang", "python"]), 0);
    let test = "import test_mapper; test_mapper.test_a_user_without_a_plan_gets_the_free_one()";
    let mut python = Command::new("python3");
    ends(python.args(["-c", test]).current_dir(folder.path("m")), 0);
}

#[test]
fn the_last_part_of_the_folder_becomes_the_name_of_the_package() {
    let folder = Folder::new();
    for (language, files) in [
        ("rust", ["Cargo.toml", "README.md"]),
        ("js", ["package.json", "README.md"]),
        ("ts", ["package.json", "README.md"]),
        ("python", ["README.md"; 2]),
    ] {
        let name = format!("my-{language}-2");
        let path = format!("Some Folder/{name}");
        let made = ends(&mut folder.mapper(&["new", &path, "--lang", language]), 0);
        made.shows(&[
            &format!("made {path}: "),
            " files, 6 cases",
            "mapper test",
            "Both build mapper.wasm if they have to.",
        ]);
        for file in files {
            let text = folder.read(&format!("{path}/{file}"));
            assert!(text.contains(&name) && !text.contains("NAME"), "{text}");
        }
    }
}

#[test]
fn new_refuses_a_folder_whose_last_part_is_no_name() {
    let folder = Folder::new();
    for name in [
        "Upper",
        "camelCase",
        "1st",
        "-x",
        "two words",
        "under_score",
        "naïve",
        "a.b",
        "a/B",
        ".",
        "..",
        "a/..",
        "/",
    ] {
        let command = &mut folder.mapper(&["new", "--lang", "js", "--", name]);
        cannot(command, &[&format!("`{name}` is not a name for a mapper"), "begin with a letter"]);
    }
    cannot(&mut folder.mapper(&["new", "", "--lang", "js"]), &["NAME"]);
    cannot(&mut folder.mapper(&["new", "--lang", "js"]), &["NAME"]);
    assert_eq!(folder.names("."), [""; 0]);
}

#[test]
fn new_never_writes_over_what_is_there() {
    let folder = Folder::new();
    folder.write("full/own.txt", "own");
    folder.write("file", "own");
    for name in ["full", "file"] {
        let command = &mut folder.mapper(&["new", name, "--lang", "rust"]);
        cannot(
            command,
            &[&format!("`{name}` is there already; choose another name, or remove it")],
        );
    }
    cannot(
        &mut folder.mapper(&["new", "file/below", "--lang", "rust"]),
        &["`file/below/Cargo.toml` can't be written"],
    );
    assert_eq!(
        (folder.names("."), folder.names("full")),
        (vec!["file".into(), "full".into()], vec!["own.txt".into()])
    );
    assert_eq!(folder.read("file"), "own");

    fs::create_dir(folder.path("empty")).unwrap();
    ends(&mut folder.mapper(&["new", "empty", "--lang", "rust"]), 0);
}

#[test]
fn new_knows_four_languages() {
    let folder = Folder::new();
    for args in [&["new", "m", "--lang", "go"][..], &["new", "m"]] {
        cannot(&mut folder.mapper(args), &["--lang"]);
    }
    cannot(&mut folder.mapper(&["new", "m", "--lang", "go"]), &["js, ts, python, rust"]);
    assert_eq!(folder.names("."), [""; 0]);
}
