//! `mapper run --send` with a mapper that has a follow-up.

use std::process::Command;
use std::time::{Duration, SystemTime};

use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::super::{Folder, ends, wasm};
use test_support::backend::{Answer, Backend};
use test_support::components::MISBEHAVING;

/// `mapper run --send` of the case `one` to `backend`.
fn send(folder: &Folder, backend: &Backend, more: &[&str]) -> Command {
    let run = ["run", "cases/one.event.json", "--send", "--mapper"];
    let mut run = folder.mapper(&[&run[..], &[&wasm(MISBEHAVING)], more].concat());
    run.env("BACKEND_API_URL", &backend.url);
    run
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_is_sent_comes_now() {
    let folder = Folder::new();
    let backend = Backend::start().await;
    folder.concludes("one", "set-received custom:at");
    // What is sent to a backend is no test, whenever the case came.
    folder.write("cases/one.received-at.json", "\"2026-02-03T04:05:06.789Z\"");
    // The time of an event has whole milliseconds.
    let before = SystemTime::now() - Duration::from_millis(1);
    let shown = ends(&mut send(&folder, &backend, &["--json"]), 0).json();
    let at = shown["effects"]["attributes"]["custom:at"].as_str().unwrap();
    let at = SystemTime::from(OffsetDateTime::parse(at, &Rfc3339).unwrap());
    assert!((before..=SystemTime::now()).contains(&at), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn effects_that_are_refused_do_not_hide_the_delivery() {
    let folder = Folder::new();
    let backend = Backend::start().await;
    folder.concludes("one", "set email_verified=true");
    ends(&mut send(&folder, &backend, &[]), 1).shows(&[
        "failed   Effect.NotAllowed: ",
        "effect 1 sets the attribute \"email_verified\" to \"true\"\n",
        "answer   201: the user is at the backend\n",
    ]);
    let shown = ends(&mut send(&folder, &backend, &["--json"]), 1).json();
    assert_eq!(shown["delivered"], 201);
    assert_eq!(shown["failed"]["errorType"], "Effect.NotAllowed");

    // So does an error of the follow-up, and an answer that it can't get.
    folder.concludes("one", "error not-yet");
    let shown = ends(&mut send(&folder, &backend, &["--json"]), 1).json();
    assert_eq!(
        (&shown["delivered"], &shown["failed"]["errorType"]),
        (&json!(201), &json!("Mapper.Failed"))
    );
    let backend = Backend::answering(Answer::Long(64 * 1024 + 1)).await;
    let shown = ends(&mut send(&folder, &backend, &["--json"]), 1).json();
    let error = &shown["failed"]["errorType"];
    assert_eq!((&shown["delivered"], error), (&json!(201), &json!("Backend.AnswerTooLarge")));

    let backend = Backend::answering(Answer::Status(404)).await;
    let shown = ends(&mut send(&folder, &backend, &["--json"]), 1).json();
    assert_eq!((shown.get("delivered"), shown.get("followUp")), (None, None));
}
