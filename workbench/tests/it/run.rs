//! `mapper run`.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use tempfile::TempDir;

use super::{Folder, cannot, ends, wasm};
use test_support::backend::{Answer, Backend};
use test_support::components::{DEFAULT, MISBEHAVING, OTHER, component, image};
use test_support::function::Function;
use test_support::{AMPLE, behaving, program, sign_up};

/// An event in a file.
fn file(event: &Value) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("event.json");
    fs::write(&file, event.to_string()).unwrap();
    (folder, file)
}

/// Runs `mapper run` on `event` with these arguments and settings.
fn run(event: &Value, args: &[&str], settings: &[(&str, &str)]) -> Output {
    let (_folder, file) = file(event);
    let mut command = Command::new(program("mapper"));
    command.env_remove("MAPPER_IMAGE").env_remove("BACKEND_API_URL");
    command
        .arg("run")
        .arg(file)
        .args(args)
        .envs(AMPLE)
        .envs(settings.iter().copied())
        .output()
        .unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

#[tokio::test(flavor = "multi_thread")]
async fn run_shows_the_bytes_that_bootstrap_sends() {
    let backend = Backend::start().await;
    let settings =
        [("BACKEND_API_URL", backend.url.as_str()), ("BACKEND_AUTHORIZATION", "Bearer t-0-k-e-n")];
    for (package, event) in [
        (DEFAULT, sign_up()),
        (MISBEHAVING, behaving("path users/a%2Fb?x=1&y='~")),
        (MISBEHAVING, behaving("header X-Number=  17 \t")),
        (MISBEHAVING, behaving("body 100000")),
    ] {
        let image = image(package);
        Function::start(&image, &settings).await.invoke(event.to_string()).await;
        let received = backend.requests().pop().unwrap();

        let output = run(&event, &["--json", "--mapper", image.to_str().unwrap()], &settings);
        assert!(!String::from_utf8_lossy(&output.stdout).contains("t-0-k-e-n"));
        let shown = json(&output);
        assert_eq!(shown["addedHeaders"], serde_json::json!(["authorization"]));
        let shown = &shown["request"];
        let base = backend.url.trim_end_matches("/api/");
        assert_eq!(shown["url"].as_str().unwrap(), format!("{base}{}", received.path));
        assert_eq!(shown["method"], received.method.as_str());
        let mut body = shown["body"].as_str().unwrap_or_default().as_bytes().to_vec();
        body.extend(
            BASE64_STANDARD.decode(shown["bodyBase64"].as_str().unwrap_or_default()).unwrap(),
        );
        assert_eq!(body, received.body);

        let header = |header: &Value| {
            let (name, value) =
                (header["name"].as_str().unwrap(), header["value"].as_str().unwrap());
            (name.to_owned(), value.trim().to_owned())
        };
        let shown: Vec<_> = shown["headers"].as_array().unwrap().iter().map(header).collect();
        let received = received
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
        // The connection's, the invocation's and the one that is added.
        let others = ["host", "content-length", "x-amzn-trace-id", "traceparent", "authorization"];
        let received: Vec<_> =
            received.filter(|(name, _)| !others.contains(&name.as_str())).collect();
        assert_eq!(shown, received);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn run_sends_nothing_unless_told() {
    let backend = Backend::start().await;
    let image = image(DEFAULT);
    let args = ["--mapper", image.to_str().unwrap()];
    let settings = [("BACKEND_API_URL", backend.url.as_str())];
    assert!(run(&sign_up(), &args, &settings).status.success());
    assert_eq!(backend.requests().len(), 0);

    let sent = run(&sign_up(), &["--send", args[0], args[1]], &settings);
    assert!(String::from_utf8_lossy(&sent.stdout).contains("answer   201"), "{sent:?}");
    assert_eq!(backend.request().method, "POST");
}

#[tokio::test(flavor = "multi_thread")]
async fn run_ends_with_status_1_where_the_user_is_not_at_the_backend() {
    let backend = Backend::answering(Answer::Status(500)).await;
    let image = image(DEFAULT);
    let args = ["--send", "--json", "--mapper", image.to_str().unwrap()];
    let output = run(&sign_up(), &args, &[("BACKEND_API_URL", &backend.url)]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(json(&output)["failed"]["errorType"], "Backend.Unavailable");
}

#[test]
fn run_takes_a_component_and_needs_no_backend_to_show_a_request() {
    let component = component(DEFAULT);
    let output = run(&sign_up(), &["--mapper", component.to_str().unwrap()], &[]);
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("\nPOST https://backend.example/users/\n"), "{text}");
    assert!(text.contains("\ncontent-type: application/json\n"), "{text}");
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}

#[test]
fn run_shows_skips_and_failures_with_what_the_mapper_said() {
    let image = image(MISBEHAVING);
    let args = ["--mapper", image.to_str().unwrap()];
    let skipped = run(&behaving("skip not-today"), &args, &[]);
    assert!(skipped.status.success());
    assert!(String::from_utf8_lossy(&skipped.stdout).contains("skipped  not-today"));

    let failed = run(&behaving("panic"), &args, &[]);
    assert_eq!(failed.status.code(), Some(1));
    let text = String::from_utf8(failed.stdout).unwrap();
    for part in ["failed   Mapper.Trapped", "the text of the panic", "transform"] {
        assert!(text.contains(part), "`{part}` is not in: {text}");
    }
}

#[test]
fn run_names_what_is_wrong_with_its_input() {
    let image = image(DEFAULT);
    let mapper = ["--mapper", image.to_str().unwrap()];
    let folder = tempfile::tempdir().unwrap();
    let broken = folder.path().join("broken.json");
    fs::write(&broken, "{").unwrap();
    for (file, saying) in
        [(broken, "is not JSON"), (folder.path().join("missing.json"), "can't be read")]
    {
        let output =
            Command::new(program("mapper")).arg("run").arg(file).args(mapper).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&output.stderr).contains(saying), "{output:?}");
    }
    let output = run(&sign_up(), &mapper, &[("MAPPER_MEMORY_MB", "1")]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("MAPPER_MEMORY_MB"), "{output:?}");
}

#[test]
fn run_takes_the_component_of_the_folder_where_none_is_named() {
    let folder = Folder::new();
    folder.event("one", &sign_up());
    let run = &mut folder.mapper(&["run", "cases/one.event.json"]);
    cannot(
        run,
        &[
            "the mapper `mapper.wasm` can't be read",
            "`mapper build` makes it of the source",
            "`mapper new` a folder",
        ],
    );
    fs::copy(component(DEFAULT), folder.path("mapper.wasm")).unwrap();
    ends(run, 0).shows(&["POST https://backend.example/users/\n"]);
}

#[test]
fn run_takes_the_mapper_of_mapper_image_unless_another_is_named() {
    let folder = Folder::new();
    folder.event("one", &sign_up());
    let mut run = folder.mapper(&["run", "cases/one.event.json"]);
    ends(run.env("MAPPER_IMAGE", image(OTHER)), 0)
        .shows(&["PUT https://backend.example/v2/accounts/"]);
    ends(run.args(["--mapper", &wasm(DEFAULT)]), 0).shows(&["POST https://backend.example/users/"]);
    let run = &mut folder.mapper(&["run", "cases/one.event.json"]);
    cannot(run.env("MAPPER_IMAGE", "nowhere.cwasm"), &["the mapper `nowhere.cwasm` can't be read"]);
}

#[test]
fn run_shows_the_address_and_the_variables_that_are_set() {
    let settings =
        [("BACKEND_API_URL", "https://users.example/v1/"), ("MAPPER_ENV_NAME", "the value")];
    let output = run(&behaving("variable NAME"), &["--mapper", &wasm(MISBEHAVING)], &settings);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("\nPOST https://users.example/v1/users/\n")
            && text.ends_with("\nthe value\n"),
        "{text}"
    );
}
