//! What comes after the backend's answer: cases that have one, and what the commands say of it.

mod answers;
mod new;
mod send;

use serde_json::{Value, json};

use super::{Folder, cannot, ends, shared_cases, wasm};
use test_support::behaving;
use test_support::components::{DEFAULT, image};

/// The default mapper's mapping as a mapper of the contract 0.1.0.
const OF_0_1: &str = "mapper-of-0-1";

impl Folder {
    /// Writes a case of the mapper that obeys its events: what it does once it has this answer.
    pub(super) fn concludes(&self, name: &str, does: &str) {
        self.concludes_after("text", name, does);
    }

    /// The same with a request that is as `behaviour` says.
    fn concludes_after(&self, behaviour: &str, name: &str, does: &str) {
        let mut event = behaving(behaviour);
        event["request"]["userAttributes"]["custom:conclude"] = does.into();
        self.event(name, &event);
        let answer =
            json!({ "status": 201, "headers": { "X-Plan": "gold" }, "body": { "id": 42 } });
        self.write(&format!("cases/{name}.answer.json"), answer.to_string());
    }
}

/// The request of the mapper that obeys its events, and what is done after it.
fn then(effects: Value) -> Value {
    json!({ "deliver": { "method": "POST", "path": "users/" }, "effects": effects })
}

