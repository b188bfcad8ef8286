//! Why there is no answer is told by a fixed name, and no answer, however it is made, keeps the
//! function from its next step.

use std::fs;

use futures_util::FutureExt;
use tokio::net::TcpSocket;

use test_support::aws::Queue;
use test_support::components::{DEFAULT, image};
use test_support::faults::{Fault, FaultyBackend};
use test_support::function::{Function, Invoked};
use test_support::processor::Share;
use test_support::sign_up;
use test_support::tls::{Flaw, TlsBackend};

/// One sign-up to the backend at `url` with these settings.
async fn deliver(url: &str, settings: &[(&str, &str)]) -> Invoked {
    let settings = [&[("BACKEND_API_URL", url)], settings].concat();
    let mut function = Function::start(&image(DEFAULT), &settings).await;
    function.invoke(sign_up().to_string()).await
}

/// Checks that the event failed so, and that every attempt says the same.
fn failed_by(invoked: &Invoked, error_type: &str, cause: &str) {
    let line = &invoked.line;
    assert_eq!((invoked.error_type(), line["cause"].as_str()), (error_type, Some(cause)), "{line}");
    for attempt in line["attempts"].as_array().unwrap() {
        assert_eq!(
            (&attempt["errorType"], &attempt["cause"]),
            (&error_type.into(), &cause.into()),
            "{line}"
        );
    }
}

/// An answer with `count` headers besides its length.
fn with_headers(status: u16, count: usize) -> Vec<u8> {
    let headers: String = (0..count).map(|number| format!("x-{number}: v\r\n")).collect();
    format!("HTTP/1.1 {status} Status\r\n{headers}content-length: 0\r\n\r\n").into_bytes()
}

#[tokio::test]
async fn every_broken_connection_has_its_own_cause() {
    for (fault, cause) in [
        (Fault::ResetsUnread, "reset"),
        (Fault::Resets, "reset"),
        (Fault::Closes, "closed"),
        (Fault::Writes(b"HTTP/1.1 20".to_vec()), "closed"),
        (Fault::Writes(b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 2".to_vec()), "closed"),
        (Fault::Writes(b"SSH-2.0-OpenSSH_9.6\r\n\r\n".to_vec()), "answer-unreadable"),
        (Fault::Writes(b"HTTP/1.1 2O1 Created\r\n\r\n".to_vec()), "answer-unreadable"),
        (Fault::Writes(b"\0\0\0\0".repeat(100)), "answer-unreadable"),
    ] {
        let backend = FaultyBackend::start([], fault.clone()).await;
        let invoked = deliver(&backend.url, &[]).await;
        failed_by(&invoked, "Backend.Unreachable", cause);
        assert_eq!(invoked.attempts().len(), 3, "{fault:?}");
    }
}

#[tokio::test]
async fn a_name_without_an_address_and_a_refusal_are_told_apart() {
    // A label of more than 63 letters, for which no server of names is asked.
    let nowhere = format!("http://{}.example/", "x".repeat(64));
    failed_by(
        &deliver(&nowhere, &[("BACKEND_ALLOW_HTTP", "on")]).await,
        "Backend.Unreachable",
        "name-not-found",
    );

    let backend = FaultyBackend::start([], Fault::Takes).await;
    backend.down().await;
    failed_by(&deliver(&backend.url, &[]).await, "Backend.Unreachable", "refused");
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_says_why() {
    let folder = tempfile::tempdir().unwrap();
    for (flaw, trusted, cause) in [
        (Flaw::Nothing, false, "certificate-unknown-issuer"),
        (Flaw::Expired, true, "certificate-expired"),
        (Flaw::NotYetValid, true, "certificate-not-yet-valid"),
        (Flaw::AnotherName, true, "certificate-name"),
        (Flaw::IsTheAuthority, true, "certificate-unsupported"),
    ] {
        let backend = TlsBackend::with(flaw).await;
        let file = folder.path().join("roots.pem");
        fs::write(&file, &backend.authority).unwrap();
        let roots = [("BACKEND_CA_FILE", file.to_str().unwrap())];
        let invoked = deliver(&backend.url, if trusted { &roots } else { &[] }).await;
        failed_by(&invoked, "Backend.Unreachable", cause);
    }
    let backend = TlsBackend::start().await;
    let file = folder.path().join("good.pem");
    fs::write(&file, &backend.authority).unwrap();
    let invoked = deliver(&backend.url, &[("BACKEND_CA_FILE", file.to_str().unwrap())]).await;
    assert_eq!((invoked.end(), invoked.attempts()), ("delivered", vec!["201".to_owned()]));
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_a_fault_of_tls() {
    let backend = FaultyBackend::start([], Fault::Takes).await;
    // It waits for the end of a head, which no handshake has; so something else answers here.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}/", listener.local_addr().unwrap().port());
    let server = tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let _ = tokio::io::AsyncWriteExt::write_all(
                &mut connection,
                b"HTTP/1.1 400 Bad Request\r\n\r\n",
            )
            .await;
        }
    });
    failed_by(&deliver(&url, &[]).await, "Backend.Unreachable", "tls");
    server.abort();
    assert_eq!(backend.requests().len(), 0);
}

#[tokio::test]
async fn silence_is_told_by_where_it_began() {
    let backend = FaultyBackend::start([], Fault::Hangs).await;
    let invoked = deliver(&backend.url, &[("ATTEMPT_TIMEOUT_MS", "500")]).await;
    failed_by(&invoked, "Backend.TimedOut", "answer-timed-out");

    // A server that takes no more connections: the system leaves further ones unanswered.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    for _ in 0..8 {
        let mut connecting = Box::pin(TcpSocket::new_v4().unwrap().connect(address));
        let connected = connecting.as_mut().now_or_never();
        waiting.push((connected.is_none().then_some(connecting), connected));
    }
    let url = format!("http://{address}/");
    let invoked = deliver(&url, &[("ATTEMPT_TIMEOUT_MS", "500")]).await;
    failed_by(&invoked, "Backend.TimedOut", "connect-timed-out");
    drop((waiting, listener));
}

