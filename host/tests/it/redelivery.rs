//! The same function behind the queue: what it could not deliver is delivered later, once, and what
//! can't be delivered fails alone.

mod portions;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::Value;
use tokio::sync::Barrier;

use test_support::aws::{Queue, attribute};
use test_support::components::{DEFAULT, MISBEHAVING, image};
use test_support::event_source::EventSource;
use test_support::faults::{Fault, FaultyBackend};
use test_support::function::{COGNITO_WAITS, Function};
use test_support::{behaving, sign_up};

/// An id as the host makes them.
fn id(number: usize) -> String {
    format!("evt_{number:032x}")
}

/// A sign-up of this user with this behaviour.
fn of(user: &str, behaviour: &str) -> Value {
    let mut event = behaving(behaviour);
    event["userName"] = user.into();
    event["request"]["userAttributes"]["sub"] = user.into();
    event
}

/// A function with this mapper, backend and queue.
async fn function(package: &str, backend: &FaultyBackend, queue: &Queue) -> Function {
    let backend = [("BACKEND_API_URL", backend.url.as_str())];
    Function::start(&image(package), &[&backend, &queue.settings()[..]].concat()).await
}

#[tokio::test]
async fn of_a_batch_only_what_is_bad_stays_in_the_queue() {
    let (backend, queue) = (FaultyBackend::start([], Fault::Takes).await, Queue::new().await);
    let mut function = function(MISBEHAVING, &backend, &queue).await;
    let bodies = [
        (of("alice", "good").to_string(), "delivered", None),
        (of("bob", "error no-tenant").to_string(), "queued", Some("Mapper.Failed")),
        (of("carol", "skip not-ours").to_string(), "skipped", None),
        ("this is not JSON".to_owned(), "queued", Some("Queue.RecordUnreadable")),
        (of("dave", "panic").to_string(), "queued", Some("Mapper.Trapped")),
        (of("erin", "good").to_string(), "delivered", None),
    ];
    for (number, (body, ..)) in bodies.iter().enumerate() {
        queue.send(body, Some(&id(number))).await;
    }
    let redelivered = EventSource::of(&queue).poll(&mut function).await.unwrap();
    assert_eq!((redelivered.lines.len(), redelivered.failed.len()), (6, 3));
    for (number, (message, (_, end, error_type))) in
        redelivered.messages.iter().zip(&bodies).enumerate()
    {
        let line = redelivered.line(message);
        assert_eq!(
            (line["end"].as_str(), line["errorType"].as_str()),
            (Some(*end), *error_type),
            "{line}"
        );
        assert_eq!(
            (line["eventId"].as_str(), line["receiveCount"].as_u64()),
            (Some(id(number).as_str()), Some(1))
        );
        assert_eq!(redelivered.failed.contains(message), *end == "queued", "{line}");
    }
    // Nothing was put into the queue again: what is there never left it.
    let mut stayed = queue.receive_all().await;
    stayed.retain(|message| redelivered.failed.contains(message.message_id.as_ref().unwrap()));
    assert_eq!((stayed.len(), queue.count().await), (3, 3));
    assert_eq!(
        (backend.times("alice"), backend.times("erin"), backend.requests().len()),
        (1, 1, 2)
    );
    assert_eq!(backend.keys().iter().filter(|key| **key == id(0) || **key == id(5)).count(), 2);
}

#[tokio::test]
async fn what_was_redelivered_in_vain_too_often_is_a_dead_letter() {
    let backend = FaultyBackend::start([], Fault::Takes).await;
    let (queue, dead) = Queue::with_dead_letters(3).await;
    let mut function = function(MISBEHAVING, &backend, &queue).await;
    let event = of("alice", "panic").to_string();
    let invoked = function.invoke(event.clone()).await;
    assert_eq!(invoked.end(), "queued");

    let source = EventSource::of(&queue);
    let mut counts = Vec::new();
    while let Some(redelivered) = source.poll(&mut function).await {
        assert_eq!(
            (redelivered.failed.len(), &redelivered.lines[0]["end"]),
            (1, &Value::from("queued"))
        );
        assert!(!redelivered.lines[0].to_string().contains("alice"));
        counts.push(redelivered.lines[0]["receiveCount"].as_u64().unwrap());
    }
    assert_eq!((counts, queue.count().await), (vec![1, 2, 3], 0));
    let message = dead.message().await;
    assert_eq!(message.body, Some(event));
    assert_eq!(attribute(&message, "event-id").0, invoked.line["eventId"].as_str().unwrap());
    assert_eq!(attribute(&message, "reason").0, "Mapper.Trapped");
}

