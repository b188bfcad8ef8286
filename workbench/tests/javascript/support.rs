//! Mappers in JavaScript, built by the real `mapper` and run in the function's own sandbox.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use post_confirmation_host::Effect;
use post_confirmation_host::backend::Answer;
use post_confirmation_host::event::Event;
use post_confirmation_host::mapper::{Error, Mapper, MapperOutput, Outcome, Settings};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tempfile::TempDir;
use test_support::languages::javascript_engine;
use test_support::{AMPLE, program};

/// A folder with these files in it.
pub fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let file = folder.path().join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, content).unwrap();
    }
    folder
}

/// Runs `mapper` with `args` in `folder`.
pub fn mapper(folder: &Path, args: &[&str]) -> Output {
    javascript_engine();
    Command::new(program("mapper")).args(args).current_dir(folder).envs(AMPLE).output().unwrap()
}

/// The component of the mapper in `folder`, or why there is none.
pub fn build(folder: &Path) -> Result<PathBuf, String> {
    let built = mapper(folder, &["build"]);
    match built.status.code() {
        Some(0) => Ok(folder.join("mapper.wasm")),
        Some(1) => Err(String::from_utf8(built.stderr).unwrap().trim_end().to_owned()),
        _ => panic!("{built:?}"),
    }
}

/// The bytes of the component that these files make.
pub fn component(files: &[(&str, &str)]) -> Vec<u8> {
    fs::read(build(folder(files).path()).unwrap()).unwrap()
}

/// Why these files make no mapper.
pub fn refused(files: &[(&str, &str)]) -> String {
    build(folder(files).path()).expect_err("it is no mapper")
}

/// What came of an event.
pub struct Mapped {
    pub result: Result<Outcome, Error>,
    pub output: MapperOutput,
    pub memory: usize,
}

/// A mapper that is loaded.
pub struct Loaded(Mapper);

impl Loaded {
    /// The mapper that these files make.
    pub fn of(files: &[(&str, &str)]) -> Loaded {
        Loaded::with(folder(files).path(), &[], Duration::from_secs(20))
    }

    /// The same, with little time for each event.
    pub fn of_short(files: &[(&str, &str)]) -> Loaded {
        Loaded::with(folder(files).path(), &[], Duration::from_secs(1))
    }

    /// The mapper in `folder`, with these variables.
    pub fn with(folder: &Path, variables: &[(&str, &str)], timeout: Duration) -> Loaded {
        let compiled = mapper(folder, &["compile"]);
        assert!(compiled.status.success(), "{compiled:?}");
        let variable = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Loaded(
            Mapper::load(Settings {
                image: folder.join("mapper.cwasm"),
                timeout,
                memory: 64 * 1024 * 1024,
                sandboxes: 4,
                variables: variables.iter().map(variable).collect(),
                backtraces: true,
                deterministic: false,
            })
            .unwrap(),
        )
    }

    /// Maps an event, in JSON.
    pub async fn map(&self, event: &str) -> Mapped {
        let event = RawValue::from_string(event.to_owned()).unwrap();
        let deadline = Instant::now() + Duration::from_secs(20);
        let (result, call) = self.0.transform(&Event::read(&event, "request"), deadline).await;
        Mapped { result, output: call.output, memory: call.memory }
    }

    /// What the mapper says of an answer of the backend to the request for a user of this name: the
    /// effects, or the code and the message of an error.
    pub async fn conclude(&self, name: &str) -> Result<Vec<Effect>, (String, String)> {
        let event = RawValue::from_string(event(name).to_string()).unwrap();
        let headers = [("content-type", "application/json"), ("x-a", "1"), ("x-a", "2")];
        let answer = Answer {
            status: 201,
            headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
            body: br#"{"id":42}"#.to_vec(),
        };
        let deadline = Instant::now() + Duration::from_secs(20);
        let event = Event::read(&event, "request");
        let (result, call) = self.0.conclude(&event, &answer, deadline).await;
        result.map_err(|error| match error {
            Error::Returned(code) => (code.to_string(), call.output.message.unwrap()),
            other => panic!("{name}: {other}"),
        })
    }

    /// Maps the event of a user of this name.
    pub async fn map_user(&self, name: &str) -> Mapped {
        self.map(&event(name).to_string()).await
    }

    /// The body for a user of this name, as JSON.
    pub async fn body(&self, name: &str) -> Value {
        let call = self.map_user(name).await;
        match call.result {
            Ok(Outcome::Deliver(request)) => serde_json::from_slice(&request.body).unwrap(),
            Ok(Outcome::Skip(code)) => panic!("{name} is skipped: {code}"),
            Err(error) => panic!("{name}: {error}: {:?}", call.output.message),
        }
    }

    /// The code and the message of the error for a user of this name.
    pub async fn error(&self, name: &str) -> (String, String) {
        let call = self.map_user(name).await;
        match call.result {
            Err(Error::Returned(code)) => (code.to_string(), call.output.message.unwrap()),
            Err(other) => panic!("{name}: {other}"),
            Ok(_) => panic!("{name} is mapped"),
        }
    }
}

/// An event for a user of this name.
pub fn event(name: &str) -> Value {
    json!({
        "version": "1",
        "triggerSource": "PostConfirmation_ConfirmSignUp",
        "region": "eu-central-1",
        "userPoolId": "eu-central-1_Example01",
        "userName": name,
        "callerContext": { "awsSdkVersion": "3", "clientId": "client" },
        "request": {
            "userAttributes": { "sub": "1234", "email": "ada@example.org", "__proto__": "a name", "custom:plan": "pro" },
            "clientMetadata": { "campaign": "spring" },
        },
        "response": {},
    })
}
