//! What a mapper's follow-up does to the Cognito user, with moto as Cognito.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::sync::Barrier;

use test_support::aws::{self, Pool, Queue};
use test_support::backend::{Answer, Backend, Recorded};
use test_support::components::{DEFAULT, MISBEHAVING, image};
use test_support::contract_0_1;
use test_support::event_source::EventSource;
use test_support::faults::{Fault, FaultyBackend};
use test_support::function::{Function, Invoked};
use test_support::proxy::{Mode, Proxy};

use crate::redelivery::record;

const BODY: &str = r#"{"id":42,"plan":"gold","group":"members"}"#;
const LISTED: [(&str, &str); 2] =
    [("COGNITO_ATTRIBUTES", "custom:backend_id,custom:plan"), ("COGNITO_GROUPS", "members")];

fn answering() -> Answer {
    Answer::Json(201, BODY.to_owned())
}

/// A function with the misbehaving mapper that may write what is listed, with more settings.
async fn function(backend: &str, endpoint: &str, settings: &[(&str, &str)]) -> Function {
    let aws = aws::variables(endpoint);
    let all = [&[("BACKEND_API_URL", backend)], &LISTED[..], &aws, settings].concat();
    Function::start(&image(MISBEHAVING), &all).await
}

/// By what the backend knows the event of a request.
fn key(request: &Recorded) -> Vec<u8> {
    request.headers["idempotency-key"].as_bytes().to_owned()
}

/// One sign-up in `pool` whose mapper does this after the answer.
async fn conclude(pool: &Pool, does: &str) -> Invoked {
    let backend = Backend::answering(answering()).await;
    let mut function = function(&backend.url, aws::endpoint(), &[]).await;
    let invoked = function.invoke(pool.sign_up(does).to_string()).await;
    assert_eq!(backend.requests().len(), 1);
    // Whatever happened, the next event is delivered.
    let next = function.invoke(pool.sign_up("").to_string()).await;
    assert_eq!(next.end(), "delivered", "{does}");
    invoked
}

#[tokio::test]
async fn what_the_mapper_wants_is_written_to_the_user() {
    let pool = Pool::new().await;
    let invoked =
        conclude(&pool, "set-body custom:backend_id;set custom:plan=gold;add members").await;
    assert_eq!(invoked.end(), "delivered");
    assert_eq!(invoked.line["effects"], json!({ "attributes": 2, "groups": 1 }));
    assert_eq!((&invoked.line["Attributes"], &invoked.line["Groups"]), (&json!(2), &json!(1)));
    assert_eq!(invoked.line["EffectsDuration"], invoked.line["milliseconds"]["effects"]);
    assert_eq!(invoked.line["EffectsFailed"], 0);
    assert!(invoked.line["milliseconds"]["effects"].as_f64().unwrap() > 0.0);
    assert_eq!(pool.attribute("custom:backend_id").await.as_deref(), Some(BODY));
    assert_eq!(pool.attribute("custom:plan").await.as_deref(), Some("gold"));
    assert_eq!(pool.groups().await, ["members"]);
    assert!(!invoked.line.to_string().contains("gold"));
}

#[tokio::test]
async fn a_mapper_sees_neither_cookies_nor_the_connection() {
    let pool = Pool::new().await;
    conclude(&pool, "set-headers custom:plan").await;
    let headers = pool.attribute("custom:plan").await.unwrap();
    assert!(headers.contains("content-type") && headers.contains("content-length"), "{headers}");
    assert!(!headers.contains("cookie") && !headers.contains("connection"), "{headers}");
}

#[tokio::test]
async fn effects_that_break_a_rule_change_nothing() {
    let pool = Pool::new().await;
    for (does, rule) in [
        (
            "set email_verified=true",
            "an attribute says who a user is: it can't be listed in COGNITO_ATTRIBUTES",
        ),
        ("set custom:other=1", "an attribute is not in COGNITO_ATTRIBUTES"),
        ("add admins", "a group is not in COGNITO_GROUPS"),
        ("set custom:plan=a;set custom:plan=b", "an attribute is set twice"),
        ("set-long custom:plan=2049", "a value is longer than 2048 characters"),
        ("set-control custom:plan", "a value holds a control character"),
        ("add-many 17", "there are more than 16 effects"),
    ] {
        let invoked = conclude(&pool, &format!("set custom:backend_id=1;{does}")).await;
        assert_eq!(invoked.end(), "undelivered", "{does}");
        assert_eq!(invoked.line["errorType"], "Effect.NotAllowed", "{does}");
        assert!(invoked.line["milliseconds"]["effects"].as_f64().unwrap() > 0.0, "{does}");
        let message = "the user is at the backend, but what has to follow is not done";
        assert_eq!(invoked.line["message"], message, "{does}");
        assert_eq!(invoked.line["effectError"], rule, "{does}");
        assert_eq!(invoked.line["status"], 201, "{does}");
        assert_eq!(invoked.line["effects"], json!({ "attributes": 0, "groups": 0 }), "{does}");
    }
    assert_eq!(pool.attribute("custom:backend_id").await, None);
    // What obeys the same limits.
    let invoked = conclude(&pool, "set-long custom:plan=2048;add-many 15").await;
    assert_eq!(invoked.end(), "delivered", "{}", invoked.line);
}

