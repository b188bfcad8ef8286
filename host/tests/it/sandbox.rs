//! Hostile mappers: each ends in its own named error inside its limits, and the next event is none
//! the worse.

use std::time::Duration;

use serde_json::Value;

use test_support::backend::Backend;
use test_support::behaving;
use test_support::components::{MISBEHAVING, image};
use test_support::function::Function;

/// A function whose mapper does what its event asks for.
async fn function(backend: &Backend, settings: &[(&str, &str)]) -> Function {
    Function::start(
        &image(MISBEHAVING),
        &[&[("BACKEND_API_URL", backend.url.as_str())], settings].concat(),
    )
    .await
}

/// The line of an event with this behaviour.
async fn ends(function: &mut Function, behaviour: &str) -> Value {
    function.invoke(behaving(behaviour).to_string()).await.line
}

/// How many milliseconds mapping took.
fn mapping(line: &Value) -> f64 {
    line["milliseconds"]["mapping"].as_f64().unwrap()
}

/// Checks that the mapper fails so, that nothing reaches the backend, and that the next event does.
/// Returns the lines of the failures.
async fn fails(behaviour: &str, error_type: &str, settings: &[(&str, &str)]) -> [Value; 2] {
    let backend = Backend::start().await;
    let mut function = function(&backend, settings).await;
    let lines = [ends(&mut function, behaviour).await, ends(&mut function, behaviour).await];
    for line in &lines {
        assert_eq!(
            (line["end"].as_str(), line["errorType"].as_str()),
            (Some("undelivered"), Some(error_type)),
            "{line}"
        );
    }
    assert_eq!(backend.requests().len(), 0, "{behaviour}");
    assert_eq!(ends(&mut function, "good").await["end"], "delivered", "after {behaviour}");
    assert_eq!(backend.request().body, "alice");
    lines
}

#[tokio::test]
async fn a_mapper_that_loops_or_sleeps_is_stopped_in_time() {
    for behaviour in ["loop", "sleep"] {
        // Not at the default of 1000, and not with the event's time, which would end as
        // `Host.OutOfTime`.
        let lines = fails(behaviour, "Mapper.TimedOut", &[("MAPPER_TIMEOUT_MS", "2000")]).await;
        assert!(lines.iter().all(|line| mapping(line) >= 2000.0), "{behaviour}: {lines:?}");
        let backend = Backend::start().await;
        let mut function = function(&backend, &[("MAPPER_TIMEOUT_MS", "100")]).await;
        let line = ends(&mut function, behaviour).await;
        assert!(
            line["errorType"] == "Mapper.TimedOut" && mapping(&line) < 2000.0,
            "{behaviour}: {line}"
        );
    }
}

#[tokio::test]
async fn a_mapper_is_stopped_before_the_answer_is_due() {
    let backend = Backend::start().await;
    let settings = [("ANSWER_WITHIN_MS", "4900"), ("MAPPER_TIMEOUT_MS", "4899")];
    let mut function = function(&backend, &settings).await;
    for behaviour in ["loop", "sleep"] {
        let event = behaving(behaviour).to_string();
        let line = function.invoke_within(event, Some(Duration::from_millis(500))).await.line;
        assert_eq!(line["errorType"], "Host.OutOfTime");
        // Not a measurement: the time that the event has otherwise would take 4746.
        assert!(mapping(&line) < 4700.0, "{behaviour}: {line}");
    }
}

#[tokio::test]
async fn a_sandbox_made_ahead_is_fresh_and_keeps_every_limit() {
    let backend = Backend::start().await;
    let mut function =
        function(&backend, &[("MAPPER_TIMEOUT_MS", "2000"), ("MAPPER_MEMORY_MB", "8")]).await;
    // After each of these the sandbox of the next one is there already.
    let made_ahead = [
        "count",
        "count",
        "loop",
        "count",
        "sleep",
        "count",
        "allocate 8",
        "count",
        "panic",
        "count",
    ];
    for behaviour in made_ahead {
        assert_eq!(ends(&mut function, "good").await["end"], "delivered", "before {behaviour}");
        // Longer than the time that a sandbox has for its making.
        tokio::time::sleep(Duration::from_millis(if behaviour == "count" { 150 } else { 0 })).await;
        let line = ends(&mut function, behaviour).await;
        let expected = match behaviour {
            "count" => None,
            "loop" | "sleep" => Some("Mapper.TimedOut"),
            "panic" => Some("Mapper.Trapped"),
            _ => Some("Mapper.OutOfMemory"),
        };
        assert_eq!(line["errorType"].as_str(), expected, "{line}");
    }
    let counts = backend
        .requests()
        .into_iter()
        .filter(|request| request.body != "alice")
        .map(|request| request.body);
    assert_eq!(counts.collect::<Vec<_>>(), ["0"; 6]);
}