#[tokio::test]
async fn a_user_whose_mapper_was_mended_arrives_once() {
    let (backend, queue) = (FaultyBackend::start([], Fault::Takes).await, Queue::new().await);
    let mut broken = function(MISBEHAVING, &backend, &queue).await;
    let invoked = broken.invoke(of("alice", "panic").to_string()).await;
    // Cognito calls again if it has waited too long.
    let again = broken.invoke(of("alice", "panic").to_string()).await;
    assert_eq!((invoked.end(), again.end(), queue.count().await), ("queued", "queued", 2));
    let source = EventSource::of(&queue);
    assert_eq!(source.poll(&mut broken).await.unwrap().failed.len(), 2);
    assert_eq!(backend.requests().len(), 0);

    let mut mended = function(DEFAULT, &backend, &queue).await;
    let redelivered = source.poll(&mut mended).await.unwrap();
    assert_eq!(redelivered.failed.len(), 0);
    assert!(
        redelivered.lines.iter().all(|line| line["receiveCount"] == 2),
        "{:?}",
        redelivered.lines
    );
    assert_eq!((queue.count().await, backend.times("alice")), (0, 1));
    let id = invoked.line["eventId"].as_str().unwrap();
    assert_eq!(backend.keys(), [id, id]);
}

#[tokio::test]
async fn a_password_reset_keeps_its_id_until_it_is_delivered() {
    let (backend, queue) = (FaultyBackend::start([], Fault::status(503)).await, Queue::new().await);
    let mut function = function(MISBEHAVING, &backend, &queue).await;
    let mut reset = of("alice", "good");
    reset["triggerSource"] = "PostConfirmation_ConfirmForgotPassword".into();
    let invoked = function.invoke(reset.to_string()).await;
    assert_eq!(invoked.end(), "queued");

    let source = EventSource::of(&queue);
    assert_eq!(source.poll(&mut function).await.unwrap().failed.len(), 1);
    backend.plan([], Fault::Takes);
    let redelivered = source.poll(&mut function).await.unwrap();
    assert_eq!(redelivered.lines[0]["eventId"], invoked.line["eventId"]);
    assert_eq!(backend.times("alice"), 1);
    let keys = backend.keys();
    assert!(
        keys.len() > 3
            && keys.iter().all(|key| Some(key.as_str()) == invoked.line["eventId"].as_str()),
        "{keys:?}"
    );
}

#[tokio::test]
async fn an_event_that_was_put_into_the_queue_by_hand_has_one_id() {
    let (backend, queue) = (FaultyBackend::start([], Fault::Takes).await, Queue::new().await);
    let mut function = function(DEFAULT, &backend, &queue).await;
    let delivered = function.invoke(sign_up().to_string()).await;
    // Neither without an id nor with one that is not the host's own is the sign-up another one.
    for event_id in [None, Some("alice@example.com"), Some("evt_short")] {
        queue.send(&sign_up().to_string(), event_id).await;
    }
    let redelivered = EventSource::of(&queue).poll(&mut function).await.unwrap();
    assert_eq!(redelivered.failed.len(), 0);
    assert!(redelivered.lines.iter().all(|line| line["eventId"] == delivered.line["eventId"]));
    assert_eq!(backend.times("alice"), 1);
}

#[tokio::test]
async fn a_whole_batch_reaches_a_slow_backend_in_one_invocation() {
    // It takes nobody before all have come, so one after the other none would be taken.
    let slow = Fault::TakesTogether(Arc::new(Barrier::new(10)));
    let (backend, queue) = (FaultyBackend::start([], slow).await, Queue::new().await);
    let mut function = function(DEFAULT, &backend, &queue).await;
    let users: Vec<String> = (0..10).map(|number| format!("user-{number}")).collect();
    for (number, user) in users.iter().enumerate() {
        queue.send(&of(user, "good").to_string(), Some(&id(number))).await;
    }
    let redelivered = EventSource::of(&queue).poll(&mut function).await.unwrap();
    assert_eq!(
        (redelivered.messages.len(), redelivered.failed.len()),
        (10, 0),
        "{:?}",
        redelivered.lines
    );
    assert!(users.iter().all(|user| backend.times(user) == 1));
    assert_eq!(queue.count().await, 0);
}

