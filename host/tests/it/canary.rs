//! Nothing of a user and no secret is ever logged: every way that an event can take, at every
//! level, in both formats.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use test_support::aws::{self, Pool, Queue};
use test_support::canary::{MARK, SECRETS, SUB, check, event};
use test_support::components::{DEFAULT, MISBEHAVING, OTHER, image};
use test_support::faults::{Fault, FaultyBackend};
use test_support::function::Function;
use test_support::proxy::{Mode, Proxy};
use test_support::runtime_api::Answer;

/// Lambda's levels, the most detailed first.
const LEVELS: [&str; 6] = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];

/// What the misbehaving mapper is asked for: good requests with values that must not be logged, and
/// each failure.
const BEHAVIOURS: [&str; 18] = [
    "good",
    "path users/?token=canary",
    "header x-canary=canary",
    "skip not-ours",
    "skip Canary@example.com",
    "error Canary@example.com",
    "panic",
    "exit 3",
    "recurse",
    "loop",
    "allocate 1024",
    "flood 10",
    "body 1048577",
    "body 10485760",
    "path //canary.example/",
    "path users/../../canary?canary",
    "header authorization=Bearer canary",
    "header x=canary\\r\\ncanary: canary",
];

/// What the misbehaving mapper does with an answer that must not be logged.
const CONCLUSIONS: [&str; 11] = [
    "set-body custom:backend_id;add members",
    "set-headers custom:backend_id",
    "set-body custom:canary",
    "set-body custom:none",
    "set custom:backend_id=canary;set custom:backend_id=canary",
    "set-control custom:backend_id",
    "add canary",
    "error Canary@example.com",
    "panic",
    "loop",
    "allocate 1024",
];

/// What the functions of one run have in common.
struct Run {
    level: &'static str,
    backend: FaultyBackend,
    queue: Queue,
}

impl Run {
    async fn new(level: &'static str) -> Run {
        let backend = FaultyBackend::start([], Fault::Takes).await;
        Run { level, backend, queue: Queue::new().await }
    }

    /// A function with this mapper and all secrets; with a queue if there is an `endpoint` of
    /// AWS.
    async fn function(
        &self,
        package: &str,
        endpoint: Option<&str>,
        settings: &[(&str, &str)],
    ) -> Function {
        let url = format!("{}canary/", self.backend.url);
        let common = [
            ("BACKEND_API_URL", url.as_str()),
            ("AWS_LAMBDA_LOG_LEVEL", self.level),
            // Short, because much hangs, and as long as a skip can do with.
            ("ANSWER_WITHIN_MS", "2500"),
            ("ATTEMPT_TIMEOUT_MS", "100"),
            ("MAPPER_TIMEOUT_MS", "1500"),
        ];
        let queue = endpoint
            .map(|endpoint| self.queue.settings_through(endpoint).to_vec())
            .unwrap_or_default();
        // What comes later wins.
        let settings = [&common[..], &queue, &SECRETS, settings].concat();
        Function::start(&image(package), &settings).await
    }

    /// Hands `event` over and checks that its answer tells nothing but the event itself.
    async fn hand_over(&self, function: &mut Function, event: &Value) {
        let event = event.to_string();
        match function.answer(event.clone(), None).await {
            Answer::Response(bytes) => assert!(bytes == event.as_bytes()),
            Answer::Error(error) => check(&error.to_string()),
        }
    }

    /// Hands one more event over, because its answer shows that what the earlier ones left is all
    /// written, and takes the log of `function`.
    async fn log(&self, mut function: Function) -> String {
        self.backend.plan([], Fault::Takes);
        self.backend.up();
        self.hand_over(&mut function, &event("canary-last", 0, "good")).await;
        function.killed().await
    }

