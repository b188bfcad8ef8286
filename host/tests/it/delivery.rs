//! What the backend gets, and what becomes of a user that it does not take.

use std::time::Duration;

use post_confirmation_host::error::SENTENCE;

use test_support::backend::{Answer, Backend};
use test_support::components::{DEFAULT, MISBEHAVING, OTHER, copy_of_image, image};
use test_support::faults::{Fault, FaultyBackend};
use test_support::function::{Function, Invoked};
use test_support::runtime_api;
use test_support::tls::TlsBackend;
use test_support::{behaving, sign_up};

/// One sign-up with the default mapper and these settings.
async fn deliver(url: &str, settings: &[(&str, &str)]) -> Invoked {
    let mut function =
        Function::start(&image(DEFAULT), &[&[("BACKEND_API_URL", url)], settings].concat()).await;
    function.invoke(sign_up().to_string()).await
}

#[tokio::test]
async fn the_backend_gets_the_mapped_user_with_what_the_host_adds() {
    let backend = Backend::start().await;
    let invoked = deliver(&backend.url, &[("BACKEND_AUTHORIZATION", "Bearer t-0-k-e-n")]).await;
    assert_eq!(invoked.end(), "delivered");

    let request = backend.request();
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/api/users/"));
    assert_eq!(request.headers["authorization"], "Bearer t-0-k-e-n");
    assert_eq!(request.headers["content-type"], "application/json");
    assert_eq!(request.headers["idempotency-key"], invoked.line["eventId"].as_str().unwrap());
    let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(body["cognito_id"], "11111111-2222-3333-4444-555555555555");
    assert!(!invoked.line.to_string().contains("t-0-k-e-n"));
}

#[tokio::test]
async fn a_user_has_one_id_in_every_process_and_resets_their_own() {
    let backend = Backend::start().await;
    let mut ids = Vec::new();
    for _ in 0..2 {
        ids.push(deliver(&backend.url, &[]).await.line["eventId"].clone());
    }
    assert_eq!(ids[0], ids[1]);

    let mut function = Function::start(&image(DEFAULT), &[("BACKEND_API_URL", &backend.url)]).await;
    let mut reset = sign_up();
    reset["triggerSource"] = "PostConfirmation_ConfirmForgotPassword".into();
    for _ in 0..2 {
        ids.push(function.invoke(reset.to_string()).await.line["eventId"].clone());
    }
    assert!(ids[1] != ids[2] && ids[2] != ids[3], "{ids:?}");
}

#[tokio::test]
async fn swapping_the_image_changes_what_the_backend_gets() {
    let backend = Backend::start().await;
    let folder = tempfile::tempdir().unwrap();
    let deployed = copy_of_image(folder.path());
    for package in [DEFAULT, OTHER] {
        std::fs::copy(image(package), &deployed).unwrap();
        std::fs::copy(image(package).with_extension("json"), deployed.with_extension("json"))
            .unwrap();
        let mut function = Function::start(&deployed, &[("BACKEND_API_URL", &backend.url)]).await;
        assert_eq!(function.invoke(sign_up().to_string()).await.end(), "delivered");
    }
    let requests = backend.requests();
    assert_eq!(requests[0].path, "/api/users/");
    assert!(requests[1].path.starts_with("/api/v2/accounts/"), "{}", requests[1].path);
    assert_ne!(requests[0].body, requests[1].body);
}

