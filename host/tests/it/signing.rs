//! Signatures, as the independent Python package of the Standard Webhooks specification sees them,
//! called by the very code that the reference shows.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use test_support::components::{DEFAULT, image};
use test_support::faults::{Fault, FaultyBackend, Request};
use test_support::function::Function;
use test_support::python::python;
use test_support::{root, sign_up};

const OLD: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const NEW: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oDC2FVsBQIhrs=";
const OTHER: &str = "whsec_bm90IHRoZSBzZWNyZXQgdGhhdCB3YXMgc2V0IQ==";

/// What runs the reference's function on what stands on standard input.
const CALL: &str = r#"
import json, sys
case = json.load(sys.stdin)
print(verified(case["secret"], case["headers"], case["body"].encode()))
"#;

/// Whether the reference's code takes `request` with `body` for a message of the holder of
/// `secret`.
fn verified(secret: &str, request: &Request, body: &str) -> bool {
    let reference = std::fs::read_to_string(root().join("docs/reference.md")).unwrap();
    let code = reference
        .split("```python\n")
        .nth(1)
        .expect("the reference has no code in Python")
        .split("```")
        .next()
        .unwrap();
    let case = json!({ "secret": secret, "headers": request.headers, "body": body });
    let mut run = Command::new(python())
        .args(["-c", &format!("{code}{CALL}")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    run.stdin.take().unwrap().write_all(case.to_string().as_bytes()).unwrap();
    let output = run.wait_with_output().unwrap();
    match str::from_utf8(&output.stdout).unwrap().trim() {
        "True" => true,
        "False" => false,
        other => panic!("the reference's code printed {other}"),
    }
}

#[tokio::test]
async fn every_attempt_is_signed_by_every_secret_at_its_own_time() {
    let backend = FaultyBackend::start([Fault::retry_after(503, 1)], Fault::Takes).await;
    let secrets = format!("{OLD} {NEW}");
    let settings =
        [("BACKEND_API_URL", backend.url.as_str()), ("BACKEND_SIGNING_SECRET", &secrets)];
    let mut function = Function::start(&image(DEFAULT), &settings).await;
    let line = function.invoke(sign_up().to_string()).await.line;

    let requests = backend.requests();
    assert_eq!(requests.len(), 2);
    for request in &requests {
        assert_eq!(request.header("webhook-id"), line["eventId"].as_str().unwrap());
        assert_eq!(request.header("webhook-signature").split(' ').count(), 2);
        let body = str::from_utf8(&request.body).unwrap();
        assert!(verified(OLD, request, body) && verified(NEW, request, body));
        assert!(!verified(OTHER, request, body));
        let mut changed: Value = serde_json::from_str(body).unwrap();
        changed["username"] = "mallory".into();
        assert!(!verified(OLD, request, &changed.to_string()));
    }
    let times: Vec<u64> = requests
        .iter()
        .map(|request| request.header("webhook-timestamp").parse().unwrap())
        .collect();
    assert!(times[1] > times[0], "{times:?}");
}

#[tokio::test]
async fn without_a_secret_nothing_is_signed() {
    let backend = FaultyBackend::start([], Fault::Takes).await;
    let mut function = Function::start(&image(DEFAULT), &[("BACKEND_API_URL", &backend.url)]).await;
    assert_eq!(function.invoke(sign_up().to_string()).await.end(), "delivered");
    let request = &backend.requests()[0];
    assert_eq!(request.header("webhook-id"), request.header("idempotency-key"));
    assert!(
        !request.headers.contains_key("webhook-signature")
            && !request.headers.contains_key("webhook-timestamp")
    );
}
