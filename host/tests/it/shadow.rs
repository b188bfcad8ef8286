//! A shadow mapper is watched on real events: what differs is named, nothing is sent, and no event
//! is the worse for it.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use test_support::backend::Backend;
use test_support::components::{DEFAULT, MISBEHAVING, OTHER, image};
use test_support::function::Function;
use test_support::{behaving, sign_up};

/// A function with the default mapper and this image in its shadow.
async fn function(backend: &Backend, shadow: &Path) -> Function {
    let settings = [
        ("BACKEND_API_URL", backend.url.as_str()),
        ("SHADOW_MAPPER_IMAGE", shadow.to_str().unwrap()),
        ("MAPPER_TIMEOUT_MS", "2000"),
    ];
    Function::start(&image(DEFAULT), &settings).await
}

/// Hands `event` over, checks that it was delivered and answered first, and returns what is said of
/// the shadow.
async fn shadowed(function: &mut Function, event: &Value) -> Value {
    let invoked = function.invoke(event.to_string()).await;
    assert_eq!(
        (invoked.end(), invoked.response().as_ref()),
        ("delivered", event.to_string().as_bytes())
    );
    let line = function.line().await;
    assert_eq!(line["eventId"], invoked.line["eventId"]);
    line
}

#[tokio::test]
async fn a_shadow_that_maps_alike_agrees() {
    let backend = Backend::start().await;
    let mut function = function(&backend, &image(DEFAULT)).await;
    for _ in 0..3 {
        let line = shadowed(&mut function, &sign_up()).await;
        assert_eq!(
            (line["message"].as_str(), &line["differences"]),
            (Some("the shadow mapper agrees"), &json!([]))
        );
    }
    assert_eq!(backend.requests().len(), 3);
}

#[tokio::test]
async fn where_a_shadow_differs_is_named_without_any_value() {
    let backend = Backend::start().await;
    let mut function = function(&backend, &image(OTHER)).await;
    let line = shadowed(&mut function, &sign_up()).await;
    let differences: Vec<&str> = line["differences"]
        .as_array()
        .unwrap()
        .iter()
        .map(|difference| difference.as_str().unwrap())
        .collect();
    assert!(differences.contains(&"path: another number of segments"), "{differences:?}");
    assert!(differences.contains(&"body /cognito_id: removed"), "{differences:?}");
    assert!(!line.to_string().contains("alice") && !line.to_string().contains("11111111-2222"));
    assert_eq!(backend.request().path, "/api/users/");
}

#[tokio::test]
async fn cognito_has_its_answer_before_the_shadow_maps() {
    let backend = Backend::start().await;
    let mut function = function(&backend, &image(MISBEHAVING)).await;
    // While the answer is not acknowledged, nothing comes after it: a line of the shadow would be
    // there already.
    let held = function.api.hold().await;
    assert_eq!(function.invoke(sign_up().to_string()).await.end(), "delivered");
    assert!(!function.has_a_line());
    drop(held);
    assert_eq!(function.line().await["message"], "the shadow mapper differs");
}

#[tokio::test]
async fn a_shadow_that_fails_harms_nothing() {
    let backend = Backend::start().await;
    let mut function = function(&backend, &image(MISBEHAVING)).await;
    for (behaviour, outcome) in [
        ("loop", "Mapper.TimedOut"),
        ("sleep", "Mapper.TimedOut"),
        ("panic", "Mapper.Trapped"),
        ("error no-plan", "Mapper.Failed"),
        ("path ../../admin", "Mapper.AnswerRefused"),
        ("skip not-ours", "skip not-ours"),
    ] {
        let line = shadowed(&mut function, &behaving(behaviour)).await;
        assert_eq!(
            line["differences"],
            json!([format!("outcome: deliver became {outcome}")]),
            "{behaviour}"
        );
    }
    assert_eq!(backend.requests().len(), 6);
}

#[tokio::test]
async fn a_shadow_mapper_that_is_missing_is_named_once() {
    let backend = Backend::start().await;
    let mut function = function(&backend, Path::new("/nowhere/mapper.cwasm")).await;
    assert_eq!(function.invoke(sign_up().to_string()).await.end(), "delivered");
    let line = function.line().await;
    assert_eq!(
        (line["level"].as_str(), line["message"].as_str()),
        (Some("WARN"), Some("there is no shadow mapper"))
    );
    assert!(line["error"].as_str().unwrap().contains("/nowhere/mapper.cwasm"), "{line}");
    for _ in 0..2 {
        assert_eq!(function.invoke(sign_up().to_string()).await.end(), "delivered");
    }
}

#[tokio::test]
async fn a_record_that_is_not_an_event_is_not_compared() {
    let backend = Backend::start().await;
    let mut function = function(&backend, &image(DEFAULT)).await;
    let record = json!({ "messageId": "one", "eventSource": "aws:sqs", "body": "null" });
    let batch = function.invoke_batch(&[record], Duration::from_secs(60)).await;
    assert_eq!(batch.lines[0]["errorType"], "Queue.RecordUnreadable");
    // The next lines are those of the next event.
    let line = shadowed(&mut function, &sign_up()).await;
    assert_eq!(line["message"], "the shadow mapper agrees");
}
