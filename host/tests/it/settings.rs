//! One rule for every setting: what stands around a value is cut off, what is empty then is not
//! set, and what is checked is what is used.

use test_support::aws::{self, Queue};
use test_support::backend::{Answer, Backend};
use test_support::behaving;
use test_support::components::{MISBEHAVING, image};
use test_support::function::Function;
use test_support::tls::TlsBackend;

/// Every variable that has a default, or none.
const OPTIONAL: [&str; 18] = [
    "BACKEND_ALLOW_HTTP",
    "BACKEND_AUTHORIZATION",
    "BACKEND_SIGNING_SECRET",
    "BACKEND_CA_FILE",
    "ATTEMPT_TIMEOUT_MS",
    "MAX_ATTEMPTS",
    "UNDELIVERED_QUEUE_URL",
    "MAPPER_TIMEOUT_MS",
    "MAPPER_MEMORY_MB",
    "MAPPER_ENV_WORD",
    "MAPPER_LOGS",
    "SHADOW_MAPPER_IMAGE",
    "ON_UNDELIVERED",
    "ANSWER_WITHIN_MS",
    "AWS_LAMBDA_LOG_LEVEL",
    "COGNITO_ATTRIBUTES",
    "COGNITO_GROUPS",
    "HTTPS_PROXY",
];
/// What files, consoles, `$(…)` and templates leave around a value.
const AROUND: [&str; 6] = ["\n", "\r\n", "\r", "\t", " ", "\u{a0}"];

#[tokio::test]
async fn what_stands_around_a_value_is_cut_off_in_every_setting() {
    let authority = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&authority, &TlsBackend::start().await.authority).unwrap();
    let mapper = image(MISBEHAVING);
    for around in AROUND {
        let (backend, queue) = (Backend::answering(Answer::Status(404)).await, Queue::new().await);
        let values = [
            ("BACKEND_API_URL", backend.url.as_str()),
            ("BACKEND_ALLOW_HTTP", "on"),
            ("BACKEND_AUTHORIZATION", "Bearer t-0-k-e-n"),
            ("BACKEND_SIGNING_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
            ("BACKEND_CA_FILE", authority.path().to_str().unwrap()),
            ("ATTEMPT_TIMEOUT_MS", "2000"),
            ("MAX_ATTEMPTS", "1"),
            ("UNDELIVERED_QUEUE_URL", &queue.url),
            ("MAPPER_IMAGE", mapper.to_str().unwrap()),
            ("MAPPER_TIMEOUT_MS", "1000"),
            ("MAPPER_MEMORY_MB", "64"),
            ("MAPPER_ENV_WORD", "two words"),
            ("MAPPER_LOGS", "off"),
            ("SHADOW_MAPPER_IMAGE", mapper.to_str().unwrap()),
            ("ON_UNDELIVERED", "reject"),
            ("ANSWER_WITHIN_MS", "4500"),
            ("AWS_LAMBDA_LOG_LEVEL", "INFO"),
        ];
        let wrapped =
            values.map(|(variable, value)| (variable, format!("{around}{value}{around}")));
        let wrapped = wrapped.each_ref().map(|(variable, value)| (*variable, value.as_str()));
        let settings = [&wrapped[..], &aws::variables(aws::endpoint())].concat();
        let mut function = Function::with_variables(&settings).await;
        let invoked = function.invoke(behaving("variable WORD").to_string()).await;
        assert_eq!(
            (invoked.end(), queue.count().await),
            ("queued", 1),
            "{around:?}: {}",
            invoked.line
        );
        let request = backend.request();
        assert_eq!(
            (request.headers["authorization"].as_bytes(), &request.body[..]),
            (&b"Bearer t-0-k-e-n"[..], &b"two words"[..])
        );
        assert!(request.headers.contains_key("webhook-signature"));
        assert_eq!(function.line().await["message"], "the shadow mapper agrees");
    }
}

#[tokio::test]
async fn a_blank_setting_is_not_set() {
    let (backend, mapper) = (Backend::start().await, image(MISBEHAVING));
    for blank in AROUND {
        let blanks = OPTIONAL.map(|variable| (variable, blank));
        let set = [("BACKEND_API_URL", backend.url.as_str())];
        let mut function = Function::start(&mapper, &[&blanks[..], &set].concat()).await;
        assert_eq!(
            function.invoke(behaving("variable WORD").to_string()).await.end(),
            "delivered",
            "{blank:?}"
        );
        let request = backend.requests().pop().unwrap();
        assert!(request.body.is_empty() && !request.headers.contains_key("authorization"));
        let mut function = Function::start(&mapper, &[("BACKEND_API_URL", blank)]).await;
        let (status, text) = function.ended().await;
        assert!(
            status.code() == Some(1) && text.contains("BACKEND_API_URL: is not set"),
            "{blank:?}: {text}"
        );
    }
}

#[tokio::test]
async fn a_control_character_inside_a_value_is_a_fault() {
    // A proxy is another program's, so it is no fault whatever it is.
    let checked = OPTIONAL
        .into_iter()
        .filter(|variable| *variable != "HTTPS_PROXY")
        .chain(["BACKEND_API_URL"]);
    let checked: Vec<&str> = checked.collect();
    for inside in
        ["\n", "\r", "\t", "\u{1}", "\u{7f}", "\u{85}", "\u{200b}", "\u{feff}", "\u{202e}"]
    {
        let value = format!("s-e-c{inside}r-e-t");
        let settings: Vec<(&str, &str)> =
            checked.iter().map(|variable| (*variable, value.as_str())).collect();
        let mut function = Function::start(&image(MISBEHAVING), &settings).await;
        let (status, text) = function.ended().await;
        assert_eq!(status.code(), Some(1));
        for variable in &checked {
            let fault = format!(
                "\n  {variable}: holds a line break, a tab or another character that cannot be seen"
            );
            assert!(text.contains(&fault), "{variable} {inside:?}: {text}");
        }
        assert!(!text.contains("s-e-c"), "{text}");
    }
}

#[tokio::test]
async fn a_proxy_that_is_set_is_named_once_and_not_used() {
    let proxy = Backend::start().await;
    let (backend, queue) = (Backend::answering(Answer::Status(404)).await, Queue::new().await);
    let url = proxy.url.replace("http://", "http://user:s-e-c-r-e-t@");
    for names in [
        &["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"][..],
        &["https_proxy", "http_proxy", "all_proxy"],
    ] {
        let set: Vec<(&str, &str)> = names.iter().map(|name| (*name, url.as_str())).collect();
        let backend = [("BACKEND_API_URL", backend.url.as_str())];
        let mut function =
            Function::start(&image(MISBEHAVING), &[&set[..], &backend, &queue.settings()].concat())
                .await;
        let line = function.line().await;
        let said = [line["level"].as_str(), line["message"].as_str(), line["error"].as_str()];
        let names = format!("set and not used: {}", names.join(", "));
        let message = "no request of this function goes through a proxy";
        assert_eq!(said, [Some("WARN"), Some(message), Some(names.as_str())]);
        assert!(!line.to_string().contains("s-e-c-r-e-t"), "{line}");
        for _ in 0..2 {
            assert_eq!(function.invoke(behaving("good").to_string()).await.end(), "queued");
        }
    }
    assert_eq!((backend.requests().len(), queue.count().await, proxy.requests().len()), (4, 4, 0));
}
