//! Mappers in JavaScript, built by the real `mapper` and run in the function's own sandbox.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use post_confirmation_host::mapper::{Error, Outcome};
use serde_json::{Value, json};
use tempfile::TempDir;
use test_support::languages::javascript_engine;
use test_support::{AMPLE, program};

use crate::loaded::LONG;
pub use crate::loaded::Loaded;

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

impl Loaded {
    /// The mapper that these files make.
    pub fn of(files: &[(&str, &str)]) -> Loaded {
        Loaded::with(folder(files).path(), &[], LONG)
    }

    /// The same, with little time for each event.
    pub fn of_short(files: &[(&str, &str)]) -> Loaded {
        Loaded::with(folder(files).path(), &[], Duration::from_secs(1))
    }

    /// The mapper in `folder`, with these variables.
    pub fn with(folder: &Path, variables: &[(&str, &str)], timeout: Duration) -> Loaded {
        let compiled = mapper(folder, &["compile"]);
        assert!(compiled.status.success(), "{compiled:?}");
        let attributes = json!({ "sub": "1234", "email": "ada@example.org", "__proto__": "a name", "custom:plan": "pro" });
        Loaded::load(&folder.join("mapper.cwasm"), variables, timeout, attributes)
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
