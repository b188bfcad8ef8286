//! What `mapper test` writes for machines: JSON, JUnit's XML, and no colours unless it is a
//! terminal.

use serde_json::json;

use super::{Folder, cannot, ends, wasm};
use test_support::behaving;
use test_support::components::MISBEHAVING;

/// A folder with a case of each verdict.
fn folder() -> Folder {
    let folder = Folder::new();
    for (name, behaviour) in [
        ("differs", "text <a & b>"),
        ("failed", "panic"),
        ("new", "skip not-today"),
        ("passed", "skip not-today"),
        ("unstable", "random"),
    ] {
        folder.event(name, &behaving(behaviour));
    }
    folder.expect("differs", &json!({ "skip": "\"]]>" }));
    folder.expect("passed", &json!({ "skip": "not-today" }));
    folder
}

#[test]
fn the_json_has_every_case_with_its_verdict() {
    let report = ends(&mut folder().test(&["--json"]), 1).json();
    assert_eq!((&report["passed"], &report["failed"]), (&json!(1), &json!(4)));
    assert_eq!(report["mapper"], wasm(MISBEHAVING).as_str());
    let cases = report["cases"].as_array().unwrap();
    for (case, name) in cases.iter().zip(["differs", "failed", "new", "passed", "unstable"]) {
        assert_eq!((&case["name"], &case["verdict"]), (&json!(name), &json!(name)));
        assert_eq!(case["stable"], name != "unstable");
        assert!(case["milliseconds"].is_number() && case["mapped"].is_object(), "{case}");
    }
    assert_eq!(cases.len(), 5);
    assert_eq!(cases[0]["expected"], json!({ "skip": "\"]]>" }));
    assert_eq!(cases[0]["mapped"]["deliver"]["bodyText"], "<a & b>");
    assert_eq!(cases[1]["mapped"]["failed"]["errorType"], "Mapper.Trapped");
    assert_eq!(cases[2].get("expected"), None);
}

/// The elements of a document of XML, by their tags, each with its depth. Panics if they are not
/// nested as they have to be.
fn elements(xml: &str) -> Vec<(usize, &str)> {
    let (mut open, mut found) = (Vec::new(), Vec::new());
    let text = xml.trim().strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>").unwrap();
    for part in text.split('<').skip(1) {
        let (tag, text) = part.split_once('>').unwrap();
        // Whatever the mapper and the cases put in is escaped.
        assert!(
            !text.contains('>') && text.split('&').skip(1).all(|entity| entity.contains(';')),
            "{text}"
        );
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "{xml}");
            continue;
        }
        found.push((open.len(), tag));
        if !tag.ends_with('/') {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{xml}");
    found
}

#[test]
fn the_report_for_ci_is_whole_and_counts_every_case() {
    let folder = folder();
    ends(folder.test(&["--junit", "report.xml"]).env("CLICOLOR_FORCE", "1"), 1);
    let xml = folder.read("report.xml");
    assert!(!xml.contains('\u{1b}'), "{xml}");
    let elements = elements(&xml);
    let counts = ["tests=\"5\"", "failures=\"3\"", "errors=\"1\"", "skipped=\"0\""];
    for tag in [elements[0].1, elements[1].1] {
        assert!(
            tag.starts_with("testsuite") && counts.iter().all(|count| tag.contains(count)),
            "{tag}"
        );
    }
    let below = |depth| elements.iter().filter(move |(at, _)| *at == depth).map(|(_, tag)| *tag);
    let cases: Vec<_> = below(2).map(|tag| tag.split('"').nth(1).unwrap()).collect();
    assert_eq!(cases, ["differs", "failed", "new", "passed", "unstable"]);
    let ends: Vec<_> = below(3).filter(|tag| !tag.starts_with("system-")).collect();
    assert_eq!(ends.len(), 4, "{ends:?}");
    for (end, (kind, message)) in ends.iter().zip([
        ("failure", "makes something else of the event"),
        ("error", "Mapper.Trapped: "),
        ("failure", "nothing is expected yet"),
        ("failure", "`--deterministic`"),
    ]) {
        assert!(end.starts_with(kind) && end.contains(message), "{end}");
    }
    for part in ["&lt;a &amp; b&gt;", "]]&gt;", "the text of the panic"] {
        assert!(xml.contains(part), "`{part}` is not in: {xml}");
    }
}

#[test]
fn the_report_of_cases_that_pass_holds_no_failure() {
    let folder = Folder::new();
    folder.event("one", &behaving("skip not-today"));
    ends(&mut folder.test(&["--bless", "--junit", "report.xml"]), 0);
    let xml = folder.read("report.xml");
    let tags: Vec<_> =
        elements(&xml).into_iter().map(|(_, tag)| tag.split([' ', '/']).next().unwrap()).collect();
    assert_eq!(tags, ["testsuites", "testsuite", "testcase"], "{xml}");
    assert!(xml.contains("failures=\"0\"") && xml.contains("errors=\"0\""), "{xml}");
}

#[test]
fn a_report_that_cannot_be_written_is_named() {
    let folder = Folder::new();
    folder.event("one", &behaving("skip not-today"));
    folder.expect("one", &json!({ "skip": "not-today" }));
    let command = &mut folder.test(&["--junit", "missing/report.xml"]);
    cannot(
        command,
        &["the report `missing/report.xml` can't be written: No such file or directory"],
    );
}

#[test]
fn colours_are_for_terminals_and_for_those_who_ask_for_them() {
    let folder = folder();
    assert!(!ends(&mut folder.test(&[]), 1).out.contains('\u{1b}'));
    let coloured = ends(folder.test(&[]).env("CLICOLOR_FORCE", "1"), 1);
    coloured.shows(&[
        "\u{1b}[31mDIFFERS",
        "\u{1b}[32mok",
        "\u{1b}[31m-   \"skip\"",
        "\u{1b}[31m1 passed, 4 failed",
    ]);
    ends(folder.test(&["--json"]).env("CLICOLOR_FORCE", "1"), 1).json();

    let error = |command: &mut std::process::Command| ends(command, 2).err;
    assert!(error(&mut folder.test(&["missing"])).starts_with("error: "));
    assert!(
        error(folder.test(&["missing"]).env("CLICOLOR_FORCE", "1"))
            .starts_with("\u{1b}[31merror\u{1b}[0m: ")
    );
}
