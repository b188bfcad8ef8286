//! Mappers in Python, built by the real `mapper` and run in the function's own sandbox.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use post_confirmation_host::Effect;
use post_confirmation_host::Request;
use post_confirmation_host::backend::Answer;
use post_confirmation_host::event::Event;
use post_confirmation_host::mapper::{Error, Mapper, MapperOutput, Outcome, Settings};
use serde_json::json;
use serde_json::value::RawValue;
use tempfile::TempDir;
use test_support::languages::PYTHON;

/// A path in the environment's folder of packages.
#[macro_export]
macro_rules! package {
    ($path:literal) => {
        concat!(".venv/lib/python3.14/site-packages/", $path)
    };
}

/// A folder with these files in it, and an environment without other packages.
pub fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), files);
    folder
}

fn put(folder: &Path, files: &[(&str, &str)]) {
    for (name, content) in files.iter().chain(&[(".venv/pyvenv.cfg", "")]) {
        let file = folder.join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, content).unwrap();
    }
}

/// Makes a program that fails with these words.
pub fn tool(path: &Path, words: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, format!("#!/bin/sh\ncat <<'END'\n{words}\nEND\nexit 1\n")).unwrap();
    fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
}

/// Why these files make no mapper.
pub fn refused(files: &[(&str, &str)]) -> String {
    let folder = folder(files);
    let built = PYTHON.mapper(folder.path(), &["build"]);
    assert_eq!(built.status.code(), Some(1), "{built:?}");
    let says = String::from_utf8(built.stderr).unwrap();
    let says = says.strip_prefix("running componentize-py\n").unwrap_or(&says);
    says.trim_end().to_owned()
}

/// The files of the mapper that makes every mistake, and those of packages that it uses.
const ALL: [(&str, &str); 11] = [
    ("follow_ups.py", include_str!("follow_ups.py")),
    ("mapper.py", include_str!("mapper.py")),
    ("mistakes.py", include_str!("mistakes.py")),
    ("works.py", include_str!("works.py")),
    ("lib/words.py", "def greeting_of(user):\n    return f\"good day {user['name']}\"\n"),
    ("data/names.txt", "ada\nbob\n"),
    (package!("greeting/__init__.py"), include_str!("greeting.py")),
    (package!("greeting/courtesy.py"), "WORD = \"please\"\n"),
    (package!("greeting/german.py"), "WORD = \"bitte\"\n"),
    (package!("farewell.py"), "WORD = \"goodbye\"\n"),
    (package!("greeting/inner/deep.py"), "WORD = \"deep\"\n"),
];

/// That mapper with these variables, compiled once a run. None if there is nothing to build it with.
pub fn all(variables: &[(&str, &str)]) -> Option<Loaded> {
    static COMPILED: OnceLock<PathBuf> = OnceLock::new();
    let image = || {
        let folder = PYTHON.empty_folder("all");
        put(&folder, &ALL);
        let compiled = PYTHON.mapper(&folder, &["compile"]);
        assert!(compiled.status.success(), "{compiled:?}");
        folder.join("mapper.cwasm")
    };
    PYTHON.is_there().then(|| Loaded::of(COMPILED.get_or_init(image), variables))
}

/// What came of an event.
pub struct Mapped {
    pub result: Result<Outcome, Error>,
    pub output: MapperOutput,
}

/// A mapper that is loaded.
pub struct Loaded(Mapper);

impl Loaded {
    /// The mapper in `image`, with these variables.
    fn of(image: &Path, variables: &[(&str, &str)]) -> Loaded {
        let variable = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Loaded(
            Mapper::load(Settings {
                image: image.to_owned(),
                timeout: Duration::from_secs(20),
                memory: 64 * 1024 * 1024,
                sandboxes: 2,
                variables: variables.iter().map(variable).collect(),
                backtraces: true,
                deterministic: false,
            })
            .unwrap(),
        )
    }

    /// Maps the event of a user of this name.
    pub async fn map(&self, name: &str) -> Mapped {
        let event = event(name);
        let deadline = Instant::now() + Duration::from_secs(20);
        let (result, call) = self.0.transform(&Event::read(&event, "request"), deadline).await;
        Mapped { result, output: call.output }
    }

    /// What the mapper says of an answer of the backend to the request for a user of this name: the
    /// effects, or the code and the message of an error.
    pub async fn conclude(&self, name: &str) -> Result<Vec<Effect>, (String, String)> {
        let event = event(name);
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

    /// The request for a user of this name.
    pub async fn request(&self, name: &str) -> Request {
        let call = self.map(name).await;
        match call.result {
            Ok(Outcome::Deliver(request)) => request,
            Ok(Outcome::Skip(code)) => panic!("{name} is skipped: {code}"),
            Err(error) => panic!("{name}: {error}: {:?}", call.output.message),
        }
    }

    /// The code and the message of the error for a user of this name.
    pub async fn error(&self, name: &str) -> (String, String) {
        let call = self.map(name).await;
        match call.result {
            Err(Error::Returned(code)) => (code.to_string(), call.output.message.unwrap()),
            Err(other) => (format!("{other}"), call.output.stderr),
            Ok(_) => ("none".to_owned(), String::new()),
        }
    }
}

/// An event for a user of this name.
fn event(name: &str) -> Box<RawValue> {
    let event = json!({
        "version": "1",
        "triggerSource": "PostConfirmation_ConfirmSignUp",
        "region": "eu-central-1",
        "userPoolId": "eu-central-1_Example01",
        "userName": name,
        "callerContext": { "awsSdkVersion": "3", "clientId": "client" },
        "request": {
            "userAttributes": { "sub": "1234", "email": "ada@example.org", "custom:plan": "pro" },
            "clientMetadata": { "campaign": "spring" },
        },
        "response": {},
    });
    RawValue::from_string(event.to_string()).unwrap()
}