#[tokio::test]
async fn a_follow_up_that_fails_ends_as_a_mapper_that_does() {
    let pool = Pool::new().await;
    for (does, error) in [
        ("error not-yet", "Mapper.Failed"),
        ("panic", "Mapper.Trapped"),
        ("loop", "Mapper.TimedOut"),
        ("allocate 100", "Mapper.OutOfMemory"),
    ] {
        let invoked = conclude(&pool, does).await;
        assert_eq!((invoked.end(), &invoked.line["errorType"]), ("undelivered", &json!(error)));
    }
}

#[tokio::test]
async fn what_cognito_does_not_do_is_named_by_its_code() {
    let pool = Pool::new().await;
    let listed = [("COGNITO_GROUPS", "members,strangers")];
    let backend = Backend::answering(answering()).await;
    let mut function = function(&backend.url, aws::endpoint(), &listed).await;
    let event = pool.sign_up("set custom:plan=gold;add strangers").to_string();
    let invoked = function.invoke(event).await;
    assert_eq!(invoked.line["errorType"], "Effect.Refused");
    assert_eq!(invoked.line["effectError"], "ResourceNotFoundException");
    assert_eq!(invoked.line["effects"], json!({ "attributes": 1, "groups": 0 }));
}

/// An answer of Cognito with this code.
fn refusing(status: u16, code: &str) -> Fault {
    let body = json!({ "__type": code }).to_string();
    let length = body.len();
    let head = format!("HTTP/1.1 {status} Status\r\ncontent-length: {length}\r\n\r\n");
    Fault::Writes((head + &body).into_bytes())
}

#[tokio::test]
async fn throttling_is_tried_again_and_a_missing_right_is_not() {
    let backend = Backend::answering(answering()).await;
    let pool = Pool::new().await;
    let event = pool.sign_up("set custom:plan=gold").to_string();
    let throttled = refusing(400, "TooManyRequestsException");
    let cognito = FaultyBackend::start([throttled], refusing(200, "")).await;
    let endpoint = cognito.url.trim_end_matches("/api/");
    let invoked = function(&backend.url, endpoint, &[]).await.invoke(event.clone()).await;
    assert_eq!(invoked.end(), "delivered");
    assert_eq!(cognito.requests().len(), 2);

    let denied = FaultyBackend::start([], refusing(400, "AccessDeniedException")).await;
    let endpoint = denied.url.trim_end_matches("/api/");
    let invoked = function(&backend.url, endpoint, &[]).await.invoke(event).await;
    assert_eq!(invoked.line["errorType"], "Effect.Refused");
    assert_eq!(invoked.line["effectError"], "AccessDeniedException");
    assert_eq!(denied.requests().len(), 1);
}

#[tokio::test]
async fn cognito_may_answer_with_nothing() {
    let pool = Pool::new().await;
    let backend = Backend::answering(answering()).await;
    let cognito = FaultyBackend::start([], Fault::status(200)).await;
    let endpoint = cognito.url.trim_end_matches("/api/");
    let event = pool.sign_up("set custom:plan=gold;add members").to_string();
    let invoked = function(&backend.url, endpoint, &[]).await.invoke(event).await;
    assert_eq!(invoked.end(), "delivered", "{}", invoked.line);
    assert_eq!(invoked.line["effects"], json!({ "attributes": 1, "groups": 1 }));
    assert_eq!(cognito.requests().len(), 2);
}