#[tokio::test]
async fn a_batch_is_answered_before_lambda_ends_the_invocation() {
    let (backend, queue) = (FaultyBackend::start([], Fault::Hangs).await, Queue::new().await);
    let settings = [("BACKEND_API_URL", backend.url.as_str()), ("ATTEMPT_TIMEOUT_MS", "60000")];
    let mut function =
        Function::start(&image(DEFAULT), &[&settings, &queue.settings()[..]].concat()).await;
    for number in 0..10 {
        queue.send(&of(&format!("user-{number}"), "good").to_string(), Some(&id(number))).await;
    }
    let source = EventSource { timeout: Duration::from_millis(2000), ..EventSource::of(&queue) };
    let redelivered = source.poll(&mut function).await.unwrap();
    assert_eq!((redelivered.messages.len(), redelivered.failed.len()), (10, 10));
    for line in &redelivered.lines {
        assert_eq!(line["end"], "queued");
        // Not a measurement: the time of an event, which is no batch's, would take 4746, and one
        // attempt a minute.
        assert!(line["milliseconds"]["total"].as_f64().unwrap() < 4700.0, "{line}");
        assert!(
            ["Backend.TimedOut", "Host.OutOfTime"].contains(&line["errorType"].as_str().unwrap()),
            "{line}"
        );
    }

    // Nothing of it is in the way of the next event.
    backend.plan([], Fault::Takes);
    assert_eq!(function.invoke(sign_up().to_string()).await.end(), "delivered");
}

#[tokio::test]
async fn a_batch_may_take_longer_than_cognito_would_wait() {
    let (backend, queue) = (
        FaultyBackend::start([Fault::Hangs, Fault::Hangs], Fault::Takes).await,
        Queue::new().await,
    );
    let settings = [("BACKEND_API_URL", backend.url.as_str()), ("ATTEMPT_TIMEOUT_MS", "3000")];
    let mut function =
        Function::start(&image(DEFAULT), &[&settings, &queue.settings()[..]].concat()).await;
    queue.send(&of("alice", "good").to_string(), Some(&id(1))).await;
    let redelivered = EventSource::of(&queue).poll(&mut function).await.unwrap();
    assert_eq!(
        (redelivered.failed.len(), backend.times("alice")),
        (0, 1),
        "{:?}",
        redelivered.lines
    );
    assert!(
        redelivered.lines[0]["milliseconds"]["total"].as_f64().unwrap() > COGNITO_WAITS,
        "{:?}",
        redelivered.lines
    );
}

#[tokio::test]
async fn the_same_event_in_three_processes_at_a_time_is_one_user() {
    let slow = Fault::TakesAfter(Duration::from_millis(300));
    let (backend, queue) = (FaultyBackend::start([], slow).await, Queue::new().await);
    let mut functions = Vec::new();
    for _ in 0..3 {
        functions.push(function(DEFAULT, &backend, &queue).await);
    }
    let event = sign_up().to_string();
    let invoked =
        join_all(functions.iter_mut().map(|function| function.invoke(event.clone()))).await;
    assert!(invoked.iter().all(|invoked| invoked.end() == "delivered"), "{invoked:?}");
    assert!(
        invoked.iter().all(|other| other.line["eventId"] == invoked[0].line["eventId"]),
        "{invoked:?}"
    );
    assert_eq!((backend.requests().len(), backend.times("alice")), (3, 1));
}

