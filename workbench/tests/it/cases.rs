//! `mapper test`: which cases there are, what a mapper makes of them, and whether that is what they
//! expect.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use super::{Folder, cannot, ends, wasm};
use test_support::components::{DEFAULT, MISBEHAVING, OTHER, component, image};
use test_support::{behaving, sign_up};

impl Folder {
    /// `mapper test` of the mapper that does what its events ask for.
    pub(super) fn test(&self, args: &[&str]) -> Command {
        self.mapper(&[&["test", "--mapper", &wasm(MISBEHAVING)], args].concat())
    }
}

/// The request of the mapper that obeys its events, with the fields of `more`.
fn request(more: Value) -> Value {
    let mut request = json!({ "method": "POST", "path": "users/" });
    request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({ "deliver": request })
}

#[test]
fn the_default_mapper_passes_as_a_component_and_an_image() {
    let folder = Folder::new();
    folder.copy_shared_cases();
    let cases = folder.names("cases").iter().filter(|name| name.ends_with(".event.json")).count();
    fs::copy(component(DEFAULT), folder.path("mapper.wasm")).unwrap();
    let ran = ends(&mut folder.mapper(&["test"]), 0);
    ran.shows(&[
        &format!("\n{cases} cases of cases for mapper.wasm\n"),
        &format!("\n{cases} passed, 0 failed in "),
    ]);
    assert_eq!(ran.err, "");
    ends(folder.mapper(&["test"]).env("MAPPER_IMAGE", image(DEFAULT)), 0)
        .shows(&["mapper.cwasm\n", "0 failed"]);
}

#[test]
fn a_case_keeps_every_part_of_a_request() {
    let folder = Folder::new();
    for (name, behaviour, expected) in [
        (
            "path",
            "path a/b?c=d",
            json!({ "deliver": { "method": "POST", "path": "a/b?c=d", "bodyText": "alice" } }),
        ),
        ("text", "text two words", request(json!({ "bodyText": "two words" }))),
        ("binary", "bytes 255 254", request(json!({ "bodyBase64": "//4=" }))),
        ("empty", "text", request(json!({}))),
        ("null", "text null", request(json!({ "body": null }))),
        (
            "json",
            "text {\"b\": [1, 2.5], \"a\": {}}",
            request(json!({ "body": { "a": {}, "b": [1, 2.5] } })),
        ),
        ("last", "text {\"a\": 1, \"a\": 2}", request(json!({ "body": { "a": 2 } }))),
        (
            "header",
            "header X-One=1",
            request(json!({ "bodyText": "alice", "headers": { "x-one": "1" } })),
        ),
        (
            "repeated",
            "repeated b a",
            request(json!({ "bodyText": "alice", "headers": { "x-repeated": ["b", "a"] } })),
        ),
        ("accept", "accept 409", request(json!({ "bodyText": "alice", "acceptStatus": [409] }))),
        ("skip", "skip not-today", json!({ "skip": "not-today" })),
        ("error", "error no-id", json!({ "error": "no-id" })),
    ] {
        folder.event(name, &behaving(behaviour));
        folder.expect(name, &expected);
    }
    ends(&mut folder.test(&[]), 0).shows(&["\n12 passed, 0 failed in "]);
}

#[test]
fn a_body_that_is_null_is_told_from_one_that_is_empty_or_text() {
    let folder = Folder::new();
    for (name, behaviour, expected) in [
        ("no-body", "text", json!({ "body": null })),
        ("null", "text null", json!({})),
        ("text", "text null.", json!({ "body": null })),
        ("quoted", "text \"null\"", json!({ "body": null })),
    ] {
        folder.event(name, &behaving(behaviour));
        folder.expect(name, &request(expected));
    }
    ends(&mut folder.test(&[]), 1).shows(&["\n0 passed, 4 failed in "]);
}

#[test]
fn the_order_of_repeated_headers_counts_that_of_fields_not() {
    let folder = Folder::new();
    folder.event("headers", &behaving("repeated a b"));
    folder.expect(
        "headers",
        &request(json!({ "bodyText": "alice", "headers": { "x-repeated": ["b", "a"] } })),
    );
    folder.event("fields", &behaving("text {\"a\":1,\"b\":2}"));
    let expected = r#"{"deliver":{"body":{"b":2,"a":1},"path":"users/","method":"POST"}}"#;
    folder.write("cases/fields.expected.json", expected);
    ends(&mut folder.test(&[]), 1).shows(&["ok        fields", "DIFFERS   headers"]);
}

#[test]
fn a_case_that_differs_is_shown_line_by_line() {
    let folder = Folder::new();
    folder.copy_shared_cases();
    let mut expected = folder.expected("native");
    expected["deliver"]["body"]["email"] = "bob@example.com".into();
    folder.expect("native", &expected);
    let ran = ends(&mut folder.mapper(&["test", "--mapper", &wasm(DEFAULT)]), 1);
    ran.shows(&[
        "DIFFERS   native ",
        "\n---- native ----\n  - expected\n  + mapped\n",
        "\n  -       \"email\": \"bob@example.com\",\n  +       \"email\": \"alice@example.com\",\n",
        " passed, 1 failed in ",
    ]);
    // Only the lines around it.
    assert!(!ran.out.contains("user_pool_id"), "{}", ran.out);
    assert_eq!(ran.out.matches("----").count(), 2, "{}", ran.out);
}

