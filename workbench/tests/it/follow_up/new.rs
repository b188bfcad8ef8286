//! `mapper new --with-follow-up`.

use std::env;
use std::fs;
use std::io::{Write as _, stderr};
use std::path::Path;
use std::process::Command;

use test_support::languages::{JAVASCRIPT, Language, PYTHON, TYPESCRIPT, succeeds};
use test_support::program;

use super::super::fresh::Mapper;
use super::super::{Folder, ends};

/// The files that hold the contract, with all that it has.
const CONTRACT: [&str; 2] = ["post-confirmation.d.ts", "post_confirmation.py"];

/// All that is below `folder`, but for the contract, as one text.
fn text_of(folder: &Path) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() && name != "wit" {
            text += &text_of(&path);
        } else if !path.is_dir() && !CONTRACT.contains(&name) {
            text += &format!("{name}\n{}\n", fs::read_to_string(&path).unwrap());
        }
    }
    text
}

#[test]
fn without_the_flag_nothing_is_written_of_a_follow_up() {
    let folder = Folder::new();
    for language in ["js", "ts", "python", "rust"] {
        let (plain, full) = (language.to_owned(), format!("{language}-full"));
        ends(&mut folder.mapper(&["new", &plain, "--lang", language]), 0);
        ends(&mut folder.mapper(&["new", &full, "--lang", language, "--with-follow-up"]), 0);
        let [plain, full] = [plain, full].map(|name| text_of(&folder.path(&name)));
        for word in ["conclude", "follow", "nswer", "ffects", "COGNITO_", "backend_id"] {
            assert!(!plain.contains(word), "{word}: {plain}");
            assert!(full.contains(word), "{word}: {full}");
        }
        // Nothing is left of what was there, and every file ends as it should.
        assert!(!plain.contains("\n\n\n\n") && !plain.contains(", }"), "{plain}");
    }
}

/// A new mapper with a follow-up, built and tried as its author does. Its own tests are run by
/// `unit_test`.
fn is_green(language: &Language, unit_test: impl FnOnce(&Path)) {
    if !language.is_there() {
        return;
    }
    let folder = language.empty_folder("follow-up");
    let path = folder.to_str().unwrap();
    let mapper = |args: &[&str]| language.mapper(&folder, args);
    succeeds(&mapper(&["new", path, "--lang", language.name, "--with-follow-up"]));
    succeeds(&mapper(&["build"]));
    let checked = succeeds(&mapper(&["check"]));
    assert!(checked.contains("\nfollow-up  yes: it gets the backend's answer\n"), "{checked}");
    assert!(succeeds(&mapper(&["test"])).contains("\n6 passed, 0 failed in "));
    let run = ["run", "cases/native.event.json", "--answer", "cases/native.answer.json"];
    let shown = succeeds(&mapper(&run));
    assert!(shown.ends_with("\nset custom:backend_id: 42\nadd to group members\n"), "{shown}");
    unit_test(&folder);

    // What is expected is what `--bless` writes.
    let expected = folder.join("cases/native.expected.json");
    let written = fs::read_to_string(&expected).unwrap();
    fs::remove_file(&expected).unwrap();
    succeeds(&mapper(&["test", "--bless"]));
    assert_eq!(fs::read_to_string(&expected).unwrap(), written);

    for (answer, says) in [
        (r#"{ "status": 409, "body": { "id": 43 } }"#, "+       \"custom:backend_id\": \"43\""),
        (r#"{ "status": 201, "body": {} }"#, "+     \"error\": \"no-id\""),
        (r#"{ "status": 204 }"#, "-       \"custom:backend_id\": \"42\""),
        (r#"{ "status": 409, "body": {} }"#, "-       \"custom:backend_id\": \"42\""),
    ] {
        fs::write(folder.join("cases/native.answer.json"), answer).unwrap();
        let differs = mapper(&["test", "native"]);
        assert_eq!(differs.status.code(), Some(1));
        let said = String::from_utf8(differs.stdout).unwrap();
        assert!(said.contains(says), "`{says}` is not in: {said}");
    }
}

/// Runs the tests in `folder` with Node.js, if there is one that reads files like `mapper`.
fn node_test(folder: &Path, mapper: &str) {
    let mut reads = Command::new("node");
    reads.args(["--input-type=module", "--eval", &format!("await import('./{mapper}')")]);
    let reads = reads.current_dir(folder).output();
    if !reads.is_ok_and(|output| output.status.success()) {
        let _ =
            writeln!(stderr(), "skipped `node --test` of a new mapper: Node.js is missing or old");
        return;
    }
    let tested = Command::new("node").arg("--test").current_dir(folder).output().unwrap();
    assert!(succeeds(&tested).contains("# pass 3\n"), "{tested:?}");
}

#[test]
fn a_new_mapper_in_javascript_with_a_follow_up_is_green() {
    is_green(&JAVASCRIPT, |folder| node_test(folder, "mapper.js"));
}

#[test]
fn a_new_mapper_in_typescript_with_a_follow_up_is_green() {
    is_green(&TYPESCRIPT, |folder| node_test(folder, "mapper.ts"));
}

#[test]
fn a_new_mapper_in_python_with_a_follow_up_is_green() {
    is_green(&PYTHON, |folder| {
        let test = "import test_mapper as it; [getattr(it, name)() for name in dir(it) if name.startswith('test_')]";
        let mut python = Command::new("python3");
        ends(python.args(["-c", test]).current_dir(folder), 0);
    });
}

#[test]
fn a_new_mapper_in_rust_with_a_follow_up_is_green() {
    let mapper = Mapper::of("concluding", &["--with-follow-up"]);
    ends(&mut mapper.command(&["test"]), 0).shows(&["\n6 passed, 0 failed in "]);
    ends(&mut mapper.command(&["check"]), 0).shows(&["\nfollow-up  yes: "]);
    let run = ["run", "cases/native.event.json", "--answer", "cases/native.answer.json"];
    ends(&mut mapper.command(&run), 0)
        .shows(&["\nset custom:backend_id: 42\nadd to group members\n"]);
    ends(&mut mapper.command(&["test", "--bless"]), 0).shows(&["6 passed, 0 accepted"]);

    let workbench = program("mapper").parent().unwrap().to_owned();
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths([workbench].into_iter().chain(env::split_paths(&path))).unwrap();
    let mut cargo = Folder::sharing(Command::new("cargo"));
    cargo.arg("test").current_dir(mapper.folder.path("concluding")).env("PATH", path);
    ends(&mut cargo, 0).shows(&[
        "test follow_up::tests::the_backends_id_is_stored_and_the_user_joins_the_group ... ok",
    ]);
}

#[test]
fn a_new_mapper_in_rust_without_a_follow_up_has_none() {
    let mapper = Mapper::new("unanswered");
    ends(&mut mapper.command(&["build"]), 0);
    ends(&mut mapper.command(&["check"]), 0).shows(&["@0.2.0\nfollow-up  none\n"]);
}
