//! A shadow mapper is watched on real events: what differs is named, nothing is sent, and no event
//! is the worse for it.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use test_support::backend::{Answer, Backend};
use test_support::components::{DEFAULT, MISBEHAVING, OTHER, image};
use test_support::faults::{Fault, FaultyBackend};
use test_support::function::Function;
use test_support::{aws, contract_0_1};
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

/// A function with the default mapper, which writes what the backend answers, and this image in its
/// shadow.
async fn writing(backend: &Backend, cognito: &FaultyBackend, shadow: &Path) -> Function {
    let endpoint = cognito.url.trim_end_matches("/api/");
    let settings = [
        ("BACKEND_API_URL", backend.url.as_str()),
        ("SHADOW_MAPPER_IMAGE", shadow.to_str().unwrap()),
        ("COGNITO_ATTRIBUTES", "custom:backend_id,custom:plan"),
        ("COGNITO_GROUPS", "members"),
        ("MAPPER_ENV_ATTRIBUTES_FROM_ANSWER", "custom:backend_id=/id"),
        ("MAPPER_ENV_GROUPS_FROM_ANSWER", "/group"),
    ];
    Function::start(&image(DEFAULT), &[&settings[..], &aws::variables(endpoint)].concat()).await
}

/// What is said of effects, with an answer that has an id and a group, if the shadow does this.
async fn different_effects(shadow: &Path, does: &str) -> Vec<String> {
    let body = r#"{ "id": 4211, "group": "members" }"#;
    let backend = Backend::answering(Answer::Json(201, body.to_owned())).await;
    let done = Fault::Writes(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}".to_vec());
    let cognito = FaultyBackend::start([], done).await;
    let mut function = writing(&backend, &cognito, shadow).await;
    let mut event = sign_up();
    event["request"]["userAttributes"]["custom:conclude"] = does.into();
    let line = shadowed(&mut function, &event).await;
    // The one mapper's attributes and its group, and nothing of the shadow's.
    assert_eq!((backend.requests().len(), cognito.requests().len()), (1, 2), "{does}");
    assert!(!line.to_string().contains("4211") && !line.to_string().contains("42-12"), "{line}");
    let differences: Vec<String> = serde_json::from_value(line["differences"].clone()).unwrap();
    let places = ["attribute ", "group ", "effects: "];
    let of_effects = |it: &String| places.iter().any(|place| it.starts_with(place));
    differences.into_iter().filter(of_effects).collect()
}

#[tokio::test]
async fn what_a_shadow_would_write_is_compared_and_not_written() {
    let shadow = image(MISBEHAVING);
    for (does, differences) in [
        ("set custom:backend_id=4211;add members", &[][..]),
        (
            "set custom:backend_id=42-12;set custom:plan=gold",
            &[
                "attribute custom:backend_id: changed",
                "attribute custom:plan: added",
                "group members: removed",
            ],
        ),
        ("set email_verified=true", &["effects: allowed became Effect.NotAllowed"]),
        ("error not-yet", &["effects: allowed became Mapper.Failed"]),
        ("panic", &["effects: allowed became Mapper.Trapped"]),
    ] {
        assert_eq!(different_effects(&shadow, does).await, differences, "{does}");
    }
    let alike = different_effects(&image(DEFAULT), "").await;
    assert_eq!(alike, [""; 0]);
    // A shadow that never asks for the answer writes nothing.
    let removed = ["attribute custom:backend_id: removed", "group members: removed"];
    assert_eq!(different_effects(&contract_0_1::rust(), "").await, removed);
}

#[tokio::test]
async fn a_follow_up_that_only_the_shadow_has_is_named() {
    let (backend, shadow) = (Backend::start().await, image(DEFAULT));
    for (groups, added) in [("members", true), ("", false)] {
        let settings = [
            ("BACKEND_API_URL", backend.url.as_str()),
            ("SHADOW_MAPPER_IMAGE", shadow.to_str().unwrap()),
            ("COGNITO_GROUPS", groups),
        ];
        let settings = [&settings[..], &aws::variables("http://127.0.0.1:9")].concat();
        let mut function = Function::start(&contract_0_1::rust(), &settings).await;
        let line = shadowed(&mut function, &sign_up()).await;
        let differences = line["differences"].as_array().unwrap();
        assert_eq!(differences.contains(&json!("follow-up: added")), added, "{line}");
    }
}

#[tokio::test]
async fn without_an_answer_no_shadow_is_asked_for_effects() {
    let backend = Backend::start().await;
    let mut function = function(&backend, &image(MISBEHAVING)).await;
    let mut event = sign_up();
    event["request"]["userAttributes"]["custom:conclude"] = "panic".into();
    let line = shadowed(&mut function, &event).await;
    assert!(!line.to_string().contains("effects:"), "{line}");
}