#[test]
fn a_case_without_an_expectation_fails_and_is_shown() {
    let folder = Folder::new();
    folder.event("new", &behaving("skip not-today"));
    let ran = ends(&mut folder.test(&[]), 1);
    ran.shows(&[
        "NEW       new",
        "`--bless`:\n{\n  \"skip\": \"not-today\"\n}\n",
        "0 passed, 1 failed",
    ]);
    assert_eq!(folder.names("cases"), ["new.event.json"]);
}

#[test]
fn an_unexpected_error_of_a_mapper_is_shown_with_its_message() {
    let folder = Folder::new();
    folder.event("one", &behaving("error no-id"));
    folder.expect("one", &json!({ "error": "another" }));
    let says = [
        "\n  -   \"error\": \"another\"\n",
        "\"no-id\"",
        "message of the mapper:\nthe message of the error\n",
    ];
    ends(&mut folder.test(&[]), 1).shows(&says);
}

#[test]
fn a_cases_variables_come_before_the_environments() {
    let folder = Folder::new();
    for (name, variables, body) in [
        ("own", Some(json!({ "NAME": "of the case" })), json!({ "bodyText": "of the case" })),
        ("other", Some(json!({ "OTHER": "x" })), json!({ "bodyText": "of the environment" })),
        ("empty", Some(json!({ "NAME": "" })), json!({})),
        ("none", None, json!({ "bodyText": "of the environment" })),
    ] {
        folder.event(name, &behaving("variable NAME"));
        folder.expect(name, &request(body));
        if let Some(variables) = variables {
            folder.write(&format!("cases/{name}.variables.json"), variables.to_string());
        }
    }
    let test = &mut folder.test(&[]);
    ends(test.env("MAPPER_ENV_NAME", "of the environment"), 0).shows(&["\n4 passed, 0 failed in "]);
}

#[test]
fn a_folder_without_cases_or_with_a_stray_file_is_refused() {
    let folder = Folder::new();
    cannot(
        &mut folder.test(&[]),
        &["there is no folder `cases`; start with `mkdir cases && mapper events"],
    );
    cannot(
        &mut folder.test(&["elsewhere"]),
        &["there is no case `elsewhere`: name a folder, a `NAME.event.json`"],
    );
    folder.write("cases/README.md", "");
    cannot(
        &mut folder.test(&[]),
        &["`cases` holds no `NAME.event.json`", "`mapper events native > cases/native.event.json`"],
    );
    folder.event("one", &sign_up());
    for orphan in ["onee.expected.json", "onee.variables.json"] {
        folder.write(&format!("cases/{orphan}"), "{}");
        let says =
            [&*format!("`cases/{orphan}` belongs to no event"), "there is no `onee.event.json`"];
        cannot(&mut folder.test(&["--bless"]), &says);
        fs::remove_file(folder.path("cases").join(orphan)).unwrap();
    }
    assert_eq!(folder.names("cases"), ["README.md", "one.event.json"]);
}

#[test]
fn a_file_of_a_case_that_is_broken_is_named() {
    let folder = Folder::new();
    folder.event("one", &sign_up());
    for (file, text, says) in [
        ("event", "{", "is not JSON"),
        ("event", "", "it is empty"),
        ("expected", "{ \"skip\": ", "is not JSON"),
        ("expected", "{}", "is not as it has to be"),
        ("expected", r#"{ "skip": "a", "error": "b" }"#, "is not as it has to be"),
        ("expected", r#"{ "delivers": {} }"#, "is not as it has to be: unknown field `delivers`"),
        (
            "expected",
            r#"{ "deliver": { "method": "POST" } }"#,
            "is not as it has to be: missing field `path`",
        ),
        (
            "expected",
            r#"{ "deliver": { "method": "POST", "path": "", "bdy": 1 } }"#,
            "unknown field `bdy`",
        ),
        (
            "expected",
            r#"{ "failed": { "errorType": "Mapper.Trapped", "error": "" } }"#,
            "unknown field `failed`",
        ),
        ("variables", r#"{ "NAME": 1 }"#, "is not as it has to be"),
        ("variables", "[]", "is not as it has to be"),
    ] {
        let (good, path) = (sign_up().to_string(), format!("cases/one.{file}.json"));
        folder.write(&path, text);
        // Nor does `--bless` write over it.
        cannot(&mut folder.test(&["--bless"]), &[&format!("`{path}`"), says]);
        assert_eq!(folder.read(&path), text);
        fs::remove_file(folder.path(&path)).unwrap();
        folder.write("cases/one.event.json", good);
    }
}

#[test]
fn a_mapper_that_does_not_load_fails_no_case() {
    let folder = Folder::new();
    folder.event("one", &sign_up());
    cannot(
        &mut folder.mapper(&["test"]),
        &["the mapper `mapper.wasm` can't be read", "`mapper build` makes it"],
    );
    folder.component("(component)");
    let test = ["test", "--mapper", "component.wasm", "--junit", "report.xml"];
    cannot(&mut folder.mapper(&test), &["`component.wasm` can't be compiled", "is not a mapper"]);
    assert!(!folder.path("report.xml").exists());
}

#[test]
fn another_mapper_does_not_pass_the_cases_of_the_default_one() {
    let folder = Folder::new();
    folder.copy_shared_cases();
    ends(&mut folder.mapper(&["test", "--mapper", &wasm(OTHER)]), 1).shows(&["DIFFERS   native"]);
}
