//! Builds the engine once a run, mappers with it, and maps events by them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{LazyLock, OnceLock};
use std::time::{Duration, Instant};

use post_confirmation_host::event::Event;
use post_confirmation_host::mapper::cache::Cache;
use post_confirmation_host::mapper::{Call, Failure, Mapper, Outcome, Settings, THIS_TARGET};
use post_confirmation_workbench::javascript::{self, Built, Fault, JsEngine};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tempfile::TempDir;
use wasmtime::Engine;

/// The engine, built and compiled once a run.
pub fn js_engine() -> &'static JsEngine {
    static BUILT: OnceLock<JsEngine> = OnceLock::new();
    BUILT.get_or_init(|| {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let target = workspace.join("target");
        let built = Command::new(env!("CARGO"))
            .args(["build", "--locked", "--profile", "mapper", "--target", "wasm32-wasip2", "--package", "js-engine"])
            .arg("--target-dir")
            .arg(&target)
            .current_dir(workspace)
            .output()
            .unwrap();
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        JsEngine::new(&target.join("wasm32-wasip2/mapper/js_engine.wasm"), &Engine::default())
    })
}

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

/// The component of the mapper in a file.
pub fn build(mapper: &Path) -> Result<Vec<u8>, Fault> {
    built(mapper).map(|built| built.component)
}

/// The same, with the files that were read.
pub fn built(mapper: &Path) -> Result<Built, Fault> {
    javascript::build(mapper, js_engine())
}

/// The component of the mapper that these files make, the mapper's own first.
pub fn build_files(files: &[(&str, &str)]) -> Result<Vec<u8>, Fault> {
    build(&folder(files).path().join(files[0].0))
}

/// Why these files make no mapper.
pub fn refused(files: &[(&str, &str)]) -> String {
    build_files(files).map(drop).expect_err("it is no mapper").to_string()
}

/// A mapper that is loaded.
pub struct Loaded(Mapper);

/// Loads the component on the production host.
pub fn load(component: &[u8], variables: &[(&str, &str)]) -> Loaded {
    load_for(component, variables, Duration::from_secs(20))
}

fn load_for(component: &[u8], variables: &[(&str, &str)], timeout: Duration) -> Loaded {
    static CACHE: LazyLock<Cache> = LazyLock::new(|| Cache::at(&Path::new(env!("CARGO_TARGET_TMPDIR")).join("images")));
    let image = CACHE.mapper(component, THIS_TARGET, || ()).unwrap();
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Loaded(Mapper::load(settings(image, variables, timeout)).unwrap())
}

fn settings(image: PathBuf, variables: Vec<(String, String)>, timeout: Duration) -> Settings {
    Settings { image, timeout, memory: 64 * 1024 * 1024, sandboxes: 4, variables, backtraces: true, fixed: false }
}

impl Loaded {
    /// Loads the mapper that these files make.
    pub fn of(files: &[(&str, &str)]) -> Loaded {
        load(&build_files(files).unwrap(), &[])
    }

    /// The same, with little time for each event.
    pub fn of_short(files: &[(&str, &str)]) -> Loaded {
        load_for(&build_files(files).unwrap(), &[], Duration::from_secs(1))
    }

    /// Maps an event, in JSON.
    pub async fn map(&self, event: &str) -> Call {
        let event = RawValue::from_string(event.to_owned()).unwrap();
        self.0.transform(&Event::read(&event, "request"), Instant::now() + Duration::from_secs(20)).await
    }

    /// Maps the event of a user of this name.
    pub async fn map_user(&self, name: &str) -> Call {
        self.map(&event(name).to_string()).await
    }

    /// The body for a user of this name, as JSON.
    pub async fn body(&self, name: &str) -> Value {
        let call = self.map_user(name).await;
        match call.result {
            Ok(Outcome::Deliver(request)) => serde_json::from_slice(&request.body).unwrap(),
            Ok(Outcome::Skip(code)) => panic!("{name} is skipped: {code}"),
            Err(failure) => panic!("{name}: {failure}: {:?}", call.said.message),
        }
    }

    /// The code and the message of the error for a user of this name.
    pub async fn error(&self, name: &str) -> (String, String) {
        let call = self.map_user(name).await;
        match call.result {
            Err(Failure::Returned(code)) => (code, call.said.message.unwrap()),
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
