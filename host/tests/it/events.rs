//! Whatever Cognito sends, it gets the same bytes back.

use serde_json::{Value, json};

use test_support::backend::Backend;
use test_support::components::{DEFAULT, image};
use test_support::function::Function;
use test_support::{resident_bound, sign_up};

/// A function with the default mapper and a backend that takes every user.
async fn function(backend: &Backend) -> Function {
    Function::start(&image(DEFAULT), &[("BACKEND_API_URL", &backend.url)]).await
}

/// Hands `event` over, checks that the answer is the same bytes, and returns how the event ended.
async fn ends(function: &mut Function, event: &str) -> Value {
    let invoked = function.invoke(event.to_owned()).await;
    assert_eq!(invoked.response(), event.as_bytes(), "the answer differs from the event");
    invoked.line
}

/// A sign-up with `change` made to it, as JSON with the blanks and the order that nobody would
/// choose.
fn with(change: impl FnOnce(&mut Value)) -> String {
    let mut event = sign_up();
    change(&mut event);
    format!(
        "{{ \"first\" : 1.0e0,{}",
        serde_json::to_string_pretty(&event).unwrap().trim_start_matches('{')
    )
}

#[tokio::test]
async fn sign_ups_are_delivered_and_answered_with_the_same_bytes() {
    let backend = Backend::start().await;
    let mut function = function(&backend).await;
    let identities =
        json!([{ "userId": "42", "providerName": "Google", "primary": "true" }]).to_string();
    let events = [
        ("native", with(|_| {})),
        (
            "federated",
            with(|event| {
                event["userName"] = "Google_42".into();
                event["request"]["userAttributes"]["identities"] = identities.into();
                event["request"]["userAttributes"]["cognito:user_status"] =
                    "EXTERNAL_PROVIDER".into();
            }),
        ),
        (
            "phone only",
            with(|event| event["request"]["userAttributes"]["phone_number"] = "+15550100".into()),
        ),
        ("clientMetadata null", with(|event| event["request"]["clientMetadata"] = Value::Null)),
        (
            "clientMetadata present",
            with(|event| event["request"]["clientMetadata"] = json!({ "a": "b", "c": "" })),
        ),
        ("clientId null", with(|event| event["callerContext"]["clientId"] = Value::Null)),
        ("no callerContext", with(|event| event["callerContext"] = Value::Null)),
        (
            "unknown fields",
            with(|event| {
                event["future"] = json!({ "deep": [1, null, { "x": 1e300 }] });
                event["request"]["userAttributes"]["custom:flag"] = json!(true);
                event["request"]["userAttributes"]["custom:nothing"] = Value::Null;
                event["request"]["userAttributes"]["custom:number"] = json!(7);
            }),
        ),
        (
            "100 attributes",
            with(|event| {
                (0..100).for_each(|i| {
                    event["request"]["userAttributes"][format!("custom:a{i}")] = "v".into()
                })
            }),
        ),
        (
            "2 KiB of Unicode",
            with(|event| {
                event["request"]["userAttributes"]["name"] = "\u{1f980}\u{0}é\\".repeat(300).into()
            }),
        ),
        ("escapes", with(|_| {}).replace("alice", r"\u0061lice \/ \ud83e\udd80")),
        (
            "numbers that no float can hold",
            with(|_| {}).replace("1.0e0", "123456789012345678901234567890.10e+9999"),
        ),
        ("an unpaired surrogate", with(|_| {}).replace("alice", r"\ud800")),
        (
            "deep nesting",
            with(|_| {}).replace("1.0e0", &format!("{}{}", "[".repeat(2000), "]".repeat(2000))),
        ),
    ];
    for (number, (kind, event)) in events.iter().enumerate() {
        let line = ends(&mut function, event).await;
        assert_eq!(
            (line["end"].as_str(), line["status"].as_u64()),
            (Some("delivered"), Some(201)),
            "{kind}: {line}"
        );
        assert_eq!(backend.requests().len(), number + 1, "{kind}");
    }
}

#[tokio::test]
async fn the_placeholder_for_no_app_client_is_no_client() {
    let backend = Backend::start().await;
    let mut function = function(&backend).await;
    for (client, sent) in [
        ("CLIENT_ID_NOT_APPLICABLE", None),
        ("client_id_not_applicable", Some("client_id_not_applicable")),
    ] {
        let line =
            ends(&mut function, &with(|event| event["callerContext"]["clientId"] = client.into()))
                .await;
        assert_eq!(line["end"], "delivered");
        let body: Value = serde_json::from_slice(&backend.requests().last().unwrap().body).unwrap();
        assert_eq!(body.get("client_id").and_then(Value::as_str), sent);
    }
}

#[tokio::test]
async fn other_events_are_skipped_and_answered_with_the_same_bytes() {
    let backend = Backend::start().await;
    let mut function = function(&backend).await;
    let events = [
        (
            "a reset",
            with(|event| event["triggerSource"] = "PostConfirmation_ConfirmForgotPassword".into()),
            "password-reset",
        ),
        (
            "unknown source",
            with(|event| event["triggerSource"] = "PostConfirmation_New".into()),
            "unknown-trigger-source",
        ),
        (
            "null source",
            with(|event| event["triggerSource"] = Value::Null),
            "unknown-trigger-source",
        ),
        ("an empty object", "{}".to_owned(), "unknown-trigger-source"),
        ("no object", "[1, \"two\"]".to_owned(), "unknown-trigger-source"),
        ("null", "null".to_owned(), "unknown-trigger-source"),
    ];
    for (kind, event, code) in events {
        let line = ends(&mut function, &event).await;
        assert_eq!(
            (line["end"].as_str(), line["code"].as_str()),
            (Some("skipped"), Some(code)),
            "{kind}: {line}"
        );
    }
    assert_eq!(backend.requests().len(), 0);
}

#[tokio::test]
async fn the_line_of_a_delivered_event_holds_nothing_of_the_user() {
    let backend = Backend::start().await;
    let mut function = function(&backend).await;
    let event =
        with(|event| event["request"]["userAttributes"]["email"] = "alice@example.com".into());
    let line = ends(&mut function, &event).await;
    let text = line.to_string();
    for secret in ["alice", "example.com", "11111111-2222", "custom", &backend.url, "users/"] {
        assert!(!text.contains(secret), "{secret} is in {text}");
    }
    assert_eq!(line["userPoolId"], "eu-central-1_A1b2C3d4E");
    assert_eq!(line["triggerSource"], "PostConfirmation_ConfirmSignUp");
    assert_eq!(line["coldStart"], true);
    assert!(line["milliseconds"]["start"].as_f64().is_some_and(|start| start > 0.0));
}

#[tokio::test]
async fn an_invented_pool_or_source_is_not_logged() {
    let backend = Backend::start().await;
    let mut function = function(&backend).await;
    let event = with(|event| {
        event["triggerSource"] = "alice@example.com".into();
        event["userPoolId"] = "alice@example.com".into();
    });
    let line = ends(&mut function, &event).await;
    assert_eq!(
        (line["triggerSource"].as_str(), line["userPoolId"].as_str()),
        (Some("other"), Some("unknown"))
    );
}

#[tokio::test]
async fn memory_stays_under_24_megabytes_over_a_thousand_events() {
    let backend = Backend::start().await;
    let mut function = function(&backend).await;
    for _ in 0..1000 {
        assert_eq!(ends(&mut function, &with(|_| {})).await["end"], "delivered");
    }
    let resident = function.resident_kilobytes();
    println!("resident after 1000 events: {resident} KB");
    assert!(resident < resident_bound(24), "{resident} KB");
}
