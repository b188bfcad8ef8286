//! What operators read: an event's line with its metrics, at their level and in their format, and
//! the trace that goes on to the backend.

use serde_json::{Value, json};

use test_support::components::{DEFAULT, MISBEHAVING, image};
use test_support::faults::{Fault, FaultyBackend};
use test_support::function::Function;
use test_support::{behaving, sign_up};

/// A function with the misbehaving mapper and these settings.
async fn function(backend: &FaultyBackend, settings: &[(&str, &str)]) -> Function {
    let settings = [&[("BACKEND_API_URL", backend.url.as_str())], settings].concat();
    Function::start(&image(MISBEHAVING), &settings).await
}

/// Everything that is logged of a delivered, a skipped and an undelivered event.
async fn log(settings: &[(&str, &str)]) -> Vec<String> {
    let backend = FaultyBackend::start([], Fault::Takes).await;
    let mut function = function(&backend, settings).await;
    for behaviour in ["good", "skip not-ours", "error no-plan"] {
        function.answer(behaving(behaviour).to_string(), None).await;
    }
    function.killed().await.lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn an_events_line_has_its_steps_its_mapper_and_its_invocation() {
    let backend = FaultyBackend::start([Fault::status(503)], Fault::Takes).await;
    let mut function = Function::start(&image(DEFAULT), &[("BACKEND_API_URL", &backend.url)]).await;
    let cold = function.invoke(sign_up().to_string()).await.line;
    let warm = function.invoke(sign_up().to_string()).await.line;

    assert_eq!((&cold["coldStart"], &warm["coldStart"]), (&json!(true), &json!(false)));
    assert!(cold["milliseconds"]["start"].is_number() && warm["milliseconds"]["start"].is_null());
    assert!(
        cold["milliseconds"]["mapping"].is_number() && cold["milliseconds"]["total"].is_number()
    );
    let attempts = cold["attempts"].as_array().unwrap();
    assert_eq!((&attempts[0]["status"], &attempts[1]["status"]), (&json!(503), &json!(201)));
    let sent: f64 = attempts.iter().map(|it| it["milliseconds"].as_f64().unwrap()).sum();
    let backend = cold["milliseconds"]["backend"].as_f64().unwrap();
    assert!((backend - sent).abs() < 0.01 && backend > 0.0, "{backend} and {sent}");
    assert_eq!((&cold["status"], &cold["requestId"]), (&json!(201), &json!("request-1")));
    assert_eq!(cold["triggerSource"], "PostConfirmation_ConfirmSignUp");
    assert_eq!(cold["userPoolId"], "eu-central-1_A1b2C3d4E");
    assert_eq!(cold["wit"], "cognito:post-confirmation@0.2.0");
    assert_eq!(cold["mapper"].as_str().unwrap().len(), 64);
    // Lambda takes the level of a line only if its time is one.
    let time = cold["timestamp"].as_str().unwrap();
    assert!(time.len() >= 20 && time.ends_with('Z') && time.as_bytes()[10] == b'T', "{time}");
}

#[tokio::test]
async fn an_events_line_has_its_metrics_as_cloudwatch_reads_them() {
    for (line, end) in log(&[]).await.iter().zip(["Delivered", "Skipped", "Undelivered"]) {
        let line: Value = serde_json::from_str(line).unwrap();
        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        assert!(line["_aws"]["Timestamp"].as_u64().unwrap() > 1_700_000_000_000);
        assert_eq!(directive["Namespace"], "PostConfirmation");
        assert_eq!(
            (&directive["Dimensions"], &line["FunctionName"]),
            (&json!([["FunctionName"]]), &json!("function"))
        );
        // Every metric that is announced is there, as a number.
        for metric in directive["Metrics"].as_array().unwrap() {
            assert!(line[metric["Name"].as_str().unwrap()].is_number(), "{metric}");
        }
        for name in ["Delivered", "Skipped", "Queued", "Undelivered"] {
            assert_eq!(line[name], u8::from(name == end), "{name} of {end}");
        }
        let took = &line["milliseconds"];
        assert_eq!(line["Duration"], took["total"]);
        assert_eq!(line["MappingDuration"], took["mapping"]);
        assert_eq!(line["BackendDuration"], took["backend"]);
        assert_eq!(line["ColdStarts"] == 1, line["coldStart"].as_bool().unwrap());
        // Nothing took the backend's time in an event that it never saw.
        let named = directive["Metrics"].to_string();
        assert_eq!(named.contains("BackendDuration"), end == "Delivered", "{named}");
        assert_eq!(took["backend"].is_number(), end == "Delivered", "{took}");
    }
}

#[tokio::test]
async fn lines_below_the_level_are_left_out_except_a_lost_users() {
    for (level, ends) in [
        ("TRACE", &["delivered", "skipped", "undelivered"][..]),
        ("INFO", &["delivered", "skipped", "undelivered"]),
        ("WARN", &["undelivered"]),
        ("ERROR", &["undelivered"]),
        ("FATAL", &["undelivered"]),
    ] {
        let lines = log(&[("AWS_LAMBDA_LOG_LEVEL", level)]).await;
        let logged: Vec<Value> = lines
            .iter()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()["end"].clone())
            .collect();
        assert_eq!(logged, ends, "{level}");
    }
}

#[tokio::test]
async fn lines_are_json_whatever_format_lambda_names() {
    for format in ["JSON", "Text", "other"] {
        for line in log(&[("AWS_LAMBDA_LOG_FORMAT", format), ("MAPPER_LOGS", "on")]).await {
            let line: Value = serde_json::from_str(&line).unwrap();
            assert!(line["end"].is_null() || line["_aws"].is_object(), "{line}");
        }
    }
}

#[tokio::test]
async fn what_a_mapper_writes_can_not_look_like_a_line_of_the_host() {
    let backend = FaultyBackend::start([], Fault::Takes).await;
    let mut function = function(&backend, &[("MAPPER_LOGS", "on")]).await;
    function.answer(behaving("flood 3").to_string(), None).await;
    assert_eq!(function.killed().await.lines().count(), 2);
}

#[tokio::test]
async fn the_trace_goes_on_to_the_backend() {
    let backend = FaultyBackend::start([], Fault::Takes).await;
    let mut function = function(&backend, &[]).await;
    assert_eq!(function.invoke(sign_up().to_string()).await.end(), "delivered");
    let request = &backend.requests()[0];
    assert_eq!(request.header("x-amzn-trace-id"), "Root=1-5759e988-bd862e3fe1be46a994272793");
    assert_eq!(
        request.header("traceparent"),
        "00-5759e988bd862e3fe1be46a994272793-e1be46a994272793-00"
    );
}