#[tokio::test]
async fn a_mapper_that_wants_a_gigabyte_runs_out_of_memory() {
    // Little, because filling it takes time.
    fails("allocate 1024", "Mapper.OutOfMemory", &[("MAPPER_MEMORY_MB", "16")]).await;
}

#[tokio::test]
async fn a_mapper_gets_the_memory_that_is_set_and_no_more() {
    let backend = Backend::start().await;
    let mut function = function(&backend, &[("MAPPER_MEMORY_MB", "20")]).await;
    assert_eq!(ends(&mut function, "allocate 17").await["end"], "delivered");
    assert_eq!(ends(&mut function, "allocate 20").await["errorType"], "Mapper.OutOfMemory");
}

#[tokio::test]
async fn a_mapper_that_recurses_without_end_traps() {
    fails("recurse", "Mapper.Trapped", &[]).await;
}

#[tokio::test]
async fn a_mapper_that_panics_traps() {
    fails("panic", "Mapper.Trapped", &[]).await;
}

#[tokio::test]
async fn a_mapper_that_exits_fails_whatever_its_status() {
    fails("exit 1", "Mapper.Exited", &[]).await;
    fails("exit 0", "Mapper.Exited", &[]).await;
}

#[tokio::test]
async fn a_mapper_that_returns_an_error_fails_with_its_code() {
    let backend = Backend::start().await;
    let mut function = function(&backend, &[]).await;
    let line = ends(&mut function, "error no-tenant").await;
    assert_eq!(
        (line["errorType"].as_str(), line["error"].as_str()),
        (Some("Mapper.Failed"), Some("the mapper failed: no-tenant"))
    );
    assert!(!line.to_string().contains("the message of the error"));
}

#[tokio::test]
async fn codes_that_could_hold_user_data_are_not_logged() {
    let backend = Backend::start().await;
    let mut function = function(&backend, &[]).await;
    let line = ends(&mut function, "error Alice@Example.com").await;
    assert_eq!(line["errorType"], "Mapper.Failed");
    assert_eq!(
        line["error"],
        "the mapper failed, and its error code is not of 1 to 64 lower-case letters, digits and hyphens"
    );
    let line = ends(&mut function, "error invalid-code").await;
    assert_eq!(line["error"], "the mapper failed: invalid-code");
    let line = ends(&mut function, "skip Alice@Example.com").await;
    assert_eq!(
        (line["end"].as_str(), line["errorType"].as_str()),
        (Some("undelivered"), Some("Mapper.AnswerRefused"))
    );
    let line = ends(&mut function, &format!("skip {}", "a".repeat(65))).await;
    assert_eq!(line["errorType"], "Mapper.AnswerRefused");
    let line = ends(&mut function, &format!("skip {}", "a".repeat(64))).await;
    assert_eq!(line["end"], "skipped");
}

#[tokio::test]
async fn a_mapper_that_floods_its_streams_is_delivered_all_the_same() {
    let backend = Backend::start().await;
    let mut function = function(&backend, &[]).await;
    assert_eq!(ends(&mut function, "flood 600").await["end"], "delivered");
}

#[tokio::test]
async fn a_mappers_output_is_logged_on_request_up_to_a_limit() {
    let backend = Backend::start().await;
    let mut function = function(&backend, &[("MAPPER_LOGS", "on")]).await;
    assert_eq!(ends(&mut function, "flood 600").await["end"], "delivered");
    let said = function.line().await;
    for (stream, letter) in [("stdout", "o"), ("stderr", "e")] {
        let text = said[stream].as_str().unwrap();
        assert!(
            text.len() == 8 * 1024 && text.starts_with(letter),
            "{stream}: {} bytes",
            text.len()
        );
    }
    ends(&mut function, "error bad").await;
    assert_eq!(function.line().await["errorMessage"], "the message of the error");
    ends(&mut function, "panic").await;
    let said = function.line().await;
    assert!(said["stderr"].as_str().unwrap().contains("the text of the panic"), "{said}");
    assert!(said["backtrace"].as_str().unwrap().contains("transform"), "{said}");
}

#[tokio::test]
async fn a_body_of_1_mib_is_delivered_and_a_larger_one_is_refused() {
    let backend = Backend::start().await;
    let mut function = function(&backend, &[]).await;
    assert_eq!(ends(&mut function, "body 1048576").await["end"], "delivered");
    assert_eq!(backend.request().body.len(), 1048576);
    let line = ends(&mut function, "body 1048577").await;
    assert_eq!(line["errorType"], "Mapper.AnswerRefused");
    assert_eq!(
        line["error"],
        "the mapper's request was refused: the body is larger than 1048576 bytes"
    );
}

#[tokio::test]
async fn a_body_of_10_mib_is_not_even_read() {
    fails("body 10485760", "Mapper.AnswerUnreadable", &[]).await;
}