    /// Without a queue every failure is told to Cognito.
    async fn rejecting(&self) -> String {
        let mut function = self.function(MISBEHAVING, None, &[("ON_UNDELIVERED", "reject")]).await;
        for (number, behaviour) in BEHAVIOURS.into_iter().enumerate() {
            self.hand_over(&mut function, &event("Canary-Name", number, behaviour)).await;
        }
        for fault in [
            Fault::status(404),
            Fault::status(401),
            Fault::status(503),
            Fault::retry_after(429, 60),
            Fault::Answers(302, Some(("location", "https://canary.example/?canary".to_owned()))),
            Fault::Answers(500, Some(("x-canary", "canary".to_owned()))),
            Fault::ResetsUnread,
            Fault::Hangs,
        ] {
            self.backend.plan([], fault);
            self.hand_over(&mut function, &event("Canary-Name", 100, "path users/?token=canary"))
                .await;
        }
        self.backend.down().await;
        self.hand_over(&mut function, &event("Canary-Name", 101, "good")).await;
        self.log(function).await
    }

    /// The queue fails as well, and another mapper looks on.
    async fn with_a_queue_that_fails(&self) -> String {
        let proxy = Proxy::start(aws::endpoint(), Mode::Resets).await;
        let shadow = image(OTHER);
        let settings = [("SHADOW_MAPPER_IMAGE", shadow.to_str().unwrap())];
        let mut function = self.function(DEFAULT, Some(&proxy.endpoint), &settings).await;
        self.backend.plan([], Fault::status(404));
        for mode in [Mode::Resets, Mode::Fails, Mode::Hangs] {
            proxy.set(mode);
            self.hand_over(&mut function, &event("Canary-Name", 200, "good")).await;
        }
        let mut nobody = event("Canary-Name", 201, "good");
        nobody["request"]["userAttributes"]["sub"] = Value::Null;
        self.hand_over(&mut function, &nobody).await;
        let mut strange = event("Canary-Name", 202, "good");
        strange["triggerSource"] = "canary-source".into();
        strange["userPoolId"] = "canary pool".into();
        strange["region"] = "canary".into();
        self.hand_over(&mut function, &strange).await;
        self.log(function).await
    }

    /// Events are queued and redelivered, good and bad.
    async fn redelivering(&self) -> String {
        let shadow = image(MISBEHAVING);
        let settings = [("SHADOW_MAPPER_IMAGE", shadow.to_str().unwrap())];
        let mut function = self.function(DEFAULT, Some(aws::endpoint()), &settings).await;
        self.backend.plan([], Fault::status(503));
        self.hand_over(&mut function, &event("Canary-Name", 300, "good")).await;
        let mut large = event("Canary-Name", 301, "good");
        large["request"]["clientMetadata"]["canary"] = "canary ".repeat(200_000).into();
        self.hand_over(&mut function, &large).await;

        self.backend.plan([Fault::Takes, Fault::Takes], Fault::status(404));
        let mut poison = event("Canary-Name", 302, "good");
        poison["request"]["userAttributes"]["sub"] = Value::Null;
        let bodies = [
            event("Canary-Name", 303, "good").to_string(),
            event("Canary-Name", 304, "panic").to_string(),
            poison.to_string(),
            "canary, which is not JSON".to_owned(),
            r#""canary""#.to_owned(),
            event("Canary-Name", 305, "good").to_string(),
        ];
        let records = bodies.iter().enumerate().map(|(number, body)| record(number, body));
        let batch = json!({ "Records": records.collect::<Vec<_>>() }).to_string();
        let Answer::Response(answer) = function.answer(batch, Some(Duration::from_secs(10))).await
        else {
            panic!("no answer to a batch")
        };
        check(str::from_utf8(&answer).unwrap());
        self.log(function).await
    }