#[tokio::test]
async fn a_cognito_that_fails_leaves_the_event_to_the_queue() {
    let (pool, queue) = (Pool::new().await, Queue::new().await);
    let cognito = Proxy::start(aws::endpoint(), Mode::Passes).await;
    let backend = Backend::answering(answering()).await;
    let proxied = [("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", cognito.endpoint.as_str())];
    let times = [("ANSWER_WITHIN_MS", "1500"), ("ATTEMPT_TIMEOUT_MS", "300")];
    let settings = [&proxied[..], &times, &queue.settings()].concat();
    let mut function = function(&backend.url, aws::endpoint(), &settings).await;
    let event = pool.sign_up("set custom:plan=gold;add members").to_string();
    for (mode, error) in [
        (Mode::Hangs, "Effect.TimedOut"),
        (Mode::Fails, "Effect.Unavailable"),
        (Mode::Resets, "Effect.Unreachable"),
    ] {
        cognito.set(mode);
        let invoked = function.invoke(event.clone()).await;
        assert_eq!((invoked.end(), &invoked.line["errorType"]), ("queued", &json!(error)));
        assert_eq!(invoked.line["status"], 201);
    }
    assert_eq!(pool.attribute("custom:plan").await, None);
    cognito.set(Mode::Passes);
    while let Some(redelivered) = EventSource::of(&queue).poll(&mut function).await {
        assert!(redelivered.lines.iter().all(|line| line["end"] == "delivered"));
    }
    assert_eq!(pool.attribute("custom:plan").await.as_deref(), Some("gold"));
    assert_eq!(pool.groups().await, ["members"]);
    let keys: BTreeSet<_> = backend.requests().iter().map(key).collect();
    assert_eq!((backend.requests().len(), keys.len()), (6, 1));
}

