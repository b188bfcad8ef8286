//! The real `mapper`.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::backend::{Answer, Backend};
use crate::support::components::{DEFAULT, MISBEHAVING, component, image};
use crate::support::function::Function;
use crate::support::{behaving, program, sign_up};

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
    Command::new(program("mapper")).arg("run").arg(file).args(args).envs(settings.iter().copied()).output().unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

#[tokio::test(flavor = "multi_thread")]
async fn run_shows_the_request_byte_for_byte_as_the_backend_gets_it_through_bootstrap() {
    let backend = Backend::start().await;
    let settings = [("BACKEND_API_URL", backend.url.as_str()), ("BACKEND_AUTHORIZATION", "Bearer t-0-k-e-n")];
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
        body.extend(BASE64_STANDARD.decode(shown["bodyBase64"].as_str().unwrap_or_default()).unwrap());
        assert_eq!(body, received.body);

        let header = |header: &Value| {
            let (name, value) = (header["name"].as_str().unwrap(), header["value"].as_str().unwrap());
            (name.to_owned(), value.trim().to_owned())
        };
        let shown: Vec<_> = shown["headers"].as_array().unwrap().iter().map(header).collect();
        let received =
            received.headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
        // The connection's, the invocation's and the one that is added.
        let others = ["host", "content-length", "x-amzn-trace-id", "traceparent", "authorization"];
        let received: Vec<_> = received.filter(|(name, _)| !others.contains(&name.as_str())).collect();
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
    assert!(String::from_utf8(output.stderr).unwrap().contains("BACKEND_API_URL is not set"));
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
    for (file, saying) in [(broken, "is not JSON"), (folder.path().join("missing.json"), "can't be read")] {
        let output = Command::new(program("mapper")).arg("run").arg(file).args(mapper).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&output.stderr).contains(saying), "{output:?}");
    }
    let output = run(&sign_up(), &mapper, &[("MAPPER_MEMORY_MB", "1")]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("MAPPER_MEMORY_MB"), "{output:?}");
}

#[test]
fn compile_writes_a_manifest_that_describes_image_and_component() {
    let manifest: Value = serde_json::from_slice(&fs::read(image(DEFAULT).with_extension("json")).unwrap()).unwrap();
    assert_eq!(manifest["wit"], "cognito:post-confirmation@0.1.0");
    assert_eq!(manifest["image"]["size"], fs::metadata(image(DEFAULT)).unwrap().len());
    assert_eq!(manifest["component"]["size"], fs::metadata(component(DEFAULT)).unwrap().len());
    let imports = manifest["imports"].as_array().unwrap();
    assert!(imports.iter().all(|import| !import.as_str().unwrap().starts_with("wasi:http")), "{imports:?}");
}

#[test]
fn compiling_the_same_component_twice_makes_the_same_image() {
    let folder = tempfile::tempdir().unwrap();
    let again = folder.path().join("again.cwasm");
    let output = Command::new(program("mapper"))
        .arg("compile")
        .arg(component(DEFAULT))
        .args(["--json", "--output"])
        .arg(&again)
        .output()
        .unwrap();
    assert!(output.status.success());
    assert_eq!(fs::read(&again).unwrap(), fs::read(image(DEFAULT)).unwrap());
    let manifest: Value = serde_json::from_slice(&fs::read(again.with_extension("json")).unwrap()).unwrap();
    assert_eq!(json(&output), manifest);
}

#[test]
fn compile_refuses_an_output_that_would_take_the_place_of_another_file() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("own.wasm");
    fs::copy(component(DEFAULT), &own).unwrap();
    for output in [own.clone(), folder.path().join("image.json"), folder.path().join("image")] {
        let compiled =
            Command::new(program("mapper")).arg("compile").arg(&own).arg("-o").arg(&output).output().unwrap();
        assert_eq!(compiled.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&compiled.stderr).contains("has to end in `.cwasm`"), "{compiled:?}");
    }
    assert_eq!(fs::read(&own).unwrap(), fs::read(component(DEFAULT)).unwrap());
}

#[test]
fn unit_test_runs_every_test_and_reports_every_failure() {
    let source = r#"
        #[test] fn passes() {}
        #[test] fn fails() { panic!("the first text") }
        #[test] fn fails_too() { assert_eq!(1, 2, "the second text") }
        #[test] fn leaves_without_a_word() { std::process::exit(0) }
        #[test] #[ignore] fn waits() {}
    "#;
    let folder = tempfile::tempdir().unwrap();
    let (file, tests) = (folder.path().join("tests.rs"), folder.path().join("tests.wasm"));
    fs::write(&file, source).unwrap();
    let compile = ["--test", "--edition", "2024", "--target", "wasm32-wasip2", "-o"];
    let compiled = Command::new("rustc").args(compile).args([&tests, &file]).output().unwrap();
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));

    let run = |args: &[&str]| Command::new(program("mapper")).arg("unit-test").arg(&tests).args(args).output().unwrap();
    let all = run(&[]);
    let text = String::from_utf8_lossy(&all.stdout);
    assert_eq!(all.status.code(), Some(1));
    for part in [
        "test passes ... ok",
        "1 passed; 3 failed; 1 ignored; 0 measured; 0 filtered out",
        "the first text",
        "the second text",
    ] {
        assert!(text.contains(part), "`{part}` is not in: {text}");
    }
    for (args, summary) in [
        (&["passes", "waits"][..], "ok. 1 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out"),
        (&["--exact", "fails"][..], "FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 4 filtered out"),
    ] {
        let text = run(args).stdout;
        assert!(String::from_utf8_lossy(&text).contains(summary), "{}", String::from_utf8_lossy(&text));
    }
}
