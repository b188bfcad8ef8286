//! `mapper dev --backend`: Lambda's Invoke API, and the mapper that is swapped behind it.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

use super::{Dev, SOURCE, javascript};
use crate::{Folder, has};
use test_support::backend::{Answer, Backend};
use test_support::sign_up;

const INVOKE: &str = "POST /2015-03-31/functions/users/invocations";
/// What the stand-in says when it listens.
const LISTENS: &str = " stands in for the function; its backend is ";

/// `mapper dev --backend` with its address.
struct StandIn {
    dev: Dev,
    address: String,
}

/// What it answered.
struct Answered {
    status: u16,
    head: String,
    body: String,
}

impl StandIn {
    fn start(folder: &Folder, backend: &str, variables: &[(&str, &str)]) -> StandIn {
        let mut dev = Dev::start(folder, &["--backend", backend, "--port", "0"], variables);
        let said = dev.says(LISTENS);
        let line = said.lines().last().unwrap();
        let address =
            line.split_once(LISTENS).unwrap().0.strip_prefix("http://").unwrap().to_owned();
        StandIn { dev, address }
    }

    /// Sends a request by the method and path `what`, with these further lines of its head.
    fn asks(&self, what: &str, lines: &[&str], body: &[u8]) -> Answered {
        let host = format!("Host: {}", self.address);
        self.asks_as(&host, what, lines, body)
    }

