//! Settings: what is wrong with them is said at once and by name, never by value.

use test_support::backend::Backend;
use test_support::components::{DEFAULT, copy_of_image, image};
use test_support::function::Function;
use test_support::sign_up;

#[tokio::test]
async fn all_faults_of_settings_are_reported_without_values() {
    let settings = [
        ("BACKEND_API_URL", "ftp://s-e-c-r-e-t.example"),
        ("BACKEND_ALLOW_HTTP", "s-e-c-r-e-t"),
        ("BACKEND_AUTHORIZATION", "s-e-c-r-e-t\ns-e-c-r-e-t"),
        ("BACKEND_CA_FILE", "/s-e-c-r-e-t"),
        ("ANSWER_WITHIN_MS", "s-e-c-r-e-t"),
        ("MAPPER_TIMEOUT_MS", "99999"),
        ("MAPPER_MEMORY_MB", "0"),
        ("MAPPER_LOGS", "yes"),
        ("MAPPER_ENV_", "nameless"),
        ("BACKEND_SIGNING_SECRET", "s-e-c-r-e-t"),
        ("ATTEMPT_TIMEOUT_MS", "0"),
        ("MAX_ATTEMPTS", "0"),
        ("UNDELIVERED_QUEUE_URL", "s-e-c-r-e-t"),
        ("ON_UNDELIVERED", "ignore"),
        ("AWS_LAMBDA_LOG_LEVEL", "LOUD"),
    ];
    let mut function = Function::start(&image(DEFAULT), &settings).await;
    let (status, text) = function.ended().await;
    assert_eq!(status.code(), Some(1));
    for (variable, _) in settings {
        assert!(text.contains(&format!("\n  {variable}: ")), "{variable} is not in: {text}");
    }
    assert!(!text.contains("s-e-c-r-e-t"), "{text}");
    let (_, error) = function.api.init_error().unwrap();
    assert_eq!(error["errorType"], "Settings.Invalid");
    assert!(!error.to_string().contains("BACKEND"), "{error}");
}

#[tokio::test]
async fn a_missing_backend_is_named() {
    let mut function = Function::start(&image(DEFAULT), &[]).await;
    let (_, text) = function.ended().await;
    assert!(text.contains("BACKEND_API_URL: is not set"), "{text}");
}

#[tokio::test]
async fn the_image_in_the_functions_own_package_is_found() {
    let backend = Backend::start().await;
    let folder = tempfile::tempdir().unwrap();
    copy_of_image(folder.path());
    let variables = [
        ("BACKEND_API_URL", backend.url.as_str()),
        ("LAMBDA_TASK_ROOT", folder.path().to_str().unwrap()),
    ];
    let mut function = Function::with_variables(&variables).await;
    assert_eq!(function.invoke(sign_up().to_string()).await.end(), "delivered");
}
