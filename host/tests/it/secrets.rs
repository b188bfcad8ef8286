//! Secrets that stand in AWS: they are fetched, renewed when the backend does not accept them, and
//! a user whose secret can't be had is kept.

use std::time::Duration;

use serde_json::{Value, json};

use test_support::aws::{self, Queue};
use test_support::components::{DEFAULT, image};
use test_support::faults::{Fault, FaultyBackend};
use test_support::function::{COGNITO_WAITS, Function};
use test_support::proxy::{Mode, Proxy};
use test_support::sign_up;

/// A new secret of Secrets Manager, and its ARN.
async fn secret(name: &str, value: &str) -> String {
    let created = manager("CreateSecret", json!({ "Name": name, "SecretString": value })).await;
    created["ARN"].as_str().unwrap().to_owned()
}

async fn change(arn: &str, value: &str) {
    manager("PutSecretValue", json!({ "SecretId": arn, "SecretString": value })).await;
}

async fn manager(operation: &str, input: Value) -> Value {
    aws::ask("secretsmanager", &format!("secretsmanager.{operation}"), input).await
}

/// A new encrypted parameter, and its ARN.
async fn parameter(name: &str, value: &str) -> String {
    let new = json!({ "Name": name, "Value": value, "Type": "SecureString" });
    aws::ask("ssm", "AmazonSSM.PutParameter", new).await;
    let got = aws::ask("ssm", "AmazonSSM.GetParameter", json!({ "Name": name })).await;
    got["Parameter"]["ARN"].as_str().unwrap().to_owned()
}

/// A function with the default mapper, and AWS at `endpoint`.
async fn function(backend: &FaultyBackend, endpoint: &str, settings: &[(&str, &str)]) -> Function {
    let backend = [("BACKEND_API_URL", backend.url.as_str())];
    Function::start(&image(DEFAULT), &[&backend, settings, &aws::variables(endpoint)].concat())
        .await
}

#[tokio::test]
async fn secrets_come_from_secrets_manager_and_parameters() {
    let signing = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let (secret, parameter) =
        (secret("both", "Bearer t-0-k-e-n\n").await, parameter("/both/signing", signing).await);
    let backend = FaultyBackend::start([], Fault::Takes).await;
    let settings =
        [("BACKEND_AUTHORIZATION", secret.as_str()), ("BACKEND_SIGNING_SECRET", &parameter)];
    let mut function = function(&backend, aws::endpoint(), &settings).await;
    for _ in 0..2 {
        assert_eq!(function.invoke(sign_up().to_string()).await.end(), "delivered");
    }
    for request in backend.requests() {
        assert_eq!(request.header("authorization"), "Bearer t-0-k-e-n");
        assert!(request.header("webhook-signature").starts_with("v1,"));
    }
}

#[tokio::test]
async fn a_rotated_secret_is_fetched_when_the_old_one_is_refused() {
    let arn = secret("changed", "Bearer old").await;
    let backend = FaultyBackend::start([], Fault::Wants("Bearer old")).await;
    let mut function =
        function(&backend, aws::endpoint(), &[("BACKEND_AUTHORIZATION", &arn)]).await;
    assert_eq!(function.invoke(sign_up().to_string()).await.attempts(), ["201"]);
    change(&arn, "Bearer new").await;
    backend.plan([], Fault::Wants("Bearer new"));
    let mut invoked = function.invoke(sign_up().to_string()).await;
    if invoked.attempts() == ["401"] {
        // AWS had all of its 700 ms and needed longer; it is asked again after a pause.
        assert!(invoked.total() > 600.0, "{}", invoked.line);
        tokio::time::sleep(Duration::from_secs(11)).await;
        invoked = function.invoke(sign_up().to_string()).await;
    }
    assert_eq!(
        (invoked.end(), invoked.attempts()),
        ("delivered", vec!["401".to_owned(), "409".to_owned()])
    );
    let mut sent: Vec<String> =
        backend.requests().iter().map(|request| request.header("authorization")).collect();
    assert_eq!(sent.pop().as_deref(), Some("Bearer new"));
    assert!(sent.iter().all(|sent| sent == "Bearer old"), "{sent:?}");
}

#[tokio::test]
async fn a_secret_that_is_the_same_is_not_tried_twice() {
    let arn = secret("same", "Bearer same").await;
    let backend = FaultyBackend::start([], Fault::status(401)).await;
    let mut function =
        function(&backend, aws::endpoint(), &[("BACKEND_AUTHORIZATION", &arn)]).await;
    let invoked = function.invoke(sign_up().to_string()).await;
    assert_eq!(
        (invoked.error_type(), invoked.attempts()),
        ("Backend.Refused", vec!["401".to_owned()])
    );
}

#[tokio::test]
async fn a_user_is_kept_and_not_sent_without_the_secret() {
    let queue = Queue::new().await;
    let backend = FaultyBackend::start([], Fault::Takes).await;
    let missing = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:missing-a1b2c3";
    let settings = [("BACKEND_AUTHORIZATION", missing), ("UNDELIVERED_QUEUE_URL", &queue.url)];
    let mut function = function(&backend, aws::endpoint(), &settings).await;
    let invoked = function.invoke(sign_up().to_string()).await;
    assert_eq!((invoked.end(), invoked.error_type()), ("queued", "Secret.Unavailable"));
    let error = "the secret that BACKEND_AUTHORIZATION names could not be fetched: ResourceNotFoundException";
    assert_eq!((&invoked.line["error"], &invoked.line["attempts"]), (&json!(error), &json!([])));
    assert_eq!((backend.requests().len(), queue.count().await), (0, 1));
}

