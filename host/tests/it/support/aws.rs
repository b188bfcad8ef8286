//! AWS as far as the function needs it: moto's server, one for all tests, and queues on it with a client of their own.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::{BehaviorVersion, Config, Credentials, Region};
use aws_sdk_sqs::types::{Message, MessageAttributeValue, MessageSystemAttributeName, QueueAttributeName};
use serde_json::json;

use super::python::python;

/// Longer than any redelivery here takes, so that nothing comes back before the event source lets it.
const VISIBILITY_SECONDS: u32 = 1800;

struct Moto {
    endpoint: String,
    /// Holds the standard input with whose end the server ends, at the latest with the test process.
    _server: Child,
}

fn moto() -> &'static Moto {
    static MOTO: OnceLock<Moto> = OnceLock::new();
    MOTO.get_or_init(|| {
        let package = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut server = Command::new(python())
            .arg(package.join("tests/python/moto_server.py"))
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

/// A queue.
pub struct Queue {
    pub url: String,
    pub arn: String,
    client: Client,
}

impl Queue {
    /// A new queue.
    pub async fn new() -> Queue {
        Queue::create(&client(), None).await
    }

    /// A new queue, and the one to which it gives what was received `max_receive_count` times in vain.
    pub async fn with_dead_letters(max_receive_count: u32) -> (Queue, Queue) {
        let client = client();
        let dead = Queue::create(&client, None).await;
        let policy = json!({ "deadLetterTargetArn": dead.arn, "maxReceiveCount": max_receive_count }).to_string();
        (Queue::create(&client, Some(policy)).await, dead)
    }

    async fn create(client: &Client, redrive: Option<String>) -> Queue {
        static QUEUES: AtomicUsize = AtomicUsize::new(0);
        let name = format!("queue-{}", QUEUES.fetch_add(1, Ordering::Relaxed));
        let mut create = client
            .create_queue()
            .queue_name(name)
            .attributes(QueueAttributeName::VisibilityTimeout, VISIBILITY_SECONDS.to_string());
        if let Some(redrive) = redrive {
            create = create.attributes(QueueAttributeName::RedrivePolicy, redrive);
        }
        let url = create.send().await.unwrap().queue_url.unwrap();
        let mut queue = Queue { url, arn: String::new(), client: client.clone() };
        queue.arn = queue.attribute(QueueAttributeName::QueueArn).await;
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

    /// How many messages there are: delayed, in flight and visible. Asked in this order, because a message goes from
    /// either of the first two to the last, and must not slip through in between.
    pub async fn count(&self) -> usize {
        let delayed = self.delayed().await;
        let in_flight = self.number(QueueAttributeName::ApproximateNumberOfMessagesNotVisible).await;
        delayed + in_flight + self.number(QueueAttributeName::ApproximateNumberOfMessages).await
    }

    /// How many messages wait for their delay to end.
    pub async fn delayed(&self) -> usize {
        self.number(QueueAttributeName::ApproximateNumberOfMessagesDelayed).await
    }

    async fn number(&self, name: QueueAttributeName) -> usize {
        self.attribute(name).await.parse().unwrap()
    }

    async fn attribute(&self, name: QueueAttributeName) -> String {
        let got = self.client.get_queue_attributes().queue_url(&self.url).attribute_names(name.clone()).send().await;
        got.unwrap().attributes.unwrap().remove(&name).unwrap()
    }

    /// Puts a message into the queue, with the id of its event where it has one.
    pub async fn send(&self, body: &str, event_id: Option<&str>) {
        let mut message = self.client.send_message().queue_url(&self.url).message_body(body);
        if let Some(id) = event_id {
            let value = MessageAttributeValue::builder().data_type("String").string_value(id).build().unwrap();
            message = message.message_attributes("event-id", value);
        }
        message.send().await.unwrap();
    }

    /// Up to `most` messages, at most 10, which are then in flight.
    pub async fn receive(&self, most: i32) -> Vec<Message> {
        let receive = self.client.receive_message().queue_url(&self.url).max_number_of_messages(most);
        let receive = receive.message_attribute_names("All");
        let received = receive.message_system_attribute_names(MessageSystemAttributeName::All).send().await.unwrap();
        received.messages.unwrap_or_default()
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
        let handle = message.receipt_handle.as_deref().unwrap();
        self.client.delete_message().queue_url(&self.url).receipt_handle(handle).send().await.unwrap();
    }

    /// Makes `message` visible again at once.
    pub async fn give_back(&self, message: &Message) {
        let handle = message.receipt_handle.as_deref().unwrap();
        let change = self.client.change_message_visibility().queue_url(&self.url).receipt_handle(handle);
        change.visibility_timeout(0).send().await.unwrap();
    }
}

/// The value of an attribute that was sent with `message`, and its type.
pub fn attribute<'a>(message: &'a Message, name: &str) -> (&'a str, &'a str) {
    let attribute = &message.message_attributes.as_ref().unwrap()[name];
    (attribute.string_value.as_deref().unwrap(), &attribute.data_type)
}

/// A client for one test: its connections belong to the test's runtime.
fn client() -> Client {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("eu-central-1"))
        .endpoint_url(endpoint())
        .credentials_provider(Credentials::new("key-id", "access-key", None, None, "tests"))
        .http_client(aws_smithy_http_client::Builder::new().build_http());
    Client::from_conf(config.build())
}
