//! What an answer in a file counts for: as much as it does if the backend gives it.

use std::process::Command;

use serde_json::json;

use super::super::{Folder, cannot, ends, wasm};
use super::{OF_0_1, then};
use test_support::components::{DEFAULT, MISBEHAVING};

/// `mapper run` of the case `one` with its own answer.
fn run_one(folder: &Folder) -> Command {
    let run = ["run", "cases/one.event.json", "--answer", "cases/one.answer.json", "--mapper"];
    folder.mapper(&[&run[..], &[&wasm(MISBEHAVING)]].concat())
}

/// Both `test` and `run` fail the case `one` and say `says`.
fn fails(folder: &Folder, says: &str) {
    ends(&mut folder.test(&["--bless"]), 1).shows(&["FAILED    one", says]);
    ends(&mut run_one(folder), 1).shows(&["failed   ", says]);
}

#[test]
fn an_answer_that_the_request_does_not_accept_delivers_nothing() {
    let folder = Folder::new();
    // A follow-up that is called would trap.
    folder.concludes("one", "panic");
    for (status, name) in [(404, "404 Not Found"), (302, "302 Found"), (409, "409 Conflict")] {
        folder.write("cases/one.answer.json", json!({ "status": status }).to_string());
        let says = format!(
            "Backend.Refused: the backend answered {name}; change `status` in \
             `cases/one.answer.json`, or add {status} to what the request accepts\n"
        );
        fails(&folder, &says);
    }
    assert!(!folder.names("cases").contains(&"one.expected.json".to_owned()));

    folder.concludes_after("accept 404", "one", "set custom:a=1");
    folder.write("cases/one.answer.json", r#"{ "status": 404 }"#);
    let mut expected = then(json!({ "attributes": { "custom:a": "1" } }));
    expected["deliver"]["acceptStatus"] = json!([404]);
    expected["deliver"]["bodyText"] = json!("alice");
    folder.expect("one", &expected);
    ends(&mut folder.test(&[]), 0);
    ends(&mut run_one(&folder), 0).shows(&["\nset custom:a: 1\n"]);
}

#[test]
fn an_answer_that_is_too_large_ends_as_in_production() {
    let folder = Folder::new();
    folder.concludes("one", "");
    let answer = |bytes| json!({ "status": 201, "bodyText": "x".repeat(bytes) }).to_string();
    folder.write("cases/one.answer.json", answer(64 * 1024 + 1));
    fails(
        &folder,
        "Backend.AnswerTooLarge: the backend's answer is larger than 65536 bytes; shorten the body in \
         `cases/one.answer.json`\n",
    );
    folder.write("cases/one.answer.json", answer(64 * 1024));
    folder.expect("one", &then(json!({})));
    ends(&mut folder.test(&[]), 0);
    ends(&mut run_one(&folder), 0);
}

#[test]
fn headers_come_in_their_order_without_what_is_withheld() {
    let folder = Folder::new();
    folder.concludes("one", "set-headers custom:a");
    folder.write(
        "cases/one.answer.json",
        r#"{ "status": 201, "headers": { "X-B": "1", "Set-Cookie": "secret", "x-a": "2",
            "Transfer-Encoding": "chunked", "connection": "close", "x-b": "3" } }"#,
    );
    let effects = json!({ "attributes": { "custom:a": "x-b,x-b,x-a" } });
    folder.expect("one", &then(effects));
    ends(&mut folder.test(&[]), 0);

    // The most that a mapper gets, and one more, by number and by size.
    for (headers, bytes, kept) in [(64, 1, 64), (65, 1, 64), (2, 8189, 2), (2, 8190, 1)] {
        let value = "x".repeat(bytes);
        let names: Vec<_> = (100..100 + headers).map(|number| number.to_string()).collect();
        let all: Vec<_> = names.iter().map(|name| format!("\"{name}\":\"{value}\"")).collect();
        let answer = format!(r#"{{ "status": 201, "headers": {{ {} }} }}"#, all.join(","));
        folder.write("cases/one.answer.json", answer);
        let effects = json!({ "attributes": { "custom:a": names[..kept].join(",") } });
        folder.expect("one", &then(effects));
        ends(&mut folder.test(&[]), 0);
    }
}

