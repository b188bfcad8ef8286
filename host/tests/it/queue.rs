//! What the backend did not take is in the queue, and what the queue did not take is in the log.

mod outages;

use std::collections::HashSet;
use std::time::{Duration, SystemTime};

use post_confirmation_host::error::SENTENCE;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use test_support::aws::{self, Queue, attribute};
use test_support::components::{DEFAULT, MISBEHAVING, image};
use test_support::event_source::EventSource;
use test_support::faults::{Fault, FaultyBackend};
use test_support::function::{COGNITO_WAITS, Function, Invoked};
use test_support::proxy::{Mode, Proxy};
use test_support::runtime_api::Answer;
use test_support::{behaving, resident_bound, sign_up};

/// A function with the default mapper, this backend, this queue and these settings.
async fn function(backend: &FaultyBackend, queue: &Queue, settings: &[(&str, &str)]) -> Function {
    let backend = [("BACKEND_API_URL", backend.url.as_str())];
    Function::start(&image(DEFAULT), &[&backend, &queue.settings()[..], settings].concat()).await
}

/// A sign-up whose JSON is `bytes` long.
fn sign_up_of(bytes: usize) -> String {
    let mut event = sign_up();
    event["request"]["clientMetadata"] = serde_json::json!({ "filler": "" });
    let short = event.to_string();
    short.replace(r#""filler":"""#, &format!(r#""filler":"{}""#, "x".repeat(bytes - short.len())))
}

/// Checks that nobody has the user of `sign_up`, that the line says so, and why the queue does not
/// have it.
fn is_undelivered(invoked: &Invoked, queue_error_types: &[&str]) {
    let line = &invoked.line;
    assert_eq!((invoked.end(), line["level"].as_str()), ("undelivered", Some("ERROR")), "{line}");
    assert!(
        queue_error_types.contains(&line["queueErrorType"].as_str().unwrap_or("none")),
        "{line}"
    );
    assert_eq!(line["sub"], "11111111-2222-3333-4444-555555555555");
    assert_eq!(line["userPoolId"], "eu-central-1_A1b2C3d4E");
    assert_eq!((line["Undelivered"].as_u64(), line["Queued"].as_u64()), (Some(1), Some(0)));
}

#[tokio::test]
async fn one_redelivery_brings_a_user_once_after_an_outage() {
    let (backend, queue) = (FaultyBackend::start([], Fault::Takes).await, Queue::new().await);
    let mut function = function(&backend, &queue, &[]).await;
    backend.down().await;
    let invoked = function.invoke(sign_up().to_string()).await;
    assert_eq!((invoked.end(), invoked.error_type()), ("queued", "Backend.Unreachable"));
    assert_eq!(invoked.response(), sign_up().to_string().as_bytes());
    assert_eq!((queue.count().await, backend.times("alice")), (1, 0));

    backend.up();
    let redelivered = EventSource::of(&queue).poll(&mut function).await.unwrap();
    assert_eq!(
        (redelivered.failed.len(), &redelivered.lines[0]["end"]),
        (0, &Value::from("delivered"))
    );
    assert_eq!((queue.count().await, backend.times("alice")), (0, 1));
    assert_eq!(backend.keys(), [invoked.line["eventId"].as_str().unwrap()]);
}

#[tokio::test]
async fn the_queue_has_the_events_bytes_its_id_and_the_reason() {
    let (backend, queue) = (FaultyBackend::start([], Fault::status(503)).await, Queue::new().await);
    let mut function = function(&backend, &queue, &[]).await;
    // Blanks, an order and escapes that nobody would choose, and a number that no float can hold.
    let event = sign_up().to_string().replace("alice", r"\u0061lice \ud83e\udd80 é");
    let event = format!(
        "{{ \"first\" : 12345678901234567890.10e+999,\n\t{}",
        event.trim_start_matches('{')
    );
    let before = SystemTime::now();
    let invoked = function.invoke(event.clone()).await;
    assert_eq!(invoked.end(), "queued");
    assert_eq!(invoked.response(), event.as_bytes());

    let message = queue.message().await;
    assert_eq!(message.body.as_deref(), Some(event.as_str()));
    assert_eq!(
        attribute(&message, "event-id"),
        (invoked.line["eventId"].as_str().unwrap(), "String")
    );
    assert_eq!(attribute(&message, "reason"), ("Backend.Unavailable", "String"));
    assert_eq!(attribute(&message, "attempts"), ("3", "Number"));
    let (first_failed, kind) = attribute(&message, "first-failed-at");
    let first_failed = SystemTime::from(OffsetDateTime::parse(first_failed, &Rfc3339).unwrap());
    assert_eq!(kind, "String");
    // The format may leave out parts of a second.
    assert!(first_failed + Duration::from_secs(1) > before && first_failed <= SystemTime::now());
}

#[tokio::test]
async fn the_line_of_a_queued_event_holds_nothing_of_the_user() {
    let (backend, queue) = (FaultyBackend::start([], Fault::status(404)).await, Queue::new().await);
    let invoked = function(&backend, &queue, &[]).await.invoke(sign_up().to_string()).await;
    let line = &invoked.line;
    assert_eq!((invoked.end(), line["level"].as_str()), ("queued", Some("WARN")));
    assert_eq!(
        (invoked.error_type(), invoked.attempts()),
        ("Backend.Refused", vec!["404".to_owned()])
    );
    assert!(line["milliseconds"]["queue"].as_f64().is_some_and(|queue| queue > 0.0), "{line}");
    let ends = ["Delivered", "Skipped", "Queued", "Undelivered"].map(|end| line[end].as_u64());
    assert_eq!(ends, [Some(0), Some(0), Some(1), Some(0)]);
    for secret in ["alice", "11111111-2222", "access-key", &backend.url, &queue.url] {
        assert!(!line.to_string().contains(secret), "{secret} is in {line}");
    }
}

#[tokio::test]
async fn nothing_is_queued_of_what_is_delivered_or_skipped() {
    let (backend, queue) =
        (FaultyBackend::start([Fault::status(503)], Fault::Takes).await, Queue::new().await);
    let mut function = function(&backend, &queue, &[]).await;
    assert_eq!(function.invoke(sign_up().to_string()).await.end(), "delivered");
    let mut reset = sign_up();
    reset["triggerSource"] = "PostConfirmation_ConfirmForgotPassword".into();
    assert_eq!(function.invoke(reset.to_string()).await.end(), "skipped");
    assert_eq!(queue.count().await, 0);
}

#[tokio::test]
async fn a_mapper_that_fails_has_its_event_queued() {
    for (behaviour, error_type) in [
        ("error no-tenant", "Mapper.Failed"),
        ("panic", "Mapper.Trapped"),
        ("exit 0", "Mapper.Exited"),
        ("loop", "Mapper.TimedOut"),
        ("sleep", "Mapper.TimedOut"),
        ("allocate 1024", "Mapper.OutOfMemory"),
        ("path ../admin", "Mapper.AnswerRefused"),
    ] {
        let (backend, queue) = (FaultyBackend::start([], Fault::Takes).await, Queue::new().await);
        // Short only for those that can meet no other limit.
        let timeout = if error_type == "Mapper.TimedOut" { "300" } else { "3000" };
        let limits = [("MAPPER_TIMEOUT_MS", timeout), ("MAPPER_MEMORY_MB", "16")];
        let settings = [&[("BACKEND_API_URL", backend.url.as_str())], &limits[..]].concat();
        let settings = [&settings[..], &queue.settings()].concat();
        let mut function = Function::start(&image(MISBEHAVING), &settings).await;
        let event = behaving(behaviour).to_string();
        let invoked = function.invoke(event.clone()).await;
        assert_eq!(
            (invoked.end(), invoked.error_type()),
            ("queued", error_type),
            "{behaviour}: {}",
            invoked.line
        );
        assert_eq!(invoked.response(), event.as_bytes());

        let message = queue.message().await;
        assert_eq!(message.body, Some(event));
        assert_eq!(attribute(&message, "reason").0, error_type);
        assert_eq!(attribute(&message, "attempts"), ("0", "Number"));
        assert_eq!(backend.requests().len(), 0, "{behaviour}");
    }
}

#[tokio::test]
async fn a_backend_that_wants_to_be_left_alone_is_asked_again_later() {
    let tomorrow = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(86400));
    // SQS refuses a delay of more than 900 seconds.
    for value in ["60", "901", "18446744073709551615", &tomorrow] {
        let backend = FaultyBackend::start([], Fault::retry_after(429, value)).await;
        let queue = Queue::new().await;
        let invoked = function(&backend, &queue, &[]).await.invoke(sign_up().to_string()).await;
        assert_eq!(
            (invoked.end(), invoked.attempts()),
            ("queued", vec!["429".to_owned()]),
            "{value}"
        );
        assert_eq!((queue.count().await, queue.delayed().await), (1, 1), "{value}");
    }
}