#[tokio::test]
async fn a_request_that_leaves_the_base_address_is_refused() {
    for path in [
        "path https://evil.example/",
        "path //evil.example/",
        "path ../..",
        "path users/%2e%2e/%2E%2e/admin",
        "path ..%5cadmin",
    ] {
        fails(path, "Mapper.AnswerRefused", &[]).await;
    }
}

#[tokio::test]
async fn what_a_lenient_server_reads_otherwise_is_refused() {
    let backend = Backend::start().await;
    let mut function = function(&backend, &[]).await;
    for (behaviour, rule) in [
        ("header X-HTTP-Method-Override=DELETE", "`x-http-method*` is reserved"),
        ("header x.method_override=DELETE", "`x-method-override` is reserved"),
        ("header X-Original-URL=/admin", "`x-original-*` is reserved"),
        ("header x_rewrite_url=/admin", "`x-rewrite-*` is reserved"),
        ("header Proxy=http://evil.example/", "`proxy` is reserved"),
        ("header forwarded=for=10.0.0.1", "`forwarded*` is reserved"),
        ("header x!forwarded!for=10.0.0.1", "`x-forward*` is reserved"),
        ("header X-Real-IP=10.0.0.1", "`x-real-*` is reserved"),
        ("header x-amzn-oidc-identity=root", "`x-amzn-*` is reserved"),
        ("header HTTP2-Settings=AAMAAABkAAQAAP__", "`http2-settings` is reserved"),
        ("header script_name=/admin", "`script-name` is reserved"),
        ("path users/..%3fx", "`.` or `..` segment"),
        ("path ..%23x", "`.` or `..` segment"),
        ("path ..%25253bx/admin", "`.` or `..` segment"),
        ("path ..%00x", "`.` or `..` segment"),
        ("path %ef%bc%8e%ef%bc%8e/admin", "`.` or `..` segment"),
        ("path users/a%250d%250ab", "control character"),
        ("path %25u002e%25u002e/admin", "hexadecimal digits"),
    ] {
        let line = ends(&mut function, behaviour).await;
        assert_eq!(line["errorType"], "Mapper.AnswerRefused", "{behaviour}: {line}");
        assert!(line["error"].as_str().unwrap().contains(rule), "{behaviour}: {line}");
    }
    assert_eq!(backend.requests().len(), 0);
    for behaviour in
        ["header x-realm=a", "header Prefer=return=minimal", "path users/what%3f/a%23b/100%25"]
    {
        assert_eq!(ends(&mut function, behaviour).await["end"], "delivered", "{behaviour}");
    }
}

#[tokio::test]
async fn a_request_with_a_header_of_the_hosts_is_refused() {
    for header in [
        "header authorization=Bearer x",
        "header Idempotency-Key=x",
        "header host=evil.example",
        "header x=a\\r\\nevil: b",
    ] {
        fails(header, "Mapper.AnswerRefused", &[]).await;
    }
}

#[tokio::test]
async fn limits_of_the_contract_hold_at_their_edge() {
    let backend = Backend::start().await;
    let mut function = function(&backend, &[]).await;
    for (fits, breaks) in [
        ("headers 64", "headers 65"),
        ("header-bytes 16383", "header-bytes 16384"),
        ("long-path 8192", "long-path 8193"),
        ("accept 409", "accept 503"),
    ] {
        assert_eq!(ends(&mut function, fits).await["end"], "delivered", "{fits}");
        assert_eq!(
            ends(&mut function, breaks).await["errorType"],
            "Mapper.AnswerRefused",
            "{breaks}"
        );
    }
}

#[tokio::test]
async fn a_mapper_reaches_no_file_and_no_network() {
    let backend = Backend::start().await;
    let address = backend.url.trim_start_matches("http://").trim_end_matches("/api/").to_owned();
    let mut function = function(&backend, &[]).await;
    for behaviour in [
        "read /etc/passwd",
        "read mapper.cwasm",
        "write /tmp/mapper-was-here",
        &format!("connect {address}"),
        "listen 127.0.0.1:0",
        "resolve localhost:80",
    ] {
        assert_eq!(ends(&mut function, behaviour).await["end"], "delivered", "{behaviour}");
        assert_eq!(backend.requests().last().unwrap().body, "false", "{behaviour}");
    }
    assert_eq!(ends(&mut function, "arguments").await["end"], "delivered");
    assert_eq!(backend.requests().last().unwrap().body, "[]");
}

#[tokio::test]
async fn a_mapper_holds_256_timers_and_not_one_more() {
    let backend = Backend::start().await;
    let mut function = function(&backend, &[]).await;
    assert_eq!(ends(&mut function, "timers 256").await["end"], "delivered");
    assert_eq!(backend.request().body, "256");
    fails("timers 257", "Mapper.Trapped", &[]).await;
}