#[tokio::test]
async fn users_pools_sources_and_resets_have_ids_of_their_own() {
    let (backend, queue) = (FaultyBackend::start([], Fault::Takes).await, Queue::new().await);
    let mut function = function(MISBEHAVING, &backend, &queue).await;
    let changed = |change: fn(&mut Value)| {
        let mut event = sign_up();
        change(&mut event);
        event
    };
    let reset = |event: &mut Value| {
        event["triggerSource"] = "PostConfirmation_ConfirmForgotPassword".into()
    };
    let events = [
        sign_up(),
        changed(|event| event["request"]["userAttributes"]["sub"] = "another".into()),
        changed(|event| event["userPoolId"] = "eu-central-1_Another".into()),
        changed(reset),
        changed(reset),
    ];
    let mut ids = Vec::new();
    for event in events {
        ids.push(
            function.invoke(event.to_string()).await.line["eventId"].as_str().unwrap().to_owned(),
        );
    }
    // Neither a name nor any other attribute makes a sign-up another one.
    let renamed = changed(|event| event["userName"] = "bob".into());
    assert_eq!(function.invoke(renamed.to_string()).await.line["eventId"], ids[0].as_str());
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 5, "{ids:?}");
}

#[tokio::test]
async fn a_record_that_is_no_event_stays_whatever_json_it_is() {
    let (backend, queue) = (FaultyBackend::start([], Fault::Takes).await, Queue::new().await);
    let mut function = function(DEFAULT, &backend, &queue).await;
    let event = of("alice", "good");
    let wrapped = |name: &str| serde_json::json!({ name: event }).to_string();
    let inside_text = Value::from(event.to_string()).to_string();
    let bodies = [
        "null",
        "[]",
        "{}",
        "7",
        &wrapped("Message"),
        &wrapped("detail"),
        &wrapped("requestPayload"),
        &inside_text,
    ];
    for body in bodies {
        queue.send(body, None).await;
    }
    let redelivered = EventSource::of(&queue).poll(&mut function).await.unwrap();
    assert_eq!((redelivered.failed.len(), backend.requests().len()), (bodies.len(), 0));
    assert!(redelivered.lines.iter().all(|line| line["errorType"] == "Queue.RecordUnreadable"));
}

#[tokio::test]
async fn a_record_whose_request_hangs_keeps_no_other_waiting() {
    let queue = Queue::new().await;
    // The first request hangs until all others have come.
    let last = Arc::new(Barrier::new(2));
    let backend = FaultyBackend::start([Fault::TakesTogether(last.clone())], Fault::Takes).await;
    let settings = [("BACKEND_API_URL", backend.url.as_str()), ("ATTEMPT_TIMEOUT_MS", "60000")];
    let mut function =
        Function::start(&image(DEFAULT), &[&settings, &queue.settings()[..]].concat()).await;
    let records: Vec<Value> =
        (0..24).map(|number| record(number, &of(&format!("user-{number}"), "good"))).collect();
    let let_go = async {
        backend.until_requests(24).await;
        last.wait().await;
    };
    let (batch, ()) =
        tokio::join!(function.invoke_batch(&records, Duration::from_secs(25)), let_go);
    let delivered = batch.lines.iter().filter(|line| line["end"] == "delivered").count();
    assert_eq!(
        (delivered, batch.lines.len(), backend.requests().len()),
        (24, 24, 24),
        "{:?}",
        batch.lines
    );
}

#[tokio::test]
async fn records_whose_mapper_loops_keep_no_other_waiting() {
    let (backend, queue) = (FaultyBackend::start([], Fault::Takes).await, Queue::new().await);
    let mut function = function(MISBEHAVING, &backend, &queue).await;
    let good = |number: usize| number == 0 || number == 4;
    let records: Vec<Value> = (0..5)
        .map(|number| {
            record(
                number,
                &of(&format!("user-{number}"), if good(number) { "good" } else { "loop" }),
            )
        })
        .collect();
    // Each has two seconds of the half in which they are mapped.
    let batch = function.invoke_batch(&records, Duration::from_secs(16)).await;
    for line in &batch.lines {
        let number: usize = line["messageId"].as_str().unwrap().parse().unwrap();
        let end = if good(number) { "delivered" } else { "queued" };
        assert_eq!(
            (line["end"].as_str(), line["attempts"].as_array().unwrap().len()),
            (Some(end), usize::from(good(number)))
        );
    }
    assert_eq!(backend.requests().len(), 2);
}

/// A record of a batch, for what no queue of the tests hands over at a time.
pub fn record(number: usize, event: &Value) -> Value {
    serde_json::json!({
        "messageId": number.to_string(),
        "body": event.to_string(),
        "attributes": { "ApproximateReceiveCount": "1" },
        "messageAttributes": {},
        "eventSource": "aws:sqs",
    })
}
