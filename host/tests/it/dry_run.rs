//! A dry run: how an event would end, found out with the function's own mapper, settings and role,
//! and without a trace.

use serde_json::{Value, json};

use test_support::aws::{self, Queue};
use test_support::components::{DEFAULT, MISBEHAVING, image};
use test_support::faults::{Fault, FaultyBackend};
use test_support::function::Function;
use test_support::runtime_api::Answer;
use test_support::{behaving, sign_up};

/// What `function` answers to a dry run of `event`.
async fn dry_run(function: &mut Function, event: &Value) -> Answer {
    function.answer(json!({ "dryRun": event }).to_string(), None).await
}

/// The document of a good answer.
fn found(answer: Answer) -> Value {
    match answer {
        Answer::Response(found) => serde_json::from_slice(&found).unwrap(),
        Answer::Error(error) => panic!("{error}"),
    }
}

/// The name of an error.
fn error_type(answer: Answer) -> Value {
    match answer {
        Answer::Error(error) => error["errorType"].clone(),
        Answer::Response(found) => panic!("{found:?}"),
    }
}

#[tokio::test]
async fn a_dry_run_says_how_an_event_would_end_and_leaves_no_trace() {
    let (backend, queue) = (FaultyBackend::start([], Fault::Takes).await, Queue::new().await);
    let settings = [&[("BACKEND_API_URL", backend.url.as_str())], &queue.settings()[..]].concat();
    let mut function = Function::start(&image(MISBEHAVING), &settings).await;

    let answer = found(dry_run(&mut function, &sign_up()).await);
    assert_eq!(answer["dryRun"]["end"], "delivered");
    let answered_as = answer["dryRun"]["mapper"].as_str().unwrap().to_owned();
    let answer = found(dry_run(&mut function, &behaving("skip not-ours")).await);
    assert_eq!(
        answer["dryRun"],
        json!({ "end": "skipped", "code": "not-ours", "mapper": answered_as })
    );
    assert_eq!((backend.requests().len(), queue.count().await), (0, 0));

    // The first line of the log is the one of an event, and it has the same mapper.
    let invoked = function.invoke(sign_up().to_string()).await;
    assert_eq!(
        (invoked.end(), invoked.line["mapper"].as_str()),
        ("delivered", Some(answered_as.as_str()))
    );
    assert_eq!(backend.requests().len(), 1);
}

#[tokio::test]
async fn a_failing_dry_run_names_the_fault_and_keeps_nothing() {
    let (backend, queue) = (FaultyBackend::start([], Fault::Takes).await, Queue::new().await);
    let settings = [&[("BACKEND_API_URL", backend.url.as_str())], &queue.settings()[..]].concat();
    let mut function = Function::start(&image(MISBEHAVING), &settings).await;
    for (behaviour, expected) in [("panic", "Mapper.Trapped"), ("error no-tenant", "Mapper.Failed")]
    {
        let answer = dry_run(&mut function, &behaving(behaviour)).await;
        assert_eq!(error_type(answer), expected, "{behaviour}");
        let line = function.line().await;
        assert_eq!(
            (&line["level"], &line["message"]),
            (&json!("ERROR"), &json!("the dry run failed"))
        );
        assert_eq!(line.get("Undelivered"), None, "{line}");
    }
    assert_eq!((backend.requests().len(), queue.count().await), (0, 0));
}

#[tokio::test]
async fn a_function_without_a_mapper_fails_a_dry_run() {
    let (backend, queue) = (FaultyBackend::start([], Fault::Takes).await, Queue::new().await);
    let settings = [&[("BACKEND_API_URL", backend.url.as_str())], &queue.settings()[..]].concat();
    let mut function = Function::start("/nowhere/mapper.cwasm".as_ref(), &settings).await;
    assert_eq!(error_type(dry_run(&mut function, &sign_up()).await), "Mapper.Refused");
    assert_eq!(queue.count().await, 0);
}

#[tokio::test]
async fn a_secret_that_can_t_be_fetched_fails_a_dry_run() {
    let backend = FaultyBackend::start([], Fault::Takes).await;
    let arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:nowhere-AbCdEf";
    let settings = [("BACKEND_API_URL", backend.url.as_str()), ("BACKEND_AUTHORIZATION", arn)];
    let settings = [&settings[..], &aws::variables(aws::endpoint())].concat();
    let mut function = Function::start(&image(DEFAULT), &settings).await;
    assert_eq!(error_type(dry_run(&mut function, &sign_up()).await), "Secret.Unavailable");
    assert_eq!(backend.requests().len(), 0);
}

#[tokio::test]
async fn an_event_that_has_such_a_member_besides_its_own_is_delivered() {
    let backend = FaultyBackend::start([], Fault::Takes).await;
    let settings = [("BACKEND_API_URL", backend.url.as_str())];
    let mut function = Function::start(&image(DEFAULT), &settings).await;
    let mut event = sign_up();
    event["dryRun"] = sign_up();
    let invoked = function.invoke(event.to_string()).await;
    assert_eq!(
        (invoked.end(), invoked.response().as_ref()),
        ("delivered", event.to_string().as_bytes())
    );
    assert_eq!(backend.requests().len(), 1);
}
