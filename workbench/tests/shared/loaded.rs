//! A mapper in the function's own sandbox, whatever language it is written in. The tests of a
//! language add how it is built.

use std::path::Path;
use std::time::{Duration, Instant};

use post_confirmation_host::Effect;
use post_confirmation_host::backend::Answer;
use post_confirmation_host::event::Event;
use post_confirmation_host::mapper::{Error, Mapper, MapperOutput, Outcome, Settings};
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// Longer than any call takes that is not made to end by its time.
pub const LONG: Duration = Duration::from_secs(20);

/// What came of an event.
pub struct Mapped {
    pub result: Result<Outcome, Error>,
    pub output: MapperOutput,
    #[allow(dead_code, reason = "not every language's tests ask")]
    pub memory: usize,
}

/// A mapper that is loaded, and the attributes of its users.
pub struct Loaded {
    mapper: Mapper,
    attributes: Value,
}

impl Loaded {
    /// The mapper in `image`, with these variables, for users with these attributes.
    pub fn load(
        image: &Path,
        variables: &[(&str, &str)],
        timeout: Duration,
        attributes: Value,
    ) -> Loaded {
        let variable = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let mapper = Mapper::load(Settings {
            image: image.to_owned(),
            timeout,
            memory: 64 * 1024 * 1024,
            sandboxes: 4,
            variables: variables.iter().map(variable).collect(),
            backtraces: true,
            deterministic: false,
        });
        Loaded { mapper: mapper.unwrap(), attributes }
    }

    /// Maps the event of a user of this name.
    pub async fn map_user(&self, name: &str) -> Mapped {
        let until = Instant::now() + LONG;
        let (result, call) = self.mapper.transform(&self.event(name), until).await;
        Mapped { result, output: call.output, memory: call.memory }
    }

    /// What the mapper says of an answer of the backend to the request for a user of this name: the
    /// effects, or the code and the message of an error.
    pub async fn conclude(&self, name: &str) -> Result<Vec<Effect>, (String, String)> {
        self.conclude_after(name, r#"{"id":42}"#).await
    }

    /// The same of an answer with this body.
    pub async fn conclude_after(
        &self,
        name: &str,
        body: &str,
    ) -> Result<Vec<Effect>, (String, String)> {
        let headers = [("content-type", "application/json"), ("x-a", "1"), ("x-a", "2")];
        let answer = Answer {
            status: 201,
            headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
            body: body.as_bytes().to_vec(),
        };
        let until = Instant::now() + LONG;
        let (result, call) = self.mapper.conclude(&self.event(name), &answer, until).await;
        result.map_err(|error| match error {
            Error::Returned(code) => (code.to_string(), call.output.message.unwrap()),
            other => panic!("{name}: {other}"),
        })
    }

    /// Makes every mistake of the follow-up, each by its name, with the code and what the message
    /// says of it. No message holds `nobodys`, the place of our own code.
    pub async fn is_told_of(&self, mistakes: &[(&str, &str, &str)], nobodys: &str) {
        let mut wrong = Vec::new();
        for (name, code, says) in mistakes {
            let (found, message) = self.conclude(name).await.expect_err(name);
            if found != *code || !message.contains(says) || message.contains(nobodys) {
                wrong.push(format!("{name}: {found}: {message}\n  expected {code}: {says}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    }

    /// An event for a user of this name.
    fn event(&self, name: &str) -> Event {
        let event = json!({
            "version": "1",
            "triggerSource": "PostConfirmation_ConfirmSignUp",
            "region": "eu-central-1",
            "userPoolId": "eu-central-1_Example01",
            "userName": name,
            "callerContext": { "awsSdkVersion": "3", "clientId": "client" },
            "request": {
                "userAttributes": self.attributes,
                "clientMetadata": { "campaign": "spring" },
            },
            "response": {},
        });
        Event::read(&RawValue::from_string(event.to_string()).unwrap(), "request")
    }
}

/// The effect that sets an attribute.
pub fn set(name: &str, value: &str) -> Effect {
    Effect::SetAttribute { name: name.to_owned(), value: value.to_owned() }
}

/// The effect that adds to a group.
pub fn add(group: &str) -> Effect {
    Effect::AddToGroup(group.to_owned())
}
