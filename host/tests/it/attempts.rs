//! How often the backend is asked, after which failures, and that it can always tell a repetition
//! from a new user.

use std::time::{Duration, SystemTime};

use test_support::aws;
use test_support::components::{DEFAULT, MISBEHAVING, image};
use test_support::faults::{Fault, FaultyBackend};
use test_support::function::{COGNITO_WAITS, Function, Invoked};
use test_support::processor::Share;
use test_support::tls::TlsBackend;
use test_support::{behaving, sign_up};

/// An attempt that hangs so long leaves as much time for another one.
const HALF: [(&str, &str); 1] = [("ATTEMPT_TIMEOUT_MS", "2000")];

/// A function with the default mapper, this backend and these settings.
async fn function(url: &str, settings: &[(&str, &str)]) -> Function {
    Function::start(&image(DEFAULT), &[&[("BACKEND_API_URL", url)], settings].concat()).await
}

/// One sign-up to this backend with these settings.
async fn deliver(backend: &FaultyBackend, settings: &[(&str, &str)]) -> Invoked {
    let mut function = function(&backend.url, settings).await;
    let invoked = function.invoke(sign_up().to_string()).await;
    assert_eq!(invoked.response(), sign_up().to_string().as_bytes());
    invoked
}

/// Checks that every attempt was the same request with the id of the event.
fn all_are_the_same(backend: &FaultyBackend, invoked: &Invoked) {
    let requests = backend.requests();
    for request in &requests {
        for name in ["idempotency-key", "webhook-id"] {
            assert_eq!(request.header(name), invoked.line["eventId"].as_str().unwrap(), "{name}");
        }
        assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/api/users/"));
        assert_eq!(request.body, requests[0].body);
    }
}

#[tokio::test]
async fn a_retry_after_a_short_failure_has_the_same_id() {
    for (fault, first, second) in [
        (Fault::ResetsUnread, "Backend.Unreachable", "201"),
        (Fault::Resets, "Backend.Unreachable", "201"),
        (Fault::Closes, "Backend.Unreachable", "201"),
        (Fault::Hangs, "Backend.TimedOut", "201"),
        // This one takes the user, but says so too slowly.
        (Fault::Drips, "Backend.TimedOut", "409"),
        (Fault::HangsInBody(503), "503", "201"),
        (Fault::status(408), "408", "201"),
        (Fault::status(425), "425", "201"),
        (Fault::status(429), "429", "201"),
        (Fault::status(500), "500", "201"),
        (Fault::status(502), "502", "201"),
        (Fault::status(503), "503", "201"),
        (Fault::status(504), "504", "201"),
    ] {
        let backend = FaultyBackend::start([fault.clone()], Fault::Takes).await;
        let invoked = deliver(&backend, &HALF).await;
        assert_eq!(
            (invoked.end(), invoked.error_type()),
            ("delivered", "none"),
            "{fault:?}: {}",
            invoked.line
        );
        assert_eq!(invoked.attempts(), [first, second], "{fault:?}");
        assert_eq!(backend.times("alice"), 1, "{fault:?}");
        all_are_the_same(&backend, &invoked);
    }
}

#[tokio::test]
async fn a_user_whose_answer_was_lost_is_at_the_backend_once() {
    for fault in
        [Fault::Resets, Fault::Closes, Fault::Hangs, Fault::status(500), Fault::HangsInBody(504)]
    {
        let backend = FaultyBackend::start([fault.clone().taken()], Fault::Takes).await;
        let invoked = deliver(&backend, &HALF).await;
        assert_eq!(
            (invoked.end(), invoked.line["status"].as_u64()),
            ("delivered", Some(409)),
            "{fault:?}"
        );
        assert_eq!((backend.requests().len(), backend.times("alice")), (2, 1), "{fault:?}");
        all_are_the_same(&backend, &invoked);
    }
}

#[tokio::test]
async fn a_failure_that_lasts_is_met_three_times_and_named() {
    for (fault, attempt, error_type) in [
        (Fault::ResetsUnread, "Backend.Unreachable", "Backend.Unreachable"),
        (Fault::Resets, "Backend.Unreachable", "Backend.Unreachable"),
        (Fault::Closes, "Backend.Unreachable", "Backend.Unreachable"),
        (Fault::Hangs, "Backend.TimedOut", "Backend.TimedOut"),
        (Fault::status(503), "503", "Backend.Unavailable"),
    ] {
        let backend = FaultyBackend::start([], fault.clone()).await;
        // Short only if nothing else can come of an attempt.
        let short = [("ATTEMPT_TIMEOUT_MS", "500")];
        let invoked =
            deliver(&backend, if attempt == "Backend.TimedOut" { &short } else { &HALF }).await;
        assert_eq!((invoked.end(), invoked.error_type()), ("undelivered", error_type), "{fault:?}");
        assert_eq!(invoked.attempts(), [attempt; 3], "{fault:?}");
        all_are_the_same(&backend, &invoked);
    }
}

