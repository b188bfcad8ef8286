//! `mapper reach`: whether the function's client would reach the backend, and what stands in the
//! way.

use std::fs;
use std::process::Output;

use serde_json::{Value, json};
use tokio::process::Command;

use test_support::faults::{Fault, FaultyBackend};
use test_support::program;
use test_support::tls::{Flaw, TlsBackend};

async fn reach(url: &str, variables: &[(&str, &str)], arguments: &[&str]) -> Output {
    let mut command = Command::new(program("mapper"));
    command
        .arg("reach")
        .args(arguments)
        .env_clear()
        .env("BACKEND_API_URL", url)
        .envs(variables.iter().copied());
    command.output().await.unwrap()
}

fn json_of(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test]
async fn a_backend_that_is_there_is_reached_and_gets_nothing() {
    let backend = FaultyBackend::start([], Fault::Takes).await;
    let output = reach(&backend.url, &[], &["--json"]).await;
    assert_eq!((output.status.code(), json_of(&output)), (Some(0), json!({ "reached": true })));
    assert_eq!(backend.requests().len(), 0);
}

#[tokio::test]
async fn what_stands_in_the_way_is_named() {
    let backend = FaultyBackend::start([], Fault::Takes).await;
    backend.down().await;
    let output = reach(&backend.url, &[], &["--json"]).await;
    assert_eq!(
        (output.status.code(), json_of(&output)),
        (Some(1), json!({ "reached": false, "cause": "refused" }))
    );
    let output = reach(&backend.url, &[], &[]).await;
    let said = String::from_utf8(output.stdout).unwrap();
    for part in [
        "could not be reached: refused",
        "what happened: nothing listens",
        "what to change: the port",
    ] {
        assert!(said.contains(part), "{part} is not in {said}");
    }

    let folder = tempfile::tempdir().unwrap();
    let roots = folder.path().join("roots.pem");
    for (flaw, cause) in [(Flaw::Nothing, None), (Flaw::Expired, Some("certificate-expired"))] {
        let backend = TlsBackend::with(flaw).await;
        fs::write(&roots, &backend.authority).unwrap();
        let output =
            reach(&backend.url, &[("BACKEND_CA_FILE", roots.to_str().unwrap())], &["--json"]).await;
        assert_eq!(json_of(&output)["cause"].as_str(), cause);
    }
    let backend = TlsBackend::start().await;
    let output = reach(&backend.url, &[], &["--json"]).await;
    assert_eq!(json_of(&output)["cause"], "certificate-unknown-issuer");
}

#[tokio::test]
async fn settings_that_are_wrong_are_a_status_of_their_own() {
    let output = reach("ftp://a.example/", &[], &["--json"]).await;
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("BACKEND_API_URL"));
}