#[tokio::test]
async fn a_user_that_neither_backend_nor_queue_takes_is_in_the_log() {
    let backend = FaultyBackend::start([], Fault::status(503)).await;
    let down = FaultyBackend::start([], Fault::Takes).await;
    down.down().await;
    let endpoint = down.url.trim_end_matches("/api/");
    let queue = Queue::new().await;
    for (on_undelivered, mode) in [
        ("accept", None),
        ("reject", None),
        ("accept", Some(Mode::Fails)),
        ("reject", Some(Mode::Resets)),
    ] {
        let proxy = Proxy::start(aws::endpoint(), mode.unwrap_or(Mode::Passes)).await;
        let endpoint = if mode.is_some() { proxy.endpoint.as_str() } else { endpoint };
        let settings =
            [("BACKEND_API_URL", backend.url.as_str()), ("ON_UNDELIVERED", on_undelivered)];
        let settings = [&settings, &queue.settings_through(endpoint)[..]].concat();
        let mut function = Function::start(&image(DEFAULT), &settings).await;
        let invoked = function.invoke(sign_up().to_string()).await;
        let error_type =
            if mode == Some(Mode::Fails) { "Queue.Unavailable" } else { "Queue.Unreachable" };
        // The last try may be cut by the end of the time.
        is_undelivered(&invoked, &[error_type, "Queue.TimedOut"]);
        assert_eq!(invoked.error_type(), "Backend.Unavailable");
        match &invoked.answer {
            Answer::Response(bytes) => {
                assert_eq!(
                    (on_undelivered, bytes.as_ref()),
                    ("accept", sign_up().to_string().as_bytes())
                );
            }
            Answer::Error(error) => {
                assert_eq!(
                    (on_undelivered, error["errorMessage"].as_str()),
                    ("reject", Some(SENTENCE))
                );
                assert_eq!(error["errorType"], "Backend.Unavailable");
            }
        }
    }
    assert_eq!(queue.count().await, 0);
}

