//! What is said about a difference, and what is not. `tests/it/shadow.rs` shows the log.

use std::sync::Arc;
use std::time::Duration;

use serde_json::value::RawValue;

use super::*;
use crate::backend::{Backend, Settings, Trace};
use crate::credentials::{CredentialStore, Sources};
use crate::error::Error;
use crate::mapper::{self, Code};
use crate::request::{Method, Request};

fn backend() -> Backend {
    Backend::new(Settings {
        api_url: Url::parse("https://api.example.com/").unwrap(),
        credentials: CredentialStore::new(
            Sources { authorization: None, signing: None },
            Arc::default(),
        ),
        roots: Vec::new(),
        attempt_timeout: Duration::from_secs(1),
        max_attempts: 1,
    })
    .unwrap()
}

fn event() -> Event {
    let json = r#"{"userName":"alice","request":{"userAttributes":{"sub":"1111-2222","email":"alice@example.com",
        "name":"Alice Liddell"},"clientMetadata":{"campaign":"wonderland"}}}"#;
    Event::read(&RawValue::from_string(json.to_owned()).unwrap(), "request-1")
}

fn request(
    path: &str,
    header: (&str, &str),
    body: &str,
    accept_status: &[u16],
) -> Result<Action, Error> {
    let request = Request {
        method: Method::Post,
        path: path.to_owned(),
        headers: vec![(header.0.to_owned(), header.1.to_owned())],
        body: body.as_bytes().to_vec(),
        accept_status: accept_status.to_vec(),
    };
    Ok(Action::Deliver(Box::new(
        backend().prepare(request, &event().id, &Trace::default()).unwrap(),
    )))
}

fn with_body(body: &str) -> Result<Action, Error> {
    request("users/", ("content-type", "application/json"), body, &[])
}

fn differences(made: &str, shadow: &str) -> Vec<String> {
    actions(&event(), &with_body(made), &with_body(shadow))
}

#[test]
fn the_same_request_in_another_notation_is_the_same() {
    assert!(
        differences(r#"{"a": 1, "b": [1, {"c": null}]}"#, r#"{"b":[1,{"c":null}],"a":1}"#)
            .is_empty()
    );
    assert!(differences("no JSON", "no JSON").is_empty());
}

#[test]
fn every_part_of_a_request_is_compared() {
    let made = request("users/7/x?a=1&b=2&b=3", ("x-one", "1"), "text", &[409]);
    let shadow = request("accounts/7?a=2&b=2&c=4", ("x-two", "1"), "other", &[]);
    let expected = [
        "path: another number of segments",
        "path segment 1: changed",
        "query a: changed",
        "query b: changed",
        "query c: added",
        "header x-one: removed",
        "header x-two: added",
        "accept-status: changed",
        "body: changed",
    ];
    assert_eq!(actions(&event(), &made, &shadow), expected);
}

#[test]
fn json_bodies_are_compared_by_pointer() {
    assert_eq!(
        differences(
            r#"{"a":1,"b":[{"c":1},2],"d":[1],"e":{}}"#,
            r#"{"a":2,"b":[{"c":"1"},2],"d":[],"f":{}}"#
        ),
        [
            "body /a: changed",
            "body /b/0/c: changed",
            "body /d: changed",
            "body /e: removed",
            "body /f: added"
        ]
    );
    assert_eq!(differences("1", "[1]"), ["body: changed"]);
}

#[test]
fn outcomes_are_named_by_their_codes() {
    let deliver = with_body("{}");
    let skip = Ok(Action::Skip(Code::parse("password-reset".to_owned()).unwrap()));
    let trap = Err(mapper::Error::Trapped("why".to_owned()).into());
    assert_eq!(actions(&event(), &deliver, &skip), ["outcome: deliver became skip password-reset"]);
    assert_eq!(actions(&event(), &trap, &deliver), ["outcome: Mapper.Trapped became deliver"]);
    assert!(actions(&event(), &trap, &trap).is_empty());
}

#[test]
fn a_name_that_may_be_a_users_is_hidden() {
    for name in [
        "alice",
        "ALICE",
        "alice@example.com",
        "user_alice",
        "1111-2222",
        "Liddell",
        "x-wonderland",
        "4711",
        "é",
        "ali",
        "AliceLi",
        "11112222",
    ] {
        assert_eq!(differences("{}", &format!(r#"{{"{name}": 1}}"#)), ["body /*: added"], "{name}");
    }
    let long = "n".repeat(65);
    assert_eq!(
        differences("{}", &format!(r#"{{"{long}": 1, "custom:plan": 1, "given_name": 2}}"#)),
        ["body /custom:plan: added", "body /given_name: added", "body /*: added"]
    );
    let hidden = request("users/?alice=1", ("x-alice", "1"), "", &[]);
    let plain = request("users/", ("x", "1"), "", &[]);
    assert_eq!(
        actions(&event(), &plain, &hidden),
        ["query *: added", "header x: removed", "header *: added"]
    );
}

#[test]
fn only_the_first_differences_are_named() {
    let many = (0..50).map(|i| format!(r#""a{i}":1"#)).collect::<Vec<_>>().join(",");
    let found = differences("{}", &format!("{{{many}}}"));
    assert_eq!((found.len(), found.last().map(String::as_str)), (MAX_NAMED + 1, Some("more")));
}