#[test]
fn a_case_with_an_answer_expects_effects() {
    let folder = Folder::new();
    for (name, does, effects) in [
        ("one", "set custom:plan=gold", json!({ "attributes": { "custom:plan": "gold" } })),
        ("groups", "add b;add a;add b", json!({ "groups": ["b", "a"] })),
        ("body", "set-body custom:a", json!({ "attributes": { "custom:a": r#"{"id":42}"# } })),
        ("header", "set-headers custom:a", json!({ "attributes": { "custom:a": "x-plan" } })),
        ("error", "error not-yet", json!({ "error": "not-yet" })),
        ("long", "set-long a=2048", json!({ "attributes": { "a": "x".repeat(2048) } })),
        ("nothing", "", json!({})),
    ] {
        folder.concludes(name, does);
        folder.expect(name, &then(effects));
    }
    folder.concludes("nothing-said", "");
    folder.expect("nothing-said", &json!({ "deliver": { "method": "POST", "path": "users/" } }));
    ends(&mut folder.test(&[]), 0).shows(&["\n8 passed, 0 failed in "]);
}

#[test]
fn a_case_says_when_its_event_came() {
    let folder = Folder::new();
    for (name, at) in [("own", "2026-02-03T04:05:06.789Z"), ("none", "2026-01-01T00:00:00.000Z")] {
        folder.concludes(name, "set-received custom:at");
        folder.expect(name, &then(json!({ "attributes": { "custom:at": at } })));
    }
    folder.write("cases/own.received-at.json", "\"2026-02-03T04:05:06.789Z\"");
    ends(&mut folder.test(&[]), 0).shows(&["\n2 passed, 0 failed in "]);
    folder.write("cases/own.received-at.json", "\"yesterday\"");
    cannot(&mut folder.test(&[]), &["`cases/own.received-at.json` is not a time such as"]);
}

#[test]
fn without_an_answer_no_follow_up_is_called() {
    let folder = Folder::new();
    folder.concludes("one", "panic");
    ends(&mut folder.test(&[]), 1).shows(&["FAILED    one"]);
    std::fs::remove_file(folder.path("cases/one.answer.json")).unwrap();
    folder.expect("one", &json!({ "deliver": { "method": "POST", "path": "users/" } }));
    ends(&mut folder.test(&[]), 0).shows(&["\n1 passed, 0 failed in "]);
}

#[test]
fn effects_that_break_a_rule_are_no_result_to_bless() {
    let folder = Folder::new();
    for (name, does) in [
        ("identity", "set email_verified=true"),
        ("many", "add-many 17"),
        ("long", "set-long custom:a=2049"),
        ("twice", "set custom:a=1;set custom:a=2"),
        ("control", "set-control custom:a"),
    ] {
        folder.concludes(name, does);
    }
    let ran = ends(&mut folder.test(&["--bless"]), 1);
    ran.shows(&["\n0 passed, 0 accepted, 5 failed in "]);
    let said = ran.out.matches("Effect.NotAllowed: the mapper's effects were refused: ");
    assert_eq!(said.count(), 5, "{}", ran.out);
    assert!(!folder.names("cases").iter().any(|name| name.ends_with(".expected.json")));
}

#[test]
fn cases_keep_to_the_operators_lists_if_they_are_known() {
    let folder = Folder::new();
    folder.concludes("one", "set custom:plan=gold;add members");
    let effects = json!({ "attributes": { "custom:plan": "gold" }, "groups": ["members"] });
    folder.expect("one", &then(effects));
    let test = |attributes, groups| {
        let mut test = folder.test(&[]);
        test.env("COGNITO_ATTRIBUTES", attributes).env("COGNITO_GROUPS", groups);
        test
    };
    ends(&mut test("custom:plan", "members"), 0);
    ends(&mut test("custom:other", "members"), 1).shows(&["an attribute is not in COGNITO_ATTRIB"]);
    ends(&mut test("custom:plan", ""), 1).shows(&["a group is not in COGNITO_GROUPS"]);
}

#[test]
fn effects_are_blessed_and_reported_as_the_rest_is() {
    let folder = Folder::new();
    folder.concludes("one", "set custom:plan=gold");
    folder.expect("one", &then(json!({ "attributes": { "custom:plan": "silver" } })));
    let lines = ["-       \"custom:plan\": \"silver\"", "+       \"custom:plan\": \"gold\""];
    let ran = ends(&mut folder.test(&["--junit", "report.xml"]), 1);
    ran.shows(&["DIFFERS   one", &format!("\n  {}\n  {}\n", lines[0], lines[1])]);
    let report = folder.read("report.xml");
    assert!(report.contains("failures=\"1\"") && report.contains("silver"), "{report}");
    let json = ends(&mut folder.test(&["--json"]), 1).json();
    assert_eq!(json["cases"][0]["mapped"]["effects"]["attributes"]["custom:plan"], "gold");

    ends(&mut folder.test(&["--bless"]), 0).shows(&["1 accepted"]);
    let accepted = then(json!({ "attributes": { "custom:plan": "gold" } }));
    assert_eq!(folder.expected("one"), accepted);
    ends(&mut folder.test(&[]), 0).shows(&["1 passed"]);
}

#[test]
fn an_answer_that_can_be_none_is_named_with_its_file() {
    let folder = Folder::new();
    folder.concludes("one", "");
    for (text, says) in [
        ("{}", "`status` is missing: write `{ \"status\": 201, \"body\": { \"id\": 42 } }`"),
        (
            "[]",
            "it has to be an object such as `{ \"status\": 201, \"body\": { \"id\": 42 } }`, and is []",
        ),
        ("[201]", "not an answer: it has to be an object such as "),
        (r#"{ "status": "201" }"#, "`status` has to be a number such as 201, and is \"201\""),
        (r#"{ "status": 201.5 }"#, "`status` has to be a number such as 201, and is 201.5"),
        (r#"{ "status": 201, "bodyText": {} }"#, "`bodyText` has to be a text, and is {}"),
        (r#"{ "status": 201, "bodyBase64": 1 }"#, "`bodyBase64` has to be a text, and is 1"),
        (
            r#"{ "status": 201, "headers": { "x-a": 1 } }"#,
            "the header `x-a` has to be a text, and is 1",
        ),
        (r#"{ "status": 200, "boddy": 1 }"#, "unknown field `boddy`"),
        (r#"{ "status": 200, "body": 1, "bodyText": "1" }"#, "only one of `body`, `bodyText`"),
        (r#"{ "status": 200, "bodyBase64": "?" }"#, "`bodyBase64` is not base64"),
        (r#"{ "status": 199 }"#, "`status` is 199, which never counts as delivered"),
        (r#"{ "status": 500 }"#, "`status` is 500, which never counts as delivered"),
        (r#"{ "status": 408 }"#, "`status` is 408, which never counts as delivered"),
        (
            r#"{ "status": 200, "headers": { "a b": "" } }"#,
            "the header `a b` holds a character that mappers do not get",
        ),
        (
            r#"{ "status": 200, "headers": { "a": "ä" } }"#,
            "the header `a` holds a character that mappers do not get",
        ),
        (r#"{ "status": 200, "headers": [] }"#, "expected an object of texts"),
    ] {
        folder.write("cases/one.answer.json", text);
        cannot(&mut folder.test(&[]), &["`cases/one.answer.json` is ", says]);
        let run = ["run", "cases/one.event.json", "--answer", "cases/one.answer.json"];
        let run = &mut folder.mapper(&[&run[..], &["--mapper", &wasm(DEFAULT)]].concat());
        cannot(run, &["`cases/one.answer.json` is ", says]);
    }
    folder.write("cases/on.answer.json", r#"{ "status": 200 }"#);
    cannot(&mut folder.test(&[]), &["`cases/on.answer.json` belongs to no event"]);
}

#[test]
fn run_shows_what_would_be_written() {
    let folder = Folder::new();
    folder.write("answer.json", r#"{ "status": 200, "body": { "id": 42, "groups": ["a", "b"] } }"#);
    let event = shared_cases().join("native.event.json");
    let run = |more: &[&str]| {
        let event = event.to_str().unwrap();
        let answered = ["run", event, "--answer", "answer.json", "--mapper", &wasm(DEFAULT)];
        let mut run = folder.mapper(&[&answered[..], more].concat());
        run.env("MAPPER_ENV_ATTRIBUTES_FROM_ANSWER", "custom:backend_id=/id");
        run.env("MAPPER_ENV_GROUPS_FROM_ANSWER", "/groups");
        run
    };
    ends(&mut run(&[]), 0)
        .shows(&["\nset custom:backend_id: 42\nadd to group a\nadd to group b\n"]);
    let shown = ends(&mut run(&["--json"]), 0).json();
    let effects = json!({ "attributes": { "custom:backend_id": "42" }, "groups": ["a", "b"] });
    assert_eq!((&shown["effects"], shown.get("delivered")), (&effects, None));

    let refused = ends(run(&["--json"]).env("COGNITO_GROUPS", "a"), 1).json();
    assert_eq!(refused["failed"]["errorType"], "Effect.NotAllowed");
    assert_eq!(refused.get("effects"), None);
}

#[test]
fn diff_compares_effects_across_versions_of_the_contract() {
    let folder = Folder::new();
    folder.copy_shared_cases();
    let with_answer =
        folder.names("cases").iter().filter(|it| it.ends_with(".answer.json")).count();
    assert!(with_answer > 0);
    let old = wasm(OF_0_1);
    let ran = ends(&mut folder.mapper(&["diff", &old, &wasm(DEFAULT)]), 1);
    ran.shows(&[
        "---- answer-created ----",
        "+   \"effects\": {",
        "+       \"custom:backend_id\": \"42\"",
    ]);
    ran.shows(&[&format!("\n{with_answer} of "), " events are mapped differently\n"]);
    ends(&mut folder.mapper(&["diff", &wasm(DEFAULT), &old]), 1)
        .shows(&["---- answer-created ----", "-   \"effects\": {"]);
    // Two that do the same, though only one of them is asked.
    let native = ["diff", &old, &wasm(DEFAULT), "--events", "native"];
    folder.write("cases/native.answer.json", r#"{ "status": 201, "body": { "id": 42 } }"#);
    ends(&mut folder.mapper(&native), 0).shows(&["both make the same of all 1 events"]);
}

#[test]
fn check_and_inspect_say_whether_there_is_a_follow_up() {
    let folder = Folder::new();
    let old = wasm(OF_0_1);
    let image = image(DEFAULT).to_str().unwrap().to_owned();
    for (mapper, version, follow_up) in [
        (&wasm(DEFAULT), "0.2.0", "yes: it gets the backend's answer"),
        (&image, "0.2.0", "yes: it gets the backend's answer"),
        (&old, "0.1.0", "none"),
    ] {
        let line =
            format!("contract   cognito:post-confirmation@{version}\nfollow-up  {follow_up}\n");
        ends(&mut folder.mapper(&["check", "--mapper", mapper]), 0).shows(&[&line]);
        let check = ends(&mut folder.mapper(&["check", "--json", "--mapper", mapper]), 0).json();
        assert_eq!(check["followUp"], follow_up != "none", "{check}");
    }
    for (mapper, follow_up) in [(&wasm(DEFAULT), true), (&old, false)] {
        let words = if follow_up { "yes: it gets the backend's answer" } else { "none" };
        ends(&mut folder.mapper(&["inspect", mapper]), 0)
            .shows(&[&format!("\nfollow-up    {words}\n")]);
        let json = ends(&mut folder.mapper(&["inspect", mapper, "--json"]), 0).json();
        assert_eq!(json["followUp"], follow_up);
    }
}