#[tokio::test]
async fn a_queue_that_hangs_makes_no_answer_late() {
    let (backend, queue) = (FaultyBackend::start([], Fault::Hangs).await, Queue::new().await);
    let proxy = Proxy::start(aws::endpoint(), Mode::Hangs).await;
    let times = [("ANSWER_WITHIN_MS", "3500"), ("MAPPER_TIMEOUT_MS", "2000")];
    let backend_url = [("BACKEND_API_URL", backend.url.as_str())];
    let settings = [&backend_url, &times[..], &queue.settings_through(&proxy.endpoint)].concat();
    let mut function = Function::start(&image(DEFAULT), &settings).await;
    let invoked = function.invoke(sign_up().to_string()).await;
    // Who waits for what hangs would never answer, and this one stops waiting after 3.4 seconds.
    assert!(invoked.total() < COGNITO_WAITS, "{}", invoked.line);
    is_undelivered(&invoked, &["Queue.TimedOut"]);
    assert_eq!(invoked.error_type(), "Backend.TimedOut");
}

#[tokio::test]
async fn a_slow_backend_leaves_time_for_the_queue() {
    for settings in [
        &[][..],
        &[("ATTEMPT_TIMEOUT_MS", "60000"), ("MAX_ATTEMPTS", "1")],
        &[("ANSWER_WITHIN_MS", "4000"), ("MAPPER_TIMEOUT_MS", "2500")],
    ] {
        let (backend, queue) = (FaultyBackend::start([], Fault::Hangs).await, Queue::new().await);
        let mut function = function(&backend, &queue, settings).await;
        let mut ids = HashSet::new();
        for sub in ["alice", "bob"] {
            let mut event = sign_up();
            event["request"]["userAttributes"]["sub"] = sub.into();
            let invoked = function.invoke(event.to_string()).await;
            assert_eq!(invoked.error_type(), "Backend.TimedOut", "{}", invoked.line);
            if invoked.end() == "queued" {
                ids.insert(invoked.line["eventId"].as_str().unwrap().to_owned());
            } else {
                // On a busy machine the queue may need longer than its time, which is left for it
                // all the same.
                assert_eq!(invoked.line["queueErrorType"], "Queue.TimedOut", "{}", invoked.line);
                assert!(
                    invoked.line["milliseconds"]["queue"].as_f64().unwrap() > 300.0,
                    "{}",
                    invoked.line
                );
            }
        }
        let messages = queue.receive_all().await;
        let queued: HashSet<_> =
            messages.iter().map(|message| attribute(message, "event-id").0.to_owned()).collect();
        assert!(ids.is_subset(&queued), "{ids:?}, {queued:?}");
    }
}

