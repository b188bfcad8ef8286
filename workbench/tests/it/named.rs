//! What a run of cases names: the cases that were asked for, the part of a request that is wrong,
//! the command to go on with.

use std::process::Command;

use serde_json::json;

use super::{Folder, cannot, ends, wasm};
use test_support::components::MISBEHAVING;
use test_support::{behaving, program};

#[test]
fn a_case_is_tested_by_its_name_or_by_any_of_its_files() {
    let folder = Folder::new();
    for name in ["one", "two", "three"] {
        folder.event(name, &behaving("skip not-today"));
        folder.expect(name, &json!({ "skip": "not-today" }));
    }
    folder.write("cases/one.variables.json", "{}");
    folder.write("elsewhere/far.event.json", behaving("skip not-today").to_string());
    folder.write("elsewhere/far.expected.json", r#"{ "skip": "not-today" }"#);
    for (args, passed) in [
        (&["one"][..], 1),
        (&["cases/one"], 1),
        (&["cases/one.event.json"], 1),
        (&["one.event.json"], 1),
        (&["cases/one.expected.json", "cases/one.event.json", "cases/one.variables.json"], 1),
        (&["one", "two"], 2),
        (&["elsewhere/far"], 1),
        (&["elsewhere", "two"], 2),
        (&["cases", "one"], 3),
    ] {
        let ran = ends(&mut folder.test(args), 0);
        let cases = if passed == 1 { "case " } else { "cases " };
        ran.shows(&[&format!("\n{passed} {cases}"), &format!("\n{passed} passed, 0 failed in ")]);
    }
    for name in ["four", "cases/four.event.json", "elsewhere/one", "one.json", "missing/one"] {
        cannot(
            &mut folder.test(&[name]),
            &[&format!("there is no case `{name}`: "), "`NAME.event.json`"],
        );
    }
    folder.write("elsewhere/n.json", "{}");
    cannot(
        &mut folder.test(&["elsewhere/n.json"]),
        &["`elsewhere/n.json` is not a case: ", "end in `.event.json`"],
    );
    let diff = [
        "diff",
        &wasm(MISBEHAVING),
        &wasm(MISBEHAVING),
        "--events",
        "one",
        "--events",
        "elsewhere/far",
    ];
    ends(&mut folder.mapper(&diff), 0).shows(&["both make the same of all 2 events"]);
    // Only that one is accepted.
    folder.expect("two", &json!({ "skip": "never" }));
    folder.expect("three", &json!({ "skip": "never" }));
    ends(&mut folder.test(&["two", "--bless"]), 0).shows(&["0 passed, 1 accepted, 0 failed"]);
    assert_eq!(folder.expected("three"), json!({ "skip": "never" }));
}

#[test]
fn a_mappers_folder_is_told_what_to_name_in_its_place() {
    let folder = Folder::new();
    folder.write("m/cases/one.event.json", "{}");
    folder.write("m/mapper.wasm", "");
    cannot(
        &mut folder.mapper(&["test", "m"]),
        &["`m` is a mapper's folder: name `m/cases --mapper m/mapper.wasm`"],
    );
    cannot(
        &mut folder.mapper(&["check", "--mapper", "m"]),
        &["the mapper `m` is a folder: name `m/mapper.wasm`"],
    );
}

#[test]
fn an_unstable_case_shows_the_first_run_beside_the_second() {
    let folder = Folder::new();
    folder.event("count", &behaving("random"));
    folder.expect("count", &json!({ "skip": "expected-otherwise" }));
    let ran = ends(&mut folder.test(&["--junit", "report.xml"]), 1);
    ran.shows(&[
        "---- count ----\n  - first run\n  + second run\n",
        "  -     \"body\": ",
        "  +     \"body\": ",
    ]);
    assert!(!ran.out.contains("expected-otherwise"), "{}", ran.out);
    assert!(folder.read("report.xml").contains("+ second run"));
    let case = &ends(&mut folder.test(&["--json"]), 1).json()["cases"][0];
    let body = |run: &str| case[run]["deliver"]["body"].clone();
    assert!(body("mapped") != body("second") && !body("second").is_null(), "{case}");
}

#[test]
fn the_last_line_is_the_command_that_accepts_what_is_different() {
    let folder = Folder::new();
    folder.write("it's a folder/two words.event.json", behaving("skip not-today").to_string());
    let ran = ends(&mut folder.test(&["it's a folder/two words"]), 1);
    let last = ran.out.lines().last().unwrap();
    let command = last.strip_prefix("accept what is different or new: ").unwrap();
    assert!(command.starts_with("mapper test --bless "), "{command}");
    let path = std::env::join_paths([
        program("mapper").parent().unwrap(),
        "/usr/bin".as_ref(),
        "/bin".as_ref(),
    ])
    .unwrap();
    let mut shell = Command::new("sh");
    ends(shell.args(["-c", command]).env("PATH", path).current_dir(folder.path("")), 0);
    let ran = ends(&mut folder.test(&["it's a folder"]), 0);
    assert!(ran.out.lines().last().unwrap().starts_with("1 passed, 0 failed in "), "{}", ran.out);

    // What can't be accepted is not offered to be.
    folder.event("panic", &behaving("panic"));
    let ran = ends(&mut folder.test(&[]), 1);
    assert!(!ran.out.contains("--bless"), "{}", ran.out);
}

#[test]
fn a_refused_request_is_shown_with_the_part_that_breaks_a_rule() {
    let folder = Folder::new();
    let long = format!("header x-long={}", "v".repeat(20_000));
    for (behaviour, part) in [
        ("header Authorization=x", "the header \"Authorization\" is \"x\""),
        ("header X-Name=Zo\u{eb}", "the header \"X-Name\" is \"Zo\u{eb}\""),
        ("header X-Name=a\\r\\nb", "the header \"X-Name\" is \"a\\r\\nb\""),
        ("header X Name=x", "the header \"X Name\" is \"x\""),
        (&long, "the header \"x-long\" is \"vvv"),
        ("path ../secret", "the path is \"../secret\""),
        ("path a b", "the path is \"a b\""),
        ("accept 503", "the status is 503"),
    ] {
        folder.event("one", &behaving(behaviour));
        let tested = ends(&mut folder.test(&[]), 1);
        tested.shows(&[
            "---- one ----\nMapper.AnswerRefused: the mapper's request was refused: ",
            &format!("; {part}"),
        ]);
        assert!(tested.out.len() < 1000, "{}", tested.out);
        let json = ends(&mut folder.test(&["--json"]), 1).json();
        let error = json["cases"][0]["mapped"]["failed"]["error"].as_str().unwrap();
        assert!(error.contains(&format!("; {part}")), "{error}");
        let run = ["run", "cases/one.event.json", "--mapper", &wasm(MISBEHAVING)];
        ends(&mut folder.mapper(&run), 1)
            .shows(&["failed   Mapper.AnswerRefused: ", &format!("; {part}")]);
        let sent = &mut folder.mapper(&[&run[..], &["--send"]].concat());
        ends(sent.env("BACKEND_API_URL", "https://backend.example/"), 1)
            .shows(&[&format!("; {part}")]);
    }
    // If no part is wrong on its own, the rule says it all.
    folder.event("one", &behaving("headers 65"));
    let tested = ends(&mut folder.test(&[]), 1);
    tested.shows(&[
        "Mapper.AnswerRefused: the mapper's request was refused: there are more than 64 headers\n",
    ]);
}

#[test]
fn run_takes_the_name_of_a_case_if_there_is_no_such_file() {
    let folder = Folder::new();
    folder.event("one", &behaving("skip not-today"));
    folder.write("elsewhere/two.event.json", behaving("skip other").to_string());
    folder.write("two", behaving("skip a-file").to_string());
    folder.event("two", &behaving("skip a-case"));
    for (name, code) in [
        ("one", "not-today"),
        ("cases/one", "not-today"),
        ("one.event.json", "not-today"),
        ("elsewhere/two", "other"),
        ("two", "a-file"),
    ] {
        let run = ["run", name, "--mapper", &wasm(MISBEHAVING)];
        ends(&mut folder.mapper(&run), 0).shows(&[&format!("skipped  {code}\n")]);
    }
    let run = ["run", "three", "--mapper", &wasm(MISBEHAVING)];
    cannot(&mut folder.mapper(&run), &["there is no case `three`; `cases` has `one`, `two`"]);
}

#[test]
fn a_path_with_a_segment_that_stands_for_nothing_is_told() {
    let folder = Folder::new();
    for (path, segment) in [
        ("users/undefined", Some("undefined")),
        ("users/null/plans?a=b", Some("null")),
        ("None", Some("None")),
        ("users/%5Bobject%20Object%5D", Some("%5Bobject%20Object%5D")),
        ("users/undefined-plan?id=null", None),
    ] {
        folder.event("one", &behaving(&format!("path {path}")));
        let says = segment.map(|segment| {
            format!("the path has the segment `{segment}`: is there no value for it?\n")
        });
        let ran = ends(&mut folder.mapper(&["run", "one", "--mapper", &wasm(MISBEHAVING)]), 0);
        let warned = |before| says.as_ref().map(|says| format!("warning: {before}{says}"));
        assert_eq!(ran.err, warned("").unwrap_or_default());
        let tested = ends(&mut folder.test(&["--bless"]), 0);
        assert_eq!(tested.err, warned("one: ").unwrap_or_default());
    }
}