    fn asks_as(&self, host: &str, what: &str, lines: &[&str], body: &[u8]) -> Answered {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let mut head = format!("{what} HTTP/1.1\r\n{host}\r\nConnection: close\r\n");
        head.extend(lines.iter().map(|line| format!("{line}\r\n")));
        head.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
        stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
        let mut text = Vec::new();
        let _ = stream.read_to_end(&mut text);
        let text = String::from_utf8(text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answered { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
    }

    fn invokes(&self, event: &Value) -> Answered {
        self.asks(INVOKE, &[], event.to_string().as_bytes())
    }
}

impl Answered {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// A sign-up of a user with an e-mail address.
fn event() -> Value {
    let mut event = sign_up();
    event["request"]["userAttributes"]["email"] = "alice@example.com".into();
    event
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_reaches_the_backend_by_the_mapper_of_now() {
    let backend = Backend::start().await;
    let folder = javascript();
    let mut stand_in = StandIn::start(&folder, &backend.url, &[]);
    stand_in.dev.says("6 passed, 0 failed");
    let answered = stand_in.invokes(&event());
    assert_eq!((answered.status, answered.json()), (200, event()));
    has(&answered.head, &["x-amz-executed-version: $latest"]);
    assert!(!answered.head.contains("x-amz-function-error"), "{}", answered.head);
    assert_eq!(backend.request().path, "/api/users/");
    let said = stand_in.dev.says("{\"id\":");
    has(
        &said,
        &["delivered  201 Created after ", "event    evt_", "answer   201", "POST http://127"],
    );

    folder.edits(SOURCE, "'users/'", "'members/'");
    has(&stand_in.dev.says("+ POST"), &[": before, and now", "/api/users/", "/api/members/"]);
    assert_eq!(backend.requests().len(), 1);
    stand_in.invokes(&event());
    assert_eq!(backend.requests()[1].path, "/api/members/");
    // A source that can't be built changes nothing.
    folder.edits(SOURCE, "if (!email)", "if (!email");
    stand_in.dev.says("not built");
    stand_in.invokes(&event());
    assert_eq!(backend.requests()[2].path, "/api/members/");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_answers_as_lambda_does() {
    let backend = Backend::start().await;
    let folder = javascript();
    let mut stand_in = StandIn::start(&folder, &backend.url, &[]);
    stand_in.dev.says("6 passed, 0 failed");
    let event = event().to_string();
    let kind = |kind: &str| {
        let kind = format!("X-Amz-Invocation-Type: {kind}");
        stand_in.asks(INVOKE, &[&kind], event.as_bytes())
    };
    let dry = kind("DryRun");
    assert_eq!((dry.status, dry.body.as_str()), (204, ""));
    assert_eq!(backend.requests().len(), 0);
    assert_eq!(kind("RequestResponse").status, 200);
    let refused = kind("Later");
    assert_eq!(refused.status, 400);
    has(&refused.head, &["x-amzn-errortype: invalidparametervalueexception"]);

    let by_arn = "POST /2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-central-1%3A123456789012%3Afunction%3Ausers/invocations?Qualifier=live";
    assert_eq!(stand_in.asks(by_arn, &[], event.as_bytes()).status, 200);
    assert_eq!(backend.requests().len(), 2);
    let no_json = stand_in.asks(INVOKE, &[], b"{");
    assert_eq!(no_json.status, 400);
    has(&no_json.head, &["x-amzn-errortype: invalidrequestcontentexception"]);
    for what in [
        "GET /2015-03-31/functions/users/invocations",
        "POST /",
        "POST /2015-03-31/functions//invocations",
    ] {
        assert_eq!(stand_in.asks(what, &[], event.as_bytes()).status, 404, "{what}");
    }
    let most = 6 * 1024 * 1024;
    let text = |bytes: usize| format!("\"{}\"", "x".repeat(bytes - 2));
    assert_eq!(stand_in.asks(INVOKE, &[], text(most).as_bytes()).status, 200);
    let too_large = stand_in.asks(INVOKE, &[], text(most + 1).as_bytes());
    assert_eq!(too_large.status, 413);
    has(&too_large.head, &["x-amzn-errortype: requesttoolargeexception"]);
    assert_eq!(backend.requests().len(), 2);

    let accepted = kind("Event");
    assert_eq!((accepted.status, accepted.body.as_str()), (202, ""));
    let mut dev = stand_in.dev;
    // The third that is delivered.
    (0..3).for_each(|_| drop(dev.says("delivered")));
    assert_eq!(backend.requests().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_fails_says_so_in_a_header() {
    let backend = Backend::answering(Answer::Status(400)).await;
    let folder = javascript();
    folder.edits(SOURCE, "if (!email)", "if (!email");
    let mut stand_in = StandIn::start(&folder, &backend.url, &[("ON_UNDELIVERED", "reject")]);
    stand_in.dev.says("not built: there is no mapper yet");
    let fails = |stand_in: &StandIn, event: &Value, error_type: &str| {
        let failed = stand_in.invokes(event);
        assert_eq!(failed.status, 200, "{}", failed.body);
        has(&failed.head, &["x-amz-function-error: unhandled"]);
        let json = failed.json();
        assert_eq!(json["errorType"], error_type);
        assert!(json["errorMessage"].is_string());
    };
    fails(&stand_in, &event(), "Mapper.Refused");
    folder.edits(SOURCE, "if (!email", "if (!email)");
    stand_in.dev.says("6 passed, 0 failed");
    fails(&stand_in, &event(), "Backend.Refused");
    has(&stand_in.dev.says("failed   Backend.Refused"), &["undelivered", "400 Bad Request after "]);
    fails(&stand_in, &sign_up(), "Mapper.Failed");
    has(&stand_in.dev.says("no e-mail address"), &["undelivered", "failed   Mapper.Failed"]);
    // So does a dry run, as `mapper swap` asks for one.
    assert_eq!(
        stand_in.invokes(&json!({ "dryRun": event() })).json()["dryRun"]["end"],
        "delivered"
    );
    fails(&stand_in, &json!({ "dryRun": sign_up() }), "Mapper.Failed");
    assert_eq!(backend.requests().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_in_a_browser_cannot_call_it() {
    let backend = Backend::start().await;
    let folder = javascript();
    let mut stand_in = StandIn::start(&folder, &backend.url, &[]);
    stand_in.dev.says("6 passed, 0 failed");
    let event = event().to_string();
    for origin in ["https://example.com", "null", "http://127.0.0.1:3001", ""] {
        let line = format!("Origin: {origin}");
        let refused = stand_in.asks(INVOKE, &[&line], event.as_bytes());
        assert_eq!(refused.status, 403, "{origin}");
        assert!(!refused.head.contains("access-control"), "{}", refused.head);
    }
    let port = stand_in.address.split_once(':').unwrap().1;
    for host in [
        "example.com",
        &format!("example.com:{port}"),
        "127.0.0.1",
        &format!("127.0.0.1.example.com:{port}"),
    ] {
        let host = format!("Host: {host}");
        assert_eq!(stand_in.asks_as(&host, INVOKE, &[], event.as_bytes()).status, 403, "{host}");
    }
    let twice = format!("Host: {}\r\nHost: example.com", stand_in.address);
    assert_eq!(stand_in.asks_as(&twice, INVOKE, &[], event.as_bytes()).status, 403);
    assert_eq!(backend.requests().len(), 0);
    let local = format!("Host: LOCALHOST:{port}");
    assert_eq!(stand_in.asks_as(&local, INVOKE, &[], event.as_bytes()).status, 200);
    assert_eq!(backend.requests().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn effects_are_shown_and_not_carried_out() {
    let backend = Backend::answering(Answer::Json(201, r#"{"id":42}"#.to_owned())).await;
    let folder = Folder::new();
    test_support::languages::javascript_engine();
    crate::ends(&mut folder.mapper(&["new", "m", "--lang", "js", "--with-follow-up"]), 0);
    // There is no AWS that could be asked.
    let variables = [
        ("COGNITO_ATTRIBUTES", "custom:backend_id"),
        ("COGNITO_GROUPS", "members"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
    ];
    let mut stand_in = StandIn::start(&folder, &backend.url, &variables);
    stand_in.dev.says(" passed, 0 failed");
    assert_eq!(stand_in.invokes(&event()).status, 200);
    has(&stand_in.dev.says("set custom:backend_id: 42"), &["delivered  201"]);
}
