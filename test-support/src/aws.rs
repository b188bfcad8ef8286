//! AWS as far as the function needs it: moto's server, one for all tests, and queues on it. Tests
//! ask it in plain JSON: moto believes everybody.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::python::python;

/// Longer than any redelivery here takes, so that nothing comes back before the event source lets
/// it.
const VISIBILITY_SECONDS: u32 = 1800;

struct Moto {
    endpoint: String,
    /// Holds the standard input with whose end the server ends, at the latest with the test
    /// process.
    _server: Child,
}

fn moto() -> &'static Moto {
    static MOTO: OnceLock<Moto> = OnceLock::new();
    MOTO.get_or_init(|| {
        let mut server = Command::new(python())
            .arg(crate::root().join("test-support/python/moto_server.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut port = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut port).unwrap();
        let port: u16 = port.trim().parse().expect("moto's server did not start");
        Moto { endpoint: format!("http://127.0.0.1:{port}"), _server: server }
    })
}

/// The address of AWS.
pub fn endpoint() -> &'static str {
    &moto().endpoint
}

/// What Lambda and its role would put into the environment of a function, with AWS at `endpoint`.
pub fn variables(endpoint: &str) -> [(&'static str, &str); 4] {
    [
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", "key-id"),
        ("AWS_SECRET_ACCESS_KEY", "access-key"),
        ("AWS_ENDPOINT_URL", endpoint),
    ]
}

/// Asks `service` to do `operation`, `AmazonSQS.SendMessage` for example.
pub async fn ask(service: &str, operation: &str, input: Value) -> Value {
    let scope = format!("Credential=tests/20260101/eu-central-1/{service}/aws4_request");
    // Built together with the workbench, reqwest asks for one. It stands already if this is not the
    // first call.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let answer = reqwest::Client::new()
        .post(endpoint())
        .header("content-type", "application/x-amz-json-1.1")
        .header("x-amz-target", operation)
        .header(
            "authorization",
            format!("AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0"),
        )
        .body(input.to_string())
        .send()
        .await
        .unwrap();
    let status = answer.status();
    let text = answer.text().await.unwrap();
    assert!(status.is_success(), "{operation}: {text}");
    serde_json::from_str(if text.is_empty() { "null" } else { &text }).unwrap()
}

async fn sqs(operation: &str, input: Value) -> Value {
    ask("sqs", &format!("AmazonSQS.{operation}"), input).await
}

/// A message as SQS hands it out.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Message {
    pub message_id: Option<String>,
    pub receipt_handle: Option<String>,
    pub body: Option<String>,
    #[serde(rename = "MD5OfBody")]
    pub md5_of_body: Option<String>,
    #[serde(rename = "MD5OfMessageAttributes")]
    pub md5_of_message_attributes: Option<String>,
    #[serde(default)]
    pub attributes: HashMap<String, String>,
    #[serde(default)]
    pub message_attributes: HashMap<String, Attribute>,
}

/// An attribute that was sent with a message.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Attribute {
    pub data_type: String,
    pub string_value: Option<String>,
}

/// A queue.
pub struct Queue {
    pub url: String,
    pub arn: String,
}

impl Queue {
    /// A new queue.
    pub async fn new() -> Queue {
        Queue::create(None).await
    }

    /// A new queue, and the one to which it gives what was received `max_receive_count` times in
    /// vain.
    pub async fn with_dead_letters(max_receive_count: u32) -> (Queue, Queue) {
        let dead = Queue::create(None).await;
        let policy =
            json!({ "deadLetterTargetArn": dead.arn, "maxReceiveCount": max_receive_count })
                .to_string();
        (Queue::create(Some(policy)).await, dead)
    }

    async fn create(redrive: Option<String>) -> Queue {
        static QUEUES: AtomicUsize = AtomicUsize::new(0);
        let name = format!("queue-{}", QUEUES.fetch_add(1, Ordering::Relaxed));
        let mut attributes = json!({ "VisibilityTimeout": VISIBILITY_SECONDS.to_string() });
        if let Some(redrive) = redrive {
            attributes["RedrivePolicy"] = redrive.into();
        }
        let created =
            sqs("CreateQueue", json!({ "QueueName": name, "Attributes": attributes })).await;
        let mut queue =
            Queue { url: created["QueueUrl"].as_str().unwrap().to_owned(), arn: String::new() };
        queue.arn = queue.attribute("QueueArn").await;
        queue
    }

    /// The settings of a function with this queue.
    pub fn settings(&self) -> [(&'static str, &str); 5] {
        self.settings_through(endpoint())
    }

    /// The settings of a function with this queue that finds AWS at `endpoint`.
    pub fn settings_through<'a>(&'a self, endpoint: &'a str) -> [(&'static str, &'a str); 5] {
        let [region, id, key, endpoint] = variables(endpoint);
        [("UNDELIVERED_QUEUE_URL", self.url.as_str()), region, id, key, endpoint]
    }

    /// How many messages there are: delayed, in flight and visible. Asked in this order, because a
    /// message goes from either of the first two to the last, and must not slip through in between.
    pub async fn count(&self) -> usize {
        let delayed = self.delayed().await;
        let in_flight = self.number("ApproximateNumberOfMessagesNotVisible").await;
        delayed + in_flight + self.number("ApproximateNumberOfMessages").await
    }

    /// How many messages wait for their delay to end.
    pub async fn delayed(&self) -> usize {
        self.number("ApproximateNumberOfMessagesDelayed").await
    }