#[test]
fn run_says_that_a_mapper_has_no_follow_up() {
    let folder = Folder::new();
    folder.copy_shared_cases();
    folder.write("answer.json", r#"{ "status": 201, "body": { "id": 42 } }"#);
    let run = |mapper: &str, more: &[&str]| {
        let run = ["run", "cases/native.event.json", "--answer", "answer.json", "--mapper"];
        folder.mapper(&[&run[..], &[&wasm(mapper)], more].concat())
    };
    let none = "\nthe mapper has no follow-up (`conclude`): the answer changes nothing\n";
    let nothing = "nothing is to be done with the Cognito user";
    let ran = ends(&mut run(OF_0_1, &[]), 0);
    assert!(ran.out.ends_with(none) && !ran.out.contains(nothing), "{}", ran.out);
    let shown = ends(&mut run(OF_0_1, &["--json"]), 0).json();
    assert_eq!(shown["followUp"], json!({ "exported": false }));

    let ran = ends(&mut run(DEFAULT, &[]), 0);
    assert!(ran.out.contains(nothing) && !ran.out.contains(none), "{}", ran.out);
    let shown = ends(&mut run(DEFAULT, &["--json"]), 0).json();
    assert_eq!(shown["followUp"], json!({ "exported": true }));
}

#[test]
fn run_shows_what_the_follow_up_wrote_in_json_too() {
    let folder = Folder::new();
    folder.concludes("one", "say;error not-yet");
    let shown = ends(run_one(&folder).arg("--json"), 1).json();
    assert_eq!(shown["failed"]["errorType"], "Mapper.Failed");
    let wrote = json!({
        "exported": true,
        "errorMessage": "the message of the error",
        "stderr": "{\"id\":42}\n",
    });
    assert_eq!(shown["followUp"], wrote);
    let ran = ends(&mut run_one(&folder), 1);
    ran.shows(&["the message of the error", "standard error of the mapper:\n{\"id\":42}\n"]);
}

#[test]
fn run_takes_the_time_that_stands_beside_the_event() {
    let folder = Folder::new();
    folder.concludes("one", "set-received custom:at");
    ends(&mut run_one(&folder), 0).shows(&["\nset custom:at: 2026-01-01T00:00:00.000Z\n"]);
    folder.write("cases/one.received-at.json", "\"2026-02-03T04:05:06.789Z\"");
    ends(&mut run_one(&folder), 0).shows(&["\nset custom:at: 2026-02-03T04:05:06.789Z\n"]);
    folder.write("cases/one.received-at.json", "\"yesterday\"");
    let says = "`cases/one.received-at.json` is not a time such as";
    cannot(&mut run_one(&folder), &[says]);
}

#[test]
fn the_effect_that_breaks_a_rule_is_named() {
    let folder = Folder::new();
    let identity = "an attribute says who a user is: it can't be listed in COGNITO_ATTRIBUTES";
    let fits = "set custom:fits=1";
    for (does, says) in [
        ("set email_verified=true", format!("{identity}; effect 2 sets the attribute \"email_verified\" to \"true\"")),
        ("set custom:a=1;set custom:a=2", "an attribute is set twice; effect 3 sets the attribute \"custom:a\" to \"2\"".to_owned()),
        ("set-control custom:a", "a value holds a control character; effect 2 sets the attribute \"custom:a\" to \"a\\u{7}b\"".to_owned()),
        ("set-long custom:a=2049", format!("a value is longer than 2048 characters; effect 2 sets the attribute \"custom:a\" to \"{}\"…", "x".repeat(200))),
        ("add-many 17", "there are more than 16 effects; effect 17 adds to the group \"members\"".to_owned()),
    ] {
        folder.concludes("one", &format!("{fits};{does}"));
        fails(&folder, &format!("Effect.NotAllowed: the mapper's effects were refused: {says}\n"));
    }

    let lists = [("COGNITO_ATTRIBUTES", "custom:fits"), ("COGNITO_GROUPS", "members")];
    for (does, says) in [
        (
            "set custom:plann=gold",
            "an attribute is not in COGNITO_ATTRIBUTES; effect 2 sets the attribute \"custom:plann\" to \"gold\"\n",
        ),
        (
            "add Members",
            "a group is not in COGNITO_GROUPS; effect 2 adds to the group \"Members\"\n",
        ),
        ("set sub=1", identity),
    ] {
        folder.concludes("one", &format!("{fits};{does}"));
        ends(folder.test(&[]).envs(lists), 1).shows(&["FAILED    one", says]);
        ends(run_one(&folder).envs(lists), 1).shows(&["failed   Effect.NotAllowed: ", says]);
    }
    folder.concludes("one", &format!("{fits};add members"));
    ends(run_one(&folder).envs(lists), 0);
}

#[test]
fn run_says_that_the_operator_has_to_list_what_may_be_written() {
    let folder = Folder::new();
    folder.concludes("one", "set custom:fits=1");
    let says = "warning: the function calls `conclude` only if the operator has listed what it may write, and neither \
                COGNITO_ATTRIBUTES nor COGNITO_GROUPS is set here\n";
    assert_eq!(ends(&mut run_one(&folder), 0).err, says);
    assert_eq!(ends(run_one(&folder).arg("--json"), 0).err, says);
    let ran = ends(run_one(&folder).env("COGNITO_ATTRIBUTES", "custom:fits"), 0);
    assert_eq!(ran.err, "");
}