    /// The backend's answer is written to users, or something keeps it from being: what it holds is
    /// logged no more than what is sent.
    async fn following_up(&self) -> String {
        let pool = Pool::new().await;
        pool.create("Canary-Name").await;
        let shadow = image(DEFAULT);
        let settings = [
            ("COGNITO_ATTRIBUTES", "custom:backend_id,custom:none"),
            ("COGNITO_GROUPS", "members"),
            ("MAPPER_ENV_ATTRIBUTES_FROM_ANSWER", "custom:backend_id=/group"),
            ("MAPPER_ENV_GROUPS_FROM_ANSWER", "/id"),
            ("SHADOW_MAPPER_IMAGE", shadow.to_str().unwrap()),
        ];
        let mut function = self.function(MISBEHAVING, Some(aws::endpoint()), &settings).await;
        for (number, behaviour) in CONCLUSIONS.into_iter().enumerate() {
            let mut event = event("Canary-Name", 500 + number, "good");
            event["userPoolId"] = pool.id.as_str().into();
            event["request"]["userAttributes"]["custom:conclude"] = behaviour.into();
            self.hand_over(&mut function, &event).await;
        }
        let written = pool.attribute_of("Canary-Name", "custom:backend_id").await;
        assert!(written.is_some_and(|written| written.contains(MARK)));
        self.log(function).await
    }

    /// The secret can't be fetched.
    async fn without_its_secret(&self) -> String {
        let arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:canary-a1b2c3";
        let mut function =
            self.function(DEFAULT, Some(aws::endpoint()), &[("BACKEND_AUTHORIZATION", arn)]).await;
        self.hand_over(&mut function, &event("Canary-Name", 400, "good")).await;
        self.log(function).await
    }
}

/// A record of a batch. The id in every third is not one of the host's.
fn record(number: usize, body: &str) -> Value {
    let id =
        if number.is_multiple_of(3) { "canary".to_owned() } else { format!("evt_{number:032x}") };
    json!({
        "messageId": format!("00000000-0000-4000-8000-{number:012x}"),
        "receiptHandle": "canary-handle",
        "body": body,
        "attributes": { "ApproximateReceiveCount": "1", "SenderId": "canary-sender" },
        "messageAttributes": { "event-id": { "stringValue": id, "dataType": "String" } },
        "md5OfBody": "canary",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:canary",
        "awsRegion": "eu-central-1",
    })
}

/// Checks that `log` is in its format and holds the ends whose lines are of `level` or above,
/// because an empty log would prove nothing.
fn is_complete(log: &str, level: &str) {
    let rank = |level: &str| LEVELS.iter().position(|other| *other == level);
    // The line of a lost user is never left out.
    for (part, of_level) in
        [("skipped", "INFO"), ("queued", "WARN"), ("undelivered", "FATAL"), (SUB, "FATAL")]
    {
        assert_eq!(log.contains(part), rank(of_level) >= rank(level), "{part} at {level}: {log}");
    }
    for line in log.lines() {
        assert!(serde_json::from_str::<Value>(line).is_ok(), "{line}");
    }
}

#[tokio::test]
async fn no_value_of_a_user_and_no_secret_is_in_any_log() {
    let runs = LEVELS.map(async |level| {
        let run = Run::new(level).await;
        let log = [
            run.rejecting().await,
            run.with_a_queue_that_fails().await,
            run.redelivering().await,
            run.following_up().await,
            run.without_its_secret().await,
        ]
        .concat();
        check(&log);
        is_complete(&log, level);
    });
    join_all(runs).await;
}

#[tokio::test]
async fn no_secret_is_in_what_a_failed_start_says() {
    let settings = [
        ("BACKEND_API_URL", "https://canary:canary@canary.example/"),
        ("BACKEND_AUTHORIZATION", "canary\ncanary"),
        ("BACKEND_SIGNING_SECRET", "whsec_canary!"),
        ("UNDELIVERED_QUEUE_URL", "canary"),
        ("ATTEMPT_TIMEOUT_MS", "canary"),
        ("MAX_ATTEMPTS", "canary"),
    ];
    let mut function = Function::start(&image(DEFAULT), &settings).await;
    let (status, text) = function.ended().await;
    assert_eq!(status.code(), Some(1));
    assert!(
        settings.iter().all(|(variable, _)| text.contains(&format!("\n  {variable}: "))),
        "{text}"
    );
    assert!(!text.contains(MARK), "{text}");
    let (_, error) = function.api.init_error().unwrap();
    check(&error.to_string());
}
