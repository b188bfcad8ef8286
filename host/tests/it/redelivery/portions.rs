//! A batch may be of any size and its requests as large as may be: memory stays within a bound, and
//! each is delivered.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use super::{of, record};
use test_support::aws;
use test_support::backend::{Answer, Backend};
use test_support::components::{MISBEHAVING, image};
use test_support::faults::{Fault, FaultyBackend};
use test_support::function::Function;
use test_support::{behaving, resident_bound};

/// Far longer than any batch here takes, so that no share of it is short.
const LONG: Duration = Duration::from_secs(300);
/// What a function with one portion, the attempts of ten requests of 1 MiB, and a sandbox takes.
const BOUND: u64 = 32;

/// A function whose mapper does what its events ask for, with time for it on a busy machine.
async fn function(url: &str, settings: &[(&str, &str)]) -> Function {
    let common =
        [("BACKEND_API_URL", url), ("MAPPER_TIMEOUT_MS", "4000"), ("ATTEMPT_TIMEOUT_MS", "60000")];
    Function::start(&image(MISBEHAVING), &[&common, settings].concat()).await
}

/// Settings with which the mapper's follow-up is called. It wants nothing, so nobody is asked.
fn writing() -> Vec<(&'static str, &'static str)> {
    [&[("COGNITO_GROUPS", "members")], &aws::variables("http://127.0.0.1:9")[..]].concat()
}

/// So many records, each of whose requests has a body of so many bytes.
fn records(count: usize, bytes: usize) -> Vec<Value> {
    let behaviour = format!("body {bytes}");
    (0..count).map(|number| record(number, &of(&format!("user-{number}"), &behaviour))).collect()
}

#[tokio::test]
async fn a_batch_of_any_size_is_delivered_in_the_same_memory() {
    for (count, bytes) in [(100, 1 << 20), (400, 1 << 18)] {
        let backend = Backend::start().await;
        let mut function = function(&backend.url, &[]).await;
        let batch = function.invoke_batch(&records(count, bytes), LONG).await;
        assert!(batch.lines.iter().all(|line| line["end"] == "delivered"), "{:?}", batch.lines);
        let requests = backend.requests();
        let keys: BTreeSet<_> =
            requests.iter().map(|request| request.headers["idempotency-key"].clone()).collect();
        assert_eq!((requests.len(), keys.len()), (count, count));
        let peak = function.peak_kilobytes();
        println!("{count} records of {bytes} bytes: at most {peak} KB resident");
        assert!(peak < resident_bound(BOUND), "{peak} KB");
    }
}

#[tokio::test]
async fn the_answers_of_a_batch_are_held_in_the_same_memory() {
    let backend = Backend::answering(Answer::Long(64 * 1024)).await;
    let mut function = function(&backend.url, &writing()).await;
    let batch = function.invoke_batch(&records(1000, 10), LONG).await;
    // The follow-up was called each time.
    let done = serde_json::json!({ "attributes": 0, "groups": 0 });
    assert!(batch.lines.iter().all(|line| line["effects"] == done), "{:?}", batch.lines);
    let peak = function.peak_kilobytes();
    println!("1000 answers of 64 KiB: at most {peak} KB resident");
    assert!(peak < resident_bound(BOUND), "{peak} KB");
}

#[tokio::test]
async fn a_shadow_keeps_a_sample_of_a_batch_in_the_same_memory() {
    let (backend, shadow) = (Backend::start().await, image(MISBEHAVING));
    let mut function =
        function(&backend.url, &[("SHADOW_MAPPER_IMAGE", shadow.to_str().unwrap())]).await;
    let batch = function.invoke_batch(&records(100, 1 << 20), LONG).await;
    assert!(batch.lines.iter().all(|line| line["end"] == "delivered"), "{:?}", batch.lines);
    // The next event is asked for when the shadow has seen what was left of the batch.
    function.response_to(behaving("good").to_string()).await;
    let mut compared = 0;
    while function.line().await["end"].is_null() {
        compared += 1;
    }
    let peak = function.peak_kilobytes();
    println!("{compared} of 100 compared: at most {peak} KB resident");
    assert!(
        (1..10).contains(&compared) && peak < resident_bound(BOUND + 8),
        "{compared}, {peak} KB"
    );
}

#[tokio::test]
async fn a_request_that_hangs_keeps_no_other_portion_waiting() {
    let backend = FaultyBackend::start([Fault::Hangs], Fault::Takes).await;
    let mut function = function(&backend.url, &[]).await;
    let batch = function.invoke_batch(&records(24, 1 << 20), Duration::from_secs(12)).await;
    let delivered = batch.lines.iter().filter(|line| line["end"] == "delivered").count();
    assert_eq!((delivered, batch.lines.len()), (23, 24), "{:?}", batch.lines);
}

#[tokio::test]
async fn a_request_that_hangs_leaves_the_others_time_for_effects() {
    let backend = FaultyBackend::start([Fault::Hangs], Fault::Takes).await;
    let mut function = function(&backend.url, &writing()).await;
    let batch = function.invoke_batch(&records(10, 10), Duration::from_secs(12)).await;
    let delivered = batch.lines.iter().filter(|line| line["end"] == "delivered").count();
    assert_eq!((delivered, batch.lines.len()), (9, 10), "{:?}", batch.lines);
}

#[tokio::test]
async fn what_is_bad_in_a_later_portion_stays_alone() {
    let backend = Backend::start().await;
    let mut function = function(&backend.url, &[]).await;
    let mut records = records(20, 1 << 20);
    records[15] = record(15, &of("user-15", "panic"));
    records[18] = record(18, &of("user-18", "error no-tenant"));
    let batch = function.invoke_batch(&records, LONG).await;
    let queued: BTreeSet<&str> =
        batch.lines.iter().filter(|line| line["end"] == "queued").map(message_id).collect();
    assert_eq!((queued, backend.requests().len()), (BTreeSet::from(["15", "18"]), 18));
    assert_eq!(batch.failed(), BTreeSet::from(["15".to_owned(), "18".to_owned()]));
}

fn message_id(line: &Value) -> &str {
    line["messageId"].as_str().unwrap()
}