#[tokio::test]
async fn an_answer_that_is_too_large_or_never_ends_is_no_answer() {
    let pool = Pool::new().await;
    let event = pool.sign_up("set custom:plan=gold").to_string();
    for (answer, error) in [
        (Answer::Long(64 * 1024), None),
        (Answer::Long(64 * 1024 + 1), Some("Backend.AnswerTooLarge")),
        (Answer::Endless, Some("Backend.TimedOut")),
    ] {
        let backend = Backend::answering(answer).await;
        let settings = [("ATTEMPT_TIMEOUT_MS", "1000")];
        let mut function = function(&backend.url, aws::endpoint(), &settings).await;
        let invoked = function.invoke(event.clone()).await;
        assert_eq!(invoked.line["errorType"].as_str(), error, "{}", invoked.line);
        assert_eq!(invoked.line["EffectsFailed"], u8::from(error.is_some()), "{}", invoked.line);
        assert_eq!(backend.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_mapper_is_not_asked_if_nothing_may_be_written() {
    let pool = Pool::new().await;
    let backend = Backend::answering(Answer::Endless).await;
    let nothing = [("COGNITO_ATTRIBUTES", ""), ("COGNITO_GROUPS", "")];
    let mut function = function(&backend.url, aws::endpoint(), &nothing).await;
    let invoked = function.invoke(pool.sign_up("panic").to_string()).await;
    assert_eq!(invoked.end(), "delivered");
    assert!(invoked.line.get("effects").is_none() && invoked.line.get("Attributes").is_none());
}

#[tokio::test]
async fn a_redelivery_completes_the_effects_under_the_same_key() {
    let (pool, queue) = (Pool::new().await, Queue::new().await);
    let backend = Backend::answering(answering()).await;
    let group = [("COGNITO_GROUPS", "members,later")];
    let settings = [&group[..], &queue.settings()].concat();
    let mut function = function(&backend.url, aws::endpoint(), &settings).await;
    let event = pool.sign_up("set-received custom:plan;add later").to_string();
    let first = function.invoke(event).await;
    assert_eq!((first.end(), &first.line["errorType"]), ("queued", &json!("Effect.Refused")));
    let message = "the user is at the backend, and in the queue for what has to follow";
    assert_eq!(first.line["message"], message);
    let received = pool.attribute("custom:plan").await.unwrap();

    pool.ask("CreateGroup", json!({ "GroupName": "later" })).await;
    let redelivered = EventSource::of(&queue).poll(&mut function).await.unwrap();
    assert_eq!(redelivered.lines[0]["end"], "delivered");
    assert_eq!(pool.groups().await, ["later"]);
    // When the event came is the same, and so is the key under which the backend knows it.
    assert_eq!(pool.attribute("custom:plan").await.unwrap(), received);
    let keys: BTreeSet<_> = backend.requests().iter().map(key).collect();
    assert_eq!((backend.requests().len(), keys.len()), (2, 1));
}

#[tokio::test]
async fn a_follow_up_that_loops_costs_no_other_record_its_answer() {
    let pool = Pool::new().await;
    let slow = Fault::TakesAfter(Duration::from_millis(300));
    let backend = FaultyBackend::start([Fault::Takes], slow).await;
    // The loop lasts longer than an attempt may.
    let times = [("MAPPER_TIMEOUT_MS", "3000"), ("ATTEMPT_TIMEOUT_MS", "2000")];
    let mut function = function(&backend.url, aws::endpoint(), &times).await;
    let records: Vec<_> = (0..5)
        .map(|number| {
            let mut event = pool.sign_up(if number == 0 { "loop" } else { "add members" });
            // All of them are the same event for the backend.
            event["request"]["userAttributes"]["custom:behaviour"] = "accept 409".into();
            record(number, &event)
        })
        .collect();
    let batch = function.invoke_batch(&records, Duration::from_secs(60)).await;
    let ends = batch.lines.iter().filter(|line| line["end"] == "delivered").count();
    let errors: Vec<_> = batch.lines.iter().map(|line| &line["errorType"]).collect();
    assert_eq!((ends, backend.requests().len()), (4, 5), "{errors:?}");
}

#[tokio::test]
async fn a_record_that_nothing_follows_waits_for_no_other() {
    let gate = Arc::new(Barrier::new(2));
    let backend = FaultyBackend::start([Fault::TakesTogether(gate.clone())], Fault::Takes).await;
    let settings = [("BACKEND_API_URL", backend.url.as_str()), ("ATTEMPT_TIMEOUT_MS", "60000")];
    let mut function = Function::start(&image(DEFAULT), &settings).await;
    let pool = Pool::new().await;
    let records: Vec<_> = (0..3).map(|number| record(number, &pool.sign_up(""))).collect();
    let batch = json!({ "Records": records }).to_string();
    let answer = function.api.invoke("batch", batch, Some(Duration::from_secs(300)));
    for _ in 0..2 {
        assert_eq!(function.line().await["end"], "delivered");
    }
    // Nobody has given up the request that the backend got first, and only now it is answered.
    assert!(backend.requests().len() <= 3);
    gate.wait().await;
    assert_eq!(function.line().await["end"], "delivered");
    assert!(answer.await.is_ok());
}

#[tokio::test]
async fn a_message_without_the_time_of_its_event_has_its_own() {
    let pool = Pool::new().await;
    let backend = Backend::answering(answering()).await;
    let mut function = function(&backend.url, aws::endpoint(), &[]).await;
    for (sent, received) in [
        ("1700000000123", Some("2023-11-14T22:13:20.123Z")),
        ("253402300799999", Some("9999-12-31T23:59:59.999Z")),
        // No time that can be written: it is that of the call.
        ("253402300800000", None),
    ] {
        let mut record = record(0, &pool.sign_up("set-received custom:plan"));
        record["attributes"]["SentTimestamp"] = sent.into();
        let batch = function.invoke_batch(&[record], Duration::from_secs(20)).await;
        assert_eq!(batch.lines[0]["end"], "delivered", "{}", batch.lines[0]);
        let written = pool.attribute("custom:plan").await.unwrap();
        assert!(received.map_or(written.starts_with("20"), |it| it == written), "{written}");
    }
}

#[tokio::test]
async fn the_default_mapper_writes_what_two_variables_name() {
    let pool = Pool::new().await;
    let backend = Backend::answering(answering()).await;
    let aws = aws::variables(aws::endpoint());
    let variables = [
        ("MAPPER_ENV_ATTRIBUTES_FROM_ANSWER", "custom:backend_id=/id,custom:plan=/plan"),
        ("MAPPER_ENV_GROUPS_FROM_ANSWER", "/group"),
    ];
    let all =
        [&[("BACKEND_API_URL", backend.url.as_str())], &LISTED[..], &aws, &variables].concat();
    let mut function = Function::start(&image(DEFAULT), &all).await;
    let invoked = function.invoke(pool.sign_up("").to_string()).await;
    assert_eq!(invoked.line["effects"], json!({ "attributes": 2, "groups": 1 }));
    assert_eq!(pool.attribute("custom:backend_id").await.as_deref(), Some("42"));
    assert_eq!(pool.groups().await, ["members"]);
}

#[tokio::test]
async fn a_mapper_without_a_follow_up_reads_no_answer() {
    let backend = Backend::answering(Answer::Endless).await;
    let aws = aws::variables(aws::endpoint());
    let all = [&[("BACKEND_API_URL", backend.url.as_str())], &LISTED[..], &aws].concat();
    let mut function = Function::start(&contract_0_1::rust(), &all).await;
    let invoked = function.invoke(Pool::new().await.sign_up("").to_string()).await;
    assert_eq!(invoked.end(), "delivered", "{}", invoked.line);
}