#[tokio::test]
async fn a_mapper_sees_its_own_variables_alone() {
    let backend = Backend::start().await;
    let settings = [
        ("BACKEND_API_URL", backend.url.as_str()),
        ("BACKEND_AUTHORIZATION", "Bearer t-0-k-e-n"),
        ("AWS_SECRET_ACCESS_KEY", "k-e-y"),
        ("MAPPER_ENV_GREETING", "hello"),
    ];
    let mut function = Function::start(&image(MISBEHAVING), &settings).await;
    assert_eq!(function.invoke(behaving("environment").to_string()).await.end(), "delivered");
    assert_eq!(backend.request().body, r#"[("GREETING", "hello")]"#);
}

#[tokio::test]
async fn a_status_that_the_mapper_accepts_counts_as_delivered() {
    let backend = Backend::answering(Answer::Status(409)).await;
    let invoked = deliver(&backend.url, &[]).await;
    assert_eq!((invoked.end(), invoked.line["status"].as_u64()), ("delivered", Some(409)));
}

#[tokio::test]
async fn any_other_status_leaves_the_user_undelivered() {
    for (status, error_type) in [
        (400, "Backend.Refused"),
        (404, "Backend.Refused"),
        (500, "Backend.Unavailable"),
        (429, "Backend.Unavailable"),
    ] {
        let backend = Backend::answering(Answer::Status(status)).await;
        let invoked = deliver(&backend.url, &[]).await;
        assert_eq!((invoked.end(), invoked.error_type()), ("undelivered", error_type), "{status}");
        assert_eq!(invoked.response(), sign_up().to_string().as_bytes());
    }
}

#[tokio::test]
async fn an_undelivered_user_can_be_found_again_by_the_error_line() {
    let backend = Backend::answering(Answer::Status(500)).await;
    let line = deliver(&backend.url, &[]).await.line;
    assert_eq!(line["level"], "ERROR");
    assert_eq!(line["sub"], "11111111-2222-3333-4444-555555555555");
    assert_eq!(line["userPoolId"], "eu-central-1_A1b2C3d4E");
    assert!(line["eventId"].as_str().unwrap().starts_with("evt_"));
    assert!(!line.to_string().contains("alice"));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Backend::start().await;
    let backend = Backend::answering(Answer::Redirect(elsewhere.url.clone())).await;
    let invoked = deliver(&backend.url, &[("BACKEND_AUTHORIZATION", "Bearer t-0-k-e-n")]).await;
    assert_eq!((invoked.end(), invoked.error_type()), ("undelivered", "Backend.Refused"));
    assert_eq!(elsewhere.requests().len(), 0);
}

#[tokio::test]
async fn a_backend_that_is_not_there_leaves_the_user_undelivered() {
    let backend = FaultyBackend::start([], Fault::Takes).await;
    backend.down().await;
    let invoked = deliver(&backend.url, &[]).await;
    assert_eq!((invoked.end(), invoked.error_type()), ("undelivered", "Backend.Unreachable"));
}

#[tokio::test]
async fn a_silent_backend_is_given_up_in_time() {
    let backend = Backend::answering(Answer::Silence).await;
    let settings = [
        ("BACKEND_API_URL", backend.url.as_str()),
        ("ANSWER_WITHIN_MS", "2300"),
        ("ATTEMPT_TIMEOUT_MS", "60000"),
        ("MAPPER_TIMEOUT_MS", "2000"),
    ];
    let mut function = Function::start(&image(DEFAULT), &settings).await;
    for _ in 0..2 {
        let invoked = function.invoke(sign_up().to_string()).await;
        assert_eq!((invoked.end(), invoked.error_type()), ("undelivered", "Backend.TimedOut"));
        // Not a measurement: it tells the limit that is set from the default, which would take
        // 4359.
        assert!(invoked.total() < 4300.0, "{}", invoked.line);
    }
}

#[tokio::test]
async fn an_invocation_that_lambda_ends_sooner_is_answered_sooner() {
    let backend = Backend::answering(Answer::Silence).await;
    let settings = [("BACKEND_API_URL", backend.url.as_str()), ("ATTEMPT_TIMEOUT_MS", "60000")];
    let mut function = Function::start(&image(DEFAULT), &settings).await;
    let invoked =
        function.invoke_within(sign_up().to_string(), Some(Duration::from_millis(2500))).await;
    assert_eq!(invoked.error_type(), "Backend.TimedOut");
    // Not a measurement: the time that holds otherwise would take 4746.
    assert!(invoked.total() < 4700.0, "{}", invoked.line);
}

#[tokio::test]
async fn the_body_of_an_answer_neither_delays_nor_fails_a_delivery() {
    for answer in [Answer::Endless, Answer::Long(1 << 20), Answer::Long(1000)] {
        let backend = Backend::answering(answer).await;
        let invoked = deliver(&backend.url, &[]).await;
        assert_eq!(invoked.end(), "delivered");
        // Not a measurement: waiting for the endless body would take 4746.
        assert!(invoked.total() < 4700.0, "{}", invoked.line);
    }
}

#[tokio::test]
async fn on_undelivered_reject_tells_cognito_one_constant_sentence() {
    let backend = Backend::answering(Answer::Status(500)).await;
    let invoked = deliver(&backend.url, &[("ON_UNDELIVERED", "reject")]).await;
    assert_eq!(invoked.end(), "undelivered");
    let runtime_api::Answer::Error(error) = invoked.answer else { panic!("not rejected") };
    assert_eq!(error["errorMessage"], SENTENCE);
    assert_eq!(error["errorType"], "Backend.Unavailable");
}

#[tokio::test]
async fn on_undelivered_reject_leaves_delivered_users_alone() {
    let backend = Backend::start().await;
    let invoked = deliver(&backend.url, &[("ON_UNDELIVERED", "reject")]).await;
    assert_eq!(invoked.response(), sign_up().to_string().as_bytes());
}

#[tokio::test]
async fn a_private_authority_is_trusted_only_with_its_file() {
    let backend = TlsBackend::start().await;
    let invoked = deliver(&backend.url, &[]).await;
    assert_eq!((invoked.end(), invoked.error_type()), ("undelivered", "Backend.Unreachable"));

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("authority.pem");
    std::fs::write(&file, &backend.authority).unwrap();
    let settings =
        [("BACKEND_API_URL", backend.url.as_str()), ("BACKEND_CA_FILE", file.to_str().unwrap())];
    let mut function = Function::start(&image(DEFAULT), &settings).await;
    // This backend closes every connection after its answer without saying so.
    for _ in 0..3 {
        assert_eq!(function.invoke(sign_up().to_string()).await.end(), "delivered");
    }
}
