//! What the workbench reads: what is an event and what only holds some, and how files are written.

use std::fs;

use serde_json::{Value, json};

use super::{Folder, cannot, ends, has, wasm};
use test_support::components::{DEFAULT, MISBEHAVING};
use test_support::{behaving, sign_up};

/// `event` as a message of SQS, as `aws sqs receive-message` prints it.
fn message(event: &Value) -> Value {
    json!({ "MessageId": "m", "ReceiptHandle": "r", "MD5OfBody": "d", "Body": event.to_string() })
}

/// `event` as a record of a batch.
fn record(event: &Value) -> Value {
    json!({ "messageId": "m", "body": event.to_string(), "eventSource": "aws:sqs", "attributes": {} })
}

/// Texts that hold events, with how many.
fn holding() -> Vec<(String, usize)> {
    let (one, other) = (sign_up(), behaving("skip not-today"));
    let forms = [
        (json!({ "Messages": [message(&one)] }), 1),
        (json!({ "Messages": [message(&one), message(&other)] }), 2),
        (json!({ "Records": [record(&one), record(&other)] }), 2),
        (message(&one), 1),
        (record(&one), 1),
        (json!({ "dryRun": one }), 1),
        // What `--query` makes of messages, and a message inside another one.
        (json!([one.to_string(), other.to_string()]), 2),
        (json!(one.to_string()), 1),
        (json!([one, other]), 2),
        (message(&message(&one)), 1),
    ];
    forms.into_iter().map(|(form, number)| (form.to_string(), number)).collect()
}

/// The commands that read the event `cases/one.event.json`.
fn commands(folder: &Folder) -> [std::process::Command; 4] {
    let mapper = wasm(MISBEHAVING);
    [
        folder.mapper(&["run", "cases/one.event.json", "--mapper", &mapper]),
        folder.mapper(&["test", "--mapper", &mapper, "--bless"]),
        folder.mapper(&["test", "one", "--mapper", &mapper]),
        folder.mapper(&["diff", &mapper, &mapper]),
    ]
}