#[tokio::test]
async fn the_last_of_different_failures_is_the_one_that_is_named() {
    let backend =
        FaultyBackend::start([Fault::Resets, Fault::status(503)], Fault::status(404)).await;
    let invoked = deliver(&backend, &[]).await;
    assert_eq!((invoked.end(), invoked.error_type()), ("undelivered", "Backend.Refused"));
    assert_eq!(invoked.attempts(), ["Backend.Unreachable", "503", "404"]);
}

#[tokio::test]
async fn a_backend_that_refuses_connections_is_asked_again() {
    let backend = FaultyBackend::start([], Fault::Takes).await;
    backend.down().await;
    let invoked = deliver(&backend, &[]).await;
    assert_eq!((invoked.end(), invoked.error_type()), ("undelivered", "Backend.Unreachable"));
    assert_eq!(invoked.attempts(), ["Backend.Unreachable"; 3]);

    backend.up();
    assert_eq!(deliver(&backend, &[]).await.attempts(), ["201"]);
}

#[tokio::test]
async fn a_backend_that_is_not_trusted_is_asked_again() {
    let backend = TlsBackend::start().await;
    let invoked = function(&backend.url, &[]).await.invoke(sign_up().to_string()).await;
    assert_eq!((invoked.end(), invoked.error_type()), ("undelivered", "Backend.Unreachable"));
    assert_eq!(invoked.attempts(), ["Backend.Unreachable"; 3]);
}

#[tokio::test]
async fn a_status_that_no_repetition_changes_is_met_once() {
    let elsewhere = FaultyBackend::start([], Fault::Takes).await;
    let location = Some(("location", format!("{}users/", elsewhere.url)));
    for status in [301, 302, 303, 307, 308] {
        let backend =
            FaultyBackend::start([Fault::Answers(status, location.clone())], Fault::Takes).await;
        let invoked = deliver(&backend, &[]).await;
        assert_eq!(
            (invoked.end(), invoked.error_type()),
            ("undelivered", "Backend.Refused"),
            "{status}"
        );
        assert_eq!(invoked.attempts(), [status.to_string()]);
    }
    assert_eq!(elsewhere.requests().len(), 0);
    for status in [400, 401, 403, 404, 410, 422, 501] {
        let backend = FaultyBackend::start([Fault::status(status)], Fault::Takes).await;
        let invoked = deliver(&backend, &[("BACKEND_AUTHORIZATION", "Bearer t-0-k-e-n")]).await;
        assert_eq!(
            (invoked.end(), invoked.error_type()),
            ("undelivered", "Backend.Refused"),
            "{status}"
        );
        assert_eq!(invoked.attempts(), [status.to_string()]);
    }
}

#[tokio::test]
async fn a_conflict_is_final_unless_the_mapper_accepts_it() {
    for (behaviour, end) in [("good", "undelivered"), ("accept 409", "delivered")] {
        let backend = FaultyBackend::start([Fault::status(409)], Fault::Takes).await;
        let mut function =
            Function::start(&image(MISBEHAVING), &[("BACKEND_API_URL", &backend.url)]).await;
        let invoked = function.invoke(behaving(behaviour).to_string()).await;
        assert_eq!(
            (invoked.end(), invoked.attempts()),
            (end, vec!["409".to_owned()]),
            "{behaviour}"
        );
    }
}

#[tokio::test]
async fn an_answer_whose_body_hangs_counts_by_its_status() {
    let backend = FaultyBackend::start([Fault::HangsInBody(201)], Fault::Takes).await;
    let invoked = deliver(&backend, &[]).await;
    assert_eq!((invoked.end(), invoked.attempts()), ("delivered", vec!["201".to_owned()]));
}

#[tokio::test]
async fn a_slow_answer_is_taken_where_there_is_time_for_it() {
    let backend = FaultyBackend::start([Fault::TakesBitByBit], Fault::Takes).await;
    let invoked = deliver(&backend, &[("ATTEMPT_TIMEOUT_MS", "60000")]).await;
    assert_eq!((invoked.end(), invoked.attempts()), ("delivered", vec!["201".to_owned()]));
}

#[tokio::test]
async fn as_many_attempts_are_made_as_are_set() {
    for attempts in [1, 2, 5] {
        let setting = attempts.to_string();
        let backend = FaultyBackend::start([], Fault::status(503)).await;
        let invoked = deliver(&backend, &[("MAX_ATTEMPTS", &setting)]).await;
        assert_eq!((invoked.end(), backend.requests().len()), ("undelivered", attempts));

        // The last of them counts.
        let failures = vec![Fault::status(503); attempts - 1];
        let backend = FaultyBackend::start(failures, Fault::Takes).await;
        let invoked = deliver(&backend, &[("MAX_ATTEMPTS", &setting)]).await;
        assert_eq!((invoked.end(), backend.requests().len()), ("delivered", attempts));
    }
}

