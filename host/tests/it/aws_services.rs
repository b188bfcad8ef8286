//! How the services of AWS are asked: signatures, endpoints, the codes of errors, and a clock that
//! is wrong.

use std::time::{Duration, SystemTime};

use test_support::aws::{self, Queue};
use test_support::backend::{Answer, Backend};
use test_support::components::{DEFAULT, MISBEHAVING, image};
use test_support::faults::{Fault, FaultyBackend};
use test_support::function::{Function, Invoked};
use test_support::sign_up;

use crate::redelivery::record;

/// One sign-up to a backend that refuses it, with these settings.
async fn queue_one(settings: &[(&str, &str)]) -> Invoked {
    let backend = FaultyBackend::start([], Fault::status(404)).await;
    let settings = [&[("BACKEND_API_URL", backend.url.as_str())], settings].concat();
    let mut function = Function::start(&image(DEFAULT), &settings).await;
    function.invoke(sign_up().to_string()).await
}

/// An answer of a service with these lines of headers and this body.
fn answer(status: u16, headers: &str, body: &str) -> Fault {
    let length = body.len();
    Fault::Writes(
        format!("HTTP/1.1 {status} Status\r\n{headers}content-length: {length}\r\n\r\n{body}")
            .into_bytes(),
    )
}

/// The answer of a service that refuses a signature, with the `date` of its clock.
fn refuses_signature(date: &str) -> Fault {
    answer(403, &format!("date: {date}\r\n"), r#"{"__type":"InvalidSignatureException"}"#)
}

/// The settings of a function whose queue is played by `service`.
fn queue_at(service: &FaultyBackend) -> Vec<(&'static str, String)> {
    let endpoint = service.url.trim_end_matches("/api/").to_owned();
    vec![
        (
            "UNDELIVERED_QUEUE_URL",
            "https://sqs.eu-central-1.amazonaws.com/123456789012/q".to_owned(),
        ),
        ("AWS_REGION", "eu-central-1".to_owned()),
        ("AWS_ACCESS_KEY_ID", "key-id".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "access-key".to_owned()),
        ("AWS_ENDPOINT_URL", endpoint),
    ]
}

fn borrowed<'a>(settings: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
    settings.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

#[tokio::test]
async fn a_session_token_is_sent_and_signed() {
    // The server computes every signature again, and knows this token.
    let queue = Queue::new().await;
    for token in [None, Some("session-token")] {
        let token = token.map(|token| ("AWS_SESSION_TOKEN", token));
        let settings: Vec<_> = queue.settings().into_iter().chain(token).collect();
        assert_eq!(queue_one(&settings).await.end(), "queued", "{token:?}");
    }
    let wrong = [&queue.settings()[..], &[("AWS_SESSION_TOKEN", "another-token")]].concat();
    let invoked = queue_one(&wrong).await;
    assert_eq!(invoked.line["queueErrorType"], "Queue.Refused");
    let wrong: Vec<_> = queue
        .settings()
        .map(|(name, value)| match name {
            "AWS_SECRET_ACCESS_KEY" => (name, "another-key"),
            _ => (name, value),
        })
        .into();
    let invoked = queue_one(&wrong).await;
    assert!(invoked.line["queueError"].as_str().unwrap().contains("InvalidSignatureException"));
}

#[tokio::test]
async fn a_service_is_asked_at_its_own_endpoint_first() {
    let (own, general) = (
        FaultyBackend::start([], Fault::Takes).await,
        FaultyBackend::start([], Fault::Takes).await,
    );
    let mut settings = queue_at(&general);
    settings.push(("AWS_ENDPOINT_URL_SQS", own.url.trim_end_matches("/api/").to_owned()));
    queue_one(&borrowed(&settings)).await;
    assert_eq!((own.requests().is_empty(), general.requests().len()), (false, 0));
    let request = &own.requests()[0];
    assert_eq!(request.header("x-amz-target"), "AmazonSQS.SendMessage");
    assert!(request.header("authorization").contains("/eu-central-1/sqs/aws4_request"));

    settings.push(("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true".to_owned()));
    settings.push(("AWS_REGION", "not a region".to_owned()));
    settings.retain(|(name, value)| *name != "AWS_REGION" || value.contains(' '));
    let seen = (own.requests().len(), general.requests().len());
    settings.retain(|(name, _)| *name != "UNDELIVERED_QUEUE_URL");
    settings.push(("UNDELIVERED_QUEUE_URL", "https://queue.example/123456789012/q".to_owned()));
    let invoked = queue_one(&borrowed(&settings)).await;
    assert_eq!(invoked.line["queueErrorType"], "Queue.Refused");
    assert_eq!((own.requests().len(), general.requests().len()), seen);
}

#[tokio::test]
async fn an_error_is_told_by_its_code_wherever_it_stands() {
    for (status, headers, body, error_type, code) in [
        (
            400,
            "",
            r#"{"__type":"com.amazonaws.sqs#QueueDoesNotExist"}"#,
            "Queue.Refused",
            "QueueDoesNotExist",
        ),
        (
            403,
            "",
            r#"{"__type":"AccessDeniedException","Message":"no"}"#,
            "Queue.Refused",
            "AccessDeniedException",
        ),
        (
            403,
            "x-amzn-errortype: AccessDenied:http://internal/\r\n",
            "",
            "Queue.Refused",
            "AccessDenied",
        ),
        (400, "", r#"{"code":"Plain"}"#, "Queue.Refused", "Plain"),
        (400, "", "<html>", "Queue.Refused", "an error without a code"),
        (400, "x-amzn-errortype: <b>\r\n", "{}", "Queue.Refused", "an error without a code"),
        (
            400,
            "",
            r#"{"__type":"ThrottlingException"}"#,
            "Queue.Unavailable",
            "ThrottlingException",
        ),
        (
            400,
            "",
            r#"{"__type":"com.amazonaws.sqs#RequestThrottled"}"#,
            "Queue.Unavailable",
            "RequestThrottled",
        ),
        (400, "", r#"{"__type":"OverLimit"}"#, "Queue.Unavailable", "OverLimit"),
        (429, "", "", "Queue.Unavailable", "an error without a code"),
        (500, "", r#"{"__type":"InternalError"}"#, "Queue.Unavailable", "InternalError"),
        (503, "", "<html>", "Queue.Unavailable", "an error without a code"),
        (200, "", "<html>", "Queue.Unavailable", "an answer that cannot be read"),
    ] {
        let service = FaultyBackend::start([], answer(status, headers, body)).await;
        let invoked = queue_one(&borrowed(&queue_at(&service))).await;
        let line = &invoked.line;
        assert_eq!(line["queueErrorType"], error_type, "{status} {body}: {line}");
        assert!(line["queueError"].as_str().unwrap().ends_with(code), "{status} {body}: {line}");
        let once = error_type == "Queue.Refused";
        assert_eq!(service.requests().len() == 1, once, "{status} {body}");
    }
}

#[tokio::test]
async fn what_keeps_the_queue_from_answering_is_named() {
    for (fault, error_type, cause) in [
        (Fault::Resets, "Queue.Unreachable", "reset"),
        (Fault::Closes, "Queue.Unreachable", "closed"),
        (Fault::Hangs, "Queue.TimedOut", "answer-timed-out"),
    ] {
        let service = FaultyBackend::start([], fault).await;
        let line = queue_one(&borrowed(&queue_at(&service))).await.line;
        assert_eq!(
            (&line["queueErrorType"], &line["queueCause"]),
            (&error_type.into(), &cause.into()),
            "{line}"
        );
    }
}

#[tokio::test]
async fn a_clock_that_is_ten_minutes_off_is_corrected() {
    for off in [-600_i64, 600] {
        let now = SystemTime::now();
        let by = Duration::from_secs(off.unsigned_abs());
        let theirs = if off < 0 { now - by } else { now + by };
        let date = httpdate::fmt_http_date(theirs);
        let refusal = refuses_signature(&date);
        let service =
            FaultyBackend::start([refusal], answer(200, "", r#"{"MessageId":"1"}"#)).await;
        let invoked = queue_one(&borrowed(&queue_at(&service))).await;
        assert_eq!(invoked.end(), "queued", "{off}: {}", invoked.line);
        let dates: Vec<String> =
            service.requests().iter().map(|request| request.header("x-amz-date")).collect();
        let minute = |date: &str| date[..13].to_owned();
        assert_eq!(dates.len(), 2);
        assert_ne!(minute(&dates[0]), minute(&dates[1]), "{dates:?}");
    }
}

#[tokio::test]
async fn many_that_find_the_clock_off_agree_on_its_time() {
    const AT_ONCE: usize = 4;
    let theirs = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(600));
    let refusal = refuses_signature(&theirs);
    let service = FaultyBackend::start(vec![refusal; AT_ONCE], answer(200, "", "{}")).await;
    let backend = Backend::answering(Answer::Json(201, "{}".to_owned())).await;
    let aws = aws::variables(service.url.trim_end_matches("/api/"));
    let listed = [("BACKEND_API_URL", backend.url.as_str()), ("COGNITO_ATTRIBUTES", "custom:plan")];
    let mut function = Function::start(&image(MISBEHAVING), &[&listed[..], &aws].concat()).await;
    let mut event = sign_up();
    event["request"]["userAttributes"]["custom:conclude"] = "set custom:plan=gold".into();
    let records: Vec<_> = (0..AT_ONCE).map(|number| record(number, &event)).collect();
    let batch = function.invoke_batch(&records, Duration::from_secs(60)).await;
    assert!(batch.lines.iter().all(|line| line["end"] == "delivered"), "{:?}", batch.lines);
    let dates: Vec<String> =
        service.requests().iter().map(|request| request.header("x-amz-date")).collect();
    assert_eq!(dates.len(), 2 * AT_ONCE);
    // `20260102T030405Z` beside `Fri, 02 Jan 2026 03:04:05 GMT`.
    let hour_and_minute = format!("{}{}", &theirs[17..19], &theirs[20..22]);
    let right = dates.iter().filter(|date| {
        let apart = minutes(&date[9..13]).abs_diff(minutes(&hour_and_minute));
        apart.min(24 * 60 - apart) <= 1
    });
    assert_eq!(right.count(), AT_ONCE, "{dates:?} for {theirs}");
}

/// `1234`, which is 12:34, in minutes.
fn minutes(text: &str) -> u32 {
    let number: u32 = text.parse().unwrap();
    number / 100 * 60 + number % 100
}

#[tokio::test]
async fn a_signature_that_is_wrong_for_another_reason_is_final() {
    let date = httpdate::fmt_http_date(SystemTime::now());
    let refusal = refuses_signature(&date);
    let service = FaultyBackend::start([], refusal).await;
    let invoked = queue_one(&borrowed(&queue_at(&service))).await;
    assert_eq!(
        (&invoked.line["queueErrorType"], service.requests().len()),
        (&"Queue.Refused".into(), 1)
    );
}

#[tokio::test]
async fn a_function_without_credentials_or_region_says_so() {
    let endpoint = aws::endpoint();
    for (settings, hint) in [
        (&[("AWS_REGION", "eu-central-1")][..], "AWS_ACCESS_KEY_ID"),
        (&[("AWS_ACCESS_KEY_ID", "key-id"), ("AWS_SECRET_ACCESS_KEY", "access-key")], "AWS_REGION"),
    ] {
        let queue = [
            ("UNDELIVERED_QUEUE_URL", "http://127.0.0.1:1/123456789012/q"),
            ("AWS_ENDPOINT_URL", endpoint),
        ];
        let invoked = queue_one(&[&queue, settings].concat()).await;
        assert!(invoked.line["queueError"].as_str().unwrap().contains(hint), "{}", invoked.line);
    }
}