#[test]
fn a_file_that_is_no_event_is_refused_by_every_command() {
    let folder = Folder::new();
    let without = |name: &str| {
        let mut event = sign_up();
        event.as_object_mut().unwrap().remove(name);
        event.to_string()
    };
    let line = json!({ "timestamp": "t", "level": "WARN", "end": "queued", "eventId": "evt_1", "triggerSource": "x" });
    let log = "a line of the log never holds one";
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for (text, says) in [
        ("", "it is empty"),
        ("{}", "it has no `triggerSource` and no `request`"),
        ("null", "it is not an object"),
        (
            "[]",
            "it holds no message: those that were received before come back after the visibility timeout",
        ),
        ("\"text\"", "it is a text that is not JSON"),
        (r#"{ "Messages": [] }"#, "it holds no message"),
        (r#"{ "Records": [] }"#, "it holds no message"),
        (r#"{ "Messages": [{ "Body": "{}" }] }"#, "it has no `triggerSource` and no `request`"),
        (r#"{ "triggerSource": 1, "request": {} }"#, "its `triggerSource` is not a text"),
        (r#"{ "triggerSource": "x", "request": [] }"#, "its `request` is not an object"),
        (&without("triggerSource"), "it has no `triggerSource`\n"),
        (&without("request"), "it has no `request`\n"),
        (&line.to_string(), log),
        (&format!("{line}\n{line}\n"), log),
        (
            &json!({ "events": [{ "logStreamName": "s", "message": line.to_string() }] })
                .to_string(),
            log,
        ),
        (
            &json!({ "events": [{ "logStreamName": "s", "message": "START RequestId: r\n" }] })
                .to_string(),
            log,
        ),
        (&deep, "it is not an object"),
    ] {
        folder.write("cases/one.event.json", text);
        for mut command in commands(&folder) {
            cannot(&mut command, &["`cases/one.event.json` is not an event of Cognito: ", says]);
        }
        cannot(
            &mut folder.mapper(&["events", "--from", "cases/one.event.json", "--into", "new"]),
            &["`cases/one.event.json` holds no event of Cognito: ", says],
        );
    }
    for date in ["2026-11-28T10:00:00", "2026-11-28T10:00:00.123000+00:00"] {
        folder.write("cases/one.event.json", format!("{date} 2026/11/28/[$LATEST]abc {line}\n"));
        for mut command in commands(&folder) {
            cannot(&mut command, &["`cases/one.event.json` holds no event of Cognito: ", log]);
        }
    }
    let several = format!("{}\n{}\n", sign_up(), behaving("skip not-today"));
    for (text, number) in holding().into_iter().chain([(several, 2)]) {
        folder.write("cases/one.event.json", text);
        let says = format!(
            "is not an event of Cognito, but holds {number}: `mapper events --from cases/one.event.json --into"
        );
        for mut command in commands(&folder) {
            cannot(&mut command, &[&says]);
        }
    }
    assert_eq!(folder.names("."), ["cases"]);
    assert_eq!(folder.names("cases"), ["one.event.json"]);
}

#[test]
fn an_event_of_any_source_is_an_event() {
    let folder = Folder::new();
    for source in ["PostConfirmation_ConfirmForgotPassword", "PostConfirmation_Another", ""] {
        let mut event = sign_up();
        event["triggerSource"] = source.into();
        folder.event("one", &event);
        ends(&mut folder.mapper(&["run", "cases/one.event.json", "--mapper", &wasm(DEFAULT)]), 0)
            .shows(&["skipped  "]);
    }
}

#[test]
fn each_event_in_what_other_tools_print_becomes_a_case() {
    for (text, number) in holding() {
        let folder = Folder::new();
        folder.write("held.json", &text);
        let take = ["events", "--from", "held.json", "--into", "new/cases"];
        let files = ends(&mut folder.mapper(&take), 0).out;
        // Taking them again makes no other cases.
        assert_eq!(ends(&mut folder.mapper(&take), 0).out, files);
        let files: Vec<&str> = files.lines().collect();
        assert_eq!((files.len(), folder.names("new/cases").len()), (number, number), "{text}");
        let written: Vec<String> = files.iter().map(|file| folder.read(file)).collect();
        for event in [sign_up(), behaving("skip not-today")].iter().take(number) {
            // To the byte, as the mapper would get it.
            assert!(written.contains(&format!("{event}\n")), "{text}: {written:?}");
        }
        let bless = ["test", "new/cases", "--bless", "--mapper", &wasm(MISBEHAVING)];
        ends(&mut folder.mapper(&bless), 0).shows(&[&format!("0 passed, {number} accepted")]);
    }
}

#[test]
fn values_one_after_the_other_are_all_taken_apart() {
    let folder = Folder::new();
    let (one, other) = (sign_up(), behaving("skip not-today"));
    folder.write(
        "held.json",
        format!("{one}\t{other}\n{}\n", json!({ "Messages": [message(&one)] })),
    );
    let take = ["events", "--from", "held.json", "--into", "cases", "--json"];
    let taken = ends(&mut folder.mapper(&take), 0).json();
    assert_eq!(
        (taken["files"].as_array().unwrap().len(), &taken["others"]),
        (2, &json!(0)),
        "{taken}"
    );
    for name in folder.names("cases") {
        assert!(name.starts_with("sign-up-") && name.ends_with(".event.json"), "{name}");
    }
}

#[test]
fn parts_without_an_event_are_counted_and_others_are_taken() {
    let folder = Folder::new();
    let broken = json!({ "Body": "no JSON" });
    folder.write(
        "held.json",
        json!({ "Messages": [broken, message(&sign_up()), { "other": 1 }] }).to_string(),
    );
    let ran = ends(&mut folder.mapper(&["events", "--from", "held.json", "--into", "cases"]), 1);
    has(&ran.err, &["2 more in `held.json`: no event of Cognito"]);
    assert_eq!(folder.names("cases").len(), 1);
}

#[test]
fn what_can_not_be_taken_apart_is_named() {
    let folder = Folder::new();
    folder.write("broken.json", "{");
    folder.write("empty.json", "");
    folder.write("held.json", sign_up().to_string());
    let take = |from: &str, into: &str| folder.mapper(&["events", "--from", from, "--into", into]);
    cannot(&mut take("broken.json", "cases"), &["`broken.json` is not JSON"]);
    cannot(
        &mut take("empty.json", "cases"),
        &["`empty.json` holds no event of Cognito: it is empty"],
    );
    cannot(&mut take("missing.json", "cases"), &["`missing.json` can't be read"]);
    cannot(
        &mut take("held.json", "held.json/cases"),
        &["held.json/cases/sign-up-", "can't be written"],
    );
    cannot(&mut folder.mapper(&["events", "--from", "held.json"]), &["--into <DIR>"]);
    cannot(&mut folder.mapper(&["events", "--into", "cases"]), &["--from <FILE>"]);
    cannot(
        &mut folder.mapper(&["events", "native", "--from", "held.json", "--into", "x"]),
        &["cannot be used with"],
    );
}

#[test]
fn a_byte_order_mark_is_no_part_of_any_file_of_a_case() {
    let folder = Folder::new();
    folder.write("cases/one.event.json", format!("\u{feff}{}", behaving("variable NAME")));
    folder.write("cases/one.variables.json", "\u{feff}{ \"NAME\": \"value\" }");
    let expected =
        json!({ "deliver": { "method": "POST", "path": "users/", "bodyText": "value" } });
    folder.write("cases/one.expected.json", format!("\u{feff}{expected}"));
    ends(&mut folder.test(&[]), 0).shows(&["1 passed, 0 failed"]);
    let run = &mut folder.mapper(&["run", "cases/one.event.json", "--mapper", &wasm(MISBEHAVING)]);
    ends(run, 0).shows(&["POST https://backend.example/users/"]);
    folder.write("held.json", format!("\u{feff}{}", message(&sign_up())));
    ends(&mut folder.mapper(&["events", "--from", "held.json", "--into", "cases"]), 0);
}

#[test]
fn a_file_in_another_encoding_is_told_which_it_has_to_be_in() {
    let folder = Folder::new();
    let event = sign_up().to_string();
    let wide = |mark: &str, bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        format!("{mark}{event}").encode_utf16().flat_map(bytes).collect()
    };
    for (bytes, says) in [
        (wide("\u{feff}", u16::to_le_bytes), "is in UTF-16: save it in UTF-8"),
        (wide("\u{feff}", u16::to_be_bytes), "is in UTF-16"),
        (wide("", u16::to_le_bytes), "is in UTF-16"),
        (wide("", u16::to_be_bytes), "is in UTF-16"),
        (
            event.replace("alice", "Zo\u{eb}").chars().map(|it| it as u8).collect(),
            "is not in UTF-8",
        ),
    ] {
        fs::create_dir_all(folder.path("cases")).unwrap();
        folder.write("cases/one.event.json", bytes);
        for mut command in commands(&folder) {
            cannot(&mut command, &["`cases/one.event.json` ", says]);
        }
    }
}