#[tokio::test]
async fn no_attempt_is_begun_that_could_not_finish() {
    // Of the 4.7 seconds, the first leaves less than half a second at once, or time for two more.
    for (timeout, attempts) in [("4300", 1), ("600", 3)] {
        let backend = FaultyBackend::start([], Fault::Hangs).await;
        let invoked = deliver(&backend, &[("ATTEMPT_TIMEOUT_MS", timeout)]).await;
        assert_eq!(
            (invoked.error_type(), invoked.attempts().len()),
            ("Backend.TimedOut", attempts),
            "{}",
            invoked.line
        );
    }
}

#[tokio::test]
async fn a_slow_cold_start_is_in_time_although_the_backend_hangs() {
    let backend = FaultyBackend::start([], Fault::Hangs).await;
    // A queue that hangs as well, so that all the time there is gets used up.
    let queue = FaultyBackend::start([], Fault::Hangs).await;
    let queue_url = format!("{}undelivered", queue.url);
    let aws = aws::variables(&queue.url);
    // Two attempts, of which the first leaves more than a second for the start.
    let settings = [
        ("BACKEND_API_URL", backend.url.as_str()),
        ("UNDELIVERED_QUEUE_URL", &queue_url),
        ("ANSWER_WITHIN_MS", "4500"),
        ("ATTEMPT_TIMEOUT_MS", "1500"),
    ];
    let settings = [&settings[..], &aws].concat();
    let image = image(DEFAULT);
    let share = Share::of(70);
    let mut function = match &share {
        Some(share) => Function::with_share(share, &image, &settings).await,
        None => {
            println!(
                "this machine does not let us limit a process's share of a processor; it has all of it"
            );
            Function::start(&image, &settings).await
        }
    };
    let invoked = function.invoke(sign_up().to_string()).await;
    // Who waits for what hangs would never answer, and this one stops waiting after 4.4 seconds.
    assert!(invoked.total() < COGNITO_WAITS, "{}", invoked.line);
    assert_eq!((invoked.end(), invoked.error_type()), ("undelivered", "Backend.TimedOut"));
    assert_eq!(
        (&invoked.line["queueErrorType"], &invoked.line["coldStart"]),
        (&"Queue.TimedOut".into(), &true.into())
    );
    assert_eq!(invoked.attempts().len(), 2);
}

#[tokio::test]
async fn a_backend_is_left_alone_for_the_seconds_that_it_asks_for() {
    for status in [429, 503] {
        let backend = FaultyBackend::start([Fault::retry_after(status, 1)], Fault::Takes).await;
        let invoked = deliver(&backend, &[]).await;
        assert_eq!(
            (invoked.end(), invoked.attempts()),
            ("delivered", vec![status.to_string(), "201".to_owned()])
        );
        let requests = backend.requests();
        let pause = requests[1].at.duration_since(requests[0].at).unwrap();
        assert!(pause >= Duration::from_secs(1), "{pause:?}");
    }
}

#[tokio::test]
async fn a_backend_is_left_alone_until_the_date_that_it_names() {
    let date = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(2));
    let backend = FaultyBackend::start([Fault::retry_after(503, &date)], Fault::Takes).await;
    let invoked = deliver(&backend, &[]).await;
    assert_eq!(
        (invoked.end(), invoked.attempts()),
        ("delivered", vec!["503".to_owned(), "201".to_owned()])
    );
    assert!(backend.requests()[1].at >= httpdate::parse_http_date(&date).unwrap());
}

#[tokio::test]
async fn a_time_to_wait_that_is_past_or_unreadable_changes_nothing() {
    for value in ["0", "Thu, 01 Jan 1970 00:00:00 GMT", "-1", "soon", "99999999999999999999999", ""]
    {
        let backend = FaultyBackend::start([Fault::retry_after(503, value)], Fault::Takes).await;
        assert_eq!(deliver(&backend, &[]).await.attempts(), ["503", "201"], "{value}");
    }
}

#[tokio::test]
async fn a_backend_that_wants_to_wait_too_long_is_not_waited_for() {
    let tomorrow = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(86400));
    for value in ["60", "18446744073709551615", &tomorrow] {
        let backend = FaultyBackend::start([Fault::retry_after(429, value)], Fault::Takes).await;
        let invoked = deliver(&backend, &[]).await;
        assert_eq!(
            (invoked.end(), invoked.error_type()),
            ("undelivered", "Backend.Unavailable"),
            "{value}"
        );
        assert_eq!(invoked.attempts(), ["429"], "{value}");
        // Not a measurement: waiting as long as there is time would take 4746.
        assert!(invoked.total() < 4700.0, "{}", invoked.line);
    }
}

#[tokio::test]
async fn a_connection_reset_during_a_freeze_costs_nothing() {
    let backend = FaultyBackend::start([], Fault::Keeps).await;
    let mut function = function(&backend.url, &[]).await;
    for user in ["alice", "bob", "carol"] {
        let mut event = sign_up();
        event["userName"] = user.into();
        event["request"]["userAttributes"]["sub"] = user.into();
        let invoked = function.invoke(event.to_string()).await;
        assert_eq!(
            (invoked.end(), invoked.attempts()),
            ("delivered", vec!["201".to_owned()]),
            "{user}"
        );
        function.freeze().await;
        backend.reset_kept().await;
        function.thaw().await;
    }
}