#[tokio::test]
async fn a_queue_that_does_not_exist_refuses() {
    let (backend, mut queue) =
        (FaultyBackend::start([], Fault::status(503)).await, Queue::new().await);
    queue.url.push_str("-missing");
    let invoked = function(&backend, &queue, &[]).await.invoke(sign_up().to_string()).await;
    is_undelivered(&invoked, &["Queue.Refused"]);
}

#[tokio::test]
async fn an_event_too_large_for_the_queue_is_in_the_log() {
    let backend = FaultyBackend::start([], Fault::status(503)).await;
    let queue = Queue::new().await;
    let mut function = function(&backend, &queue, &[]).await;
    let fits = sign_up_of((1 << 20) - 1000);
    let invoked = function.invoke(fits.clone()).await;
    assert_eq!(invoked.end(), "queued", "{}", invoked.line);
    assert_eq!(queue.message().await.body, Some(fits));

    // The attributes count, which moto forgets.
    for bytes in [1 << 20, (1 << 20) + 1, 1_500_000] {
        let event = sign_up_of(bytes);
        let invoked = function.invoke(event.clone()).await;
        assert!(invoked.response() == event.as_bytes(), "{bytes}");
        is_undelivered(&invoked, &["Queue.TooLarge"]);
    }
    assert_eq!(queue.count().await, 1);
}

#[tokio::test]
async fn an_event_queued_after_a_lost_answer_arrives_once() {
    let (backend, queue) = (FaultyBackend::start([], Fault::status(503)).await, Queue::new().await);
    let proxy = Proxy::start(aws::endpoint(), Mode::LosesAnswers).await;
    let settings = [
        &[("BACKEND_API_URL", backend.url.as_str())],
        &queue.settings_through(&proxy.endpoint)[..],
    ]
    .concat();
    let mut function = Function::start(&image(DEFAULT), &settings).await;
    let invoked = function.invoke(sign_up().to_string()).await;
    // Nobody knows that the queue has it, so the line is there as well.
    is_undelivered(&invoked, &["Queue.TimedOut", "Queue.Unreachable"]);

    backend.plan([], Fault::Takes);
    proxy.until_quiet().await;
    assert!(queue.count().await >= 1);
    while let Some(redelivered) = EventSource::of(&queue).poll(&mut function).await {
        assert_eq!(redelivered.failed.len(), 0);
    }
    assert_eq!((queue.count().await, backend.times("alice")), (0, 1));
}