#[tokio::test]
async fn an_answer_with_many_headers_counts_by_its_status() {
    for (count, attempt) in [(101, "201"), (1000, "201"), (5000, "201"), (40_000, "201")] {
        let backend = FaultyBackend::start([], Fault::Writes(with_headers(201, count))).await;
        let invoked = deliver(&backend.url, &[]).await;
        assert_eq!(
            (invoked.end(), invoked.attempts()),
            ("delivered", vec![attempt.to_owned()]),
            "{count}"
        );
        assert_eq!(backend.requests().len(), 1, "{count}");
    }
    let backend = FaultyBackend::start([], Fault::Writes(with_headers(422, 5000))).await;
    let invoked = deliver(&backend.url, &[]).await;
    assert_eq!(
        (invoked.error_type(), invoked.attempts()),
        ("Backend.Refused", vec!["422".to_owned()])
    );
}

#[tokio::test]
async fn an_answer_with_a_broken_header_counts_by_its_status() {
    for answer in [
        "HTTP/1.1 201 Created\r\nno colon\r\n\r\n",
        "HTTP/1.1 201 Created\r\nx: \x01\r\n\r\n",
        "HTTP/1.1 201 Created\r\ncontent-length: many\r\n\r\n",
        "HTTP/1.1 201 Created\r\n: nameless\r\n\r\n",
        "HTTP/1.1 201 Created\nno colon\n\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nno colon\r\n\r\n",
        // It ends in the middle of its head.
        "HTTP/1.1 201 Cre",
        "HTTP/1.1 201 Created\r\nx: ",
        "HTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\nHTTP/1.1 201 Created\r\n",
    ] {
        let answer = answer.as_bytes().to_vec();
        let backend = FaultyBackend::start([], Fault::Writes(answer)).await;
        let invoked = deliver(&backend.url, &[]).await;
        assert_eq!((invoked.end(), invoked.attempts()), ("delivered", vec!["201".to_owned()]));
        assert_eq!(backend.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_body_that_comes_after_its_head_is_let_in() {
    let backend = FaultyBackend::start([], Fault::BodyLater).await;
    let invoked = deliver(&backend.url, &[]).await;
    assert_eq!((invoked.end(), invoked.attempts()), ("delivered", vec!["201".to_owned()]));
    assert_eq!(backend.cut_short(), 0);
}

#[tokio::test]
async fn some_interim_answers_do_no_harm() {
    let interim = "HTTP/1.1 103 Early Hints\r\nlink: </a.css>; rel=preload\r\n\r\n".repeat(20);
    let answer = format!(
        "HTTP/1.1 100 Continue\r\n\r\n{interim}HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n"
    );
    let backend = FaultyBackend::start([], Fault::Writes(answer.into_bytes())).await;
    let invoked = deliver(&backend.url, &[]).await;
    assert_eq!((invoked.end(), invoked.attempts()), ("delivered", vec!["201".to_owned()]));
}

#[tokio::test]
async fn a_flood_of_interim_answers_leaves_the_queue_its_time() {
    let floods = [
        "HTTP/1.1 103 Early Hints\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 102 Processing\r\nx: 1\r\ny: 2\r\n\r\n",
        "x-endless-head: 1\r\n",
        "\r\n",
    ];
    for flood in floods {
        for share in [None, Share::of(70)] {
            let backend = FaultyBackend::start([], Fault::Floods(flood)).await;
            let queue = Queue::new().await;
            let settings =
                [&[("BACKEND_API_URL", backend.url.as_str())], &queue.settings()[..]].concat();
            let mut function = match &share {
                Some(share) => Function::with_share(share, &image(DEFAULT), &settings).await,
                None => Function::start(&image(DEFAULT), &settings).await,
            };
            let invoked = function.invoke(sign_up().to_string()).await;
            assert_eq!(
                (invoked.end(), queue.count().await),
                ("queued", 1),
                "{flood:?}: {}",
                invoked.line
            );
            if flood.contains(" 1") && flood.starts_with("HTTP") {
                failed_by(&invoked, "Backend.TimedOut", "answer-endless");
            }
        }
    }
}