    async fn number(&self, name: &str) -> usize {
        self.attribute(name).await.parse().unwrap()
    }

    async fn attribute(&self, name: &str) -> String {
        let got =
            sqs("GetQueueAttributes", json!({ "QueueUrl": self.url, "AttributeNames": [name] }))
                .await;
        got["Attributes"][name].as_str().unwrap().to_owned()
    }

    /// Puts a message into the queue, with the id of its event if it has one.
    pub async fn send(&self, body: &str, event_id: Option<&str>) {
        let mut message = json!({ "QueueUrl": self.url, "MessageBody": body });
        if let Some(id) = event_id {
            message["MessageAttributes"] =
                json!({ "event-id": { "DataType": "String", "StringValue": id } });
        }
        sqs("SendMessage", message).await;
    }

    /// Up to `most` messages, at most 10, which are then in flight.
    pub async fn receive(&self, most: i32) -> Vec<Message> {
        let receive = json!({
            "QueueUrl": self.url,
            "MaxNumberOfMessages": most,
            "MessageAttributeNames": ["All"],
            "MessageSystemAttributeNames": ["All"],
        });
        let mut received = sqs("ReceiveMessage", receive).await;
        match received["Messages"].take() {
            Value::Null => Vec::new(),
            messages => serde_json::from_value(messages).unwrap(),
        }
    }

    /// Every visible message.
    pub async fn receive_all(&self) -> Vec<Message> {
        let mut all = Vec::new();
        loop {
            let some = self.receive(10).await;
            if some.is_empty() {
                return all;
            }
            all.extend(some);
        }
    }

    /// The one visible message.
    pub async fn message(&self) -> Message {
        let mut all = self.receive_all().await;
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0)
    }

    /// Ends `message`.
    pub async fn delete(&self, message: &Message) {
        sqs(
            "DeleteMessage",
            json!({ "QueueUrl": self.url, "ReceiptHandle": message.receipt_handle }),
        )
        .await;
    }

    /// Makes `message` visible again at once.
    pub async fn give_back(&self, message: &Message) {
        let change = json!({ "QueueUrl": self.url, "ReceiptHandle": message.receipt_handle, "VisibilityTimeout": 0 });
        sqs("ChangeMessageVisibility", change).await;
    }
}

/// The value of an attribute that was sent with `message`, and its type.
pub fn attribute<'a>(message: &'a Message, name: &str) -> (&'a str, &'a str) {
    let attribute = &message.message_attributes[name];
    (attribute.string_value.as_deref().unwrap(), &attribute.data_type)
}

/// A user pool with one user, `alice`. Its users can have `custom:backend_id` and `custom:plan`,
/// and be in one group, `members`.
pub struct Pool {
    /// The pool's id.
    pub id: String,
}

impl Pool {
    /// A new pool.
    pub async fn new() -> Pool {
        let attribute = |name: &str| {
            json!({ "Name": name, "AttributeDataType": "String", "Mutable": true,
                "StringAttributeConstraints": { "MinLength": "0", "MaxLength": "2048" } })
        };
        let schema = [attribute("backend_id"), attribute("plan")];
        let made = cognito("CreateUserPool", json!({ "PoolName": "pool", "Schema": schema })).await;
        let pool = Pool { id: made["UserPool"]["Id"].as_str().unwrap().to_owned() };
        pool.create("alice").await;
        pool.ask("CreateGroup", json!({ "GroupName": "members" })).await;
        pool
    }

    /// A confirmed sign-up of `alice`, whose mapper does this once the backend has answered.
    pub fn sign_up(&self, conclude: &str) -> Value {
        let mut event = crate::sign_up();
        event["userPoolId"] = self.id.as_str().into();
        event["request"]["userAttributes"]["custom:conclude"] = conclude.into();
        event
    }

    /// Makes one more user.
    pub async fn create(&self, user: &str) {
        self.ask("AdminCreateUser", json!({ "Username": user })).await;
    }

    /// The value of an attribute of `alice`.
    pub async fn attribute(&self, name: &str) -> Option<String> {
        self.attribute_of("alice", name).await
    }

    /// The value of an attribute of `user`.
    pub async fn attribute_of(&self, user: &str, name: &str) -> Option<String> {
        let user = self.ask("AdminGetUser", json!({ "Username": user })).await;
        let attributes = user["UserAttributes"].as_array().unwrap();
        let found = attributes.iter().find(|attribute| attribute["Name"] == name);
        found.map(|attribute| attribute["Value"].as_str().unwrap().to_owned())
    }

    /// The groups of `alice`.
    pub async fn groups(&self) -> Vec<String> {
        self.groups_of("alice").await
    }

    /// The groups of `user`.
    pub async fn groups_of(&self, user: &str) -> Vec<String> {
        let listed = self.ask("AdminListGroupsForUser", json!({ "Username": user })).await;
        let groups = listed["Groups"].as_array().unwrap().iter();
        groups.map(|group| group["GroupName"].as_str().unwrap().to_owned()).collect()
    }

    /// Asks Cognito to do `operation` in this pool.
    pub async fn ask(&self, operation: &str, mut input: Value) -> Value {
        input["UserPoolId"] = self.id.as_str().into();
        cognito(operation, input).await
    }
}

async fn cognito(operation: &str, input: Value) -> Value {
    let target = format!("AWSCognitoIdentityProviderService.{operation}");
    ask("cognito-idp", &target, input).await
}