#[tokio::test]
async fn a_secret_that_is_none_is_named_by_its_variable() {
    let arn = parameter("/none/signing", "no signing secret").await;
    let backend = FaultyBackend::start([], Fault::Takes).await;
    let mut function =
        function(&backend, aws::endpoint(), &[("BACKEND_SIGNING_SECRET", &arn)]).await;
    let invoked = function.invoke(sign_up().to_string()).await;
    assert_eq!((invoked.end(), invoked.error_type()), ("undelivered", "Secret.Invalid"));
    assert!(
        invoked.line["error"].as_str().unwrap().contains("BACKEND_SIGNING_SECRET"),
        "{}",
        invoked.line
    );
}

#[tokio::test]
async fn a_secret_service_that_hangs_makes_no_start_late() {
    let arn = secret("hangs", "Bearer t-0-k-e-n").await;
    let proxy = Proxy::start(aws::endpoint(), Mode::Hangs).await;
    let backend = FaultyBackend::start([], Fault::Takes).await;
    let settings = [
        ("BACKEND_AUTHORIZATION", arn.as_str()),
        ("ANSWER_WITHIN_MS", "3500"),
        ("MAPPER_TIMEOUT_MS", "2000"),
    ];
    let mut function = function(&backend, &proxy.endpoint, &settings).await;
    let invoked = function.invoke(sign_up().to_string()).await;
    assert_eq!((invoked.end(), invoked.error_type()), ("undelivered", "Secret.Unavailable"));
    // Who waits for what hangs would never answer, and this one stops waiting after 3.4 seconds.
    assert!(invoked.total() < COGNITO_WAITS, "{}", invoked.line);

    proxy.set(Mode::Passes);
    assert_eq!(function.invoke(sign_up().to_string()).await.end(), "delivered");
}

#[tokio::test]
async fn a_known_secret_is_used_on_where_no_other_can_be_fetched() {
    let arn = secret("known", "Bearer known").await;
    let proxy = Proxy::start(aws::endpoint(), Mode::Passes).await;
    let backend = FaultyBackend::start([Fault::Takes, Fault::status(401)], Fault::Takes).await;
    let mut function =
        function(&backend, &proxy.endpoint, &[("BACKEND_AUTHORIZATION", &arn)]).await;
    assert_eq!(function.invoke(sign_up().to_string()).await.attempts(), ["201"]);
    proxy.set(Mode::Hangs);
    let refused = function.invoke(sign_up().to_string()).await;
    assert_eq!(
        (refused.error_type(), refused.attempts()),
        ("Backend.Refused", vec!["401".to_owned()])
    );
    assert_eq!(function.invoke(sign_up().to_string()).await.attempts(), ["409"]);
}

#[tokio::test]
async fn one_value_of_a_json_secret_is_selected_by_its_key() {
    let object = json!({ "token": "Bearer selected", "other": "x", "number": 7 }).to_string();
    let arn = secret("json", &object).await;
    let backend = FaultyBackend::start([], Fault::Takes).await;
    for end in [":token::", ":token:AWSCURRENT:", ":token"] {
        let settings = [("BACKEND_AUTHORIZATION", format!("{arn}{end}"))];
        let settings = settings.each_ref().map(|(name, value)| (*name, value.as_str()));
        let mut function = function(&backend, aws::endpoint(), &settings).await;
        assert_eq!(function.invoke(sign_up().to_string()).await.end(), "delivered", "{end}");
        assert_eq!(backend.requests().last().unwrap().header("authorization"), "Bearer selected");
    }
}

#[tokio::test]
async fn a_json_secret_without_a_usable_key_is_named() {
    let object = json!({ "token": "Bearer t-0-k-e-n", "number": 7 }).to_string();
    let object = secret("whole-json", &object).await;
    let text = secret("no-json", "Bearer t-0-k-e-n").await;
    let backend = FaultyBackend::start([], Fault::Takes).await;
    for (arn, end, hint) in [
        (&object, "", "arn:…:secret:NAME:KEY::"),
        (&object, ":missing::", "no text under the selected key"),
        (&object, ":number::", "no text under the selected key"),
        (&text, ":token::", "is not a JSON object"),
    ] {
        for variable in ["BACKEND_AUTHORIZATION", "BACKEND_SIGNING_SECRET"] {
            let arn = format!("{arn}{end}");
            let mut function = function(&backend, aws::endpoint(), &[(variable, &arn)]).await;
            let invoked = function.invoke(sign_up().to_string()).await;
            assert_eq!(
                (invoked.end(), invoked.error_type()),
                ("undelivered", "Secret.Invalid"),
                "{variable} {end}"
            );
            let error = invoked.line["error"].as_str().unwrap();
            assert!(error.contains(hint) && error.contains(variable), "{error}");
            assert!(!error.contains("t-0-k-e-n"), "{error}");
        }
    }
    assert_eq!(backend.requests().len(), 0);
}
