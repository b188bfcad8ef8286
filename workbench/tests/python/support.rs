//! Mappers in Python, built by the real `mapper` and run in the function's own sandbox.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use post_confirmation_host::Request;
use post_confirmation_host::mapper::{Error, Outcome};
use serde_json::json;
use tempfile::TempDir;
use test_support::languages::PYTHON;

use crate::loaded::{LONG, Loaded};

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

/// That mapper with these variables, compiled once a run. None if there is nothing to build it
/// with.
pub fn all(variables: &[(&str, &str)]) -> Option<Loaded> {
    static COMPILED: OnceLock<PathBuf> = OnceLock::new();
    let image = || {
        let folder = PYTHON.empty_folder("all");
        put(&folder, &ALL);
        let compiled = PYTHON.mapper(&folder, &["compile"]);
        assert!(compiled.status.success(), "{compiled:?}");
        folder.join("mapper.cwasm")
    };
    let attributes = json!({ "sub": "1234", "email": "ada@example.org", "custom:plan": "pro" });
    PYTHON
        .is_there()
        .then(|| Loaded::load(COMPILED.get_or_init(image), variables, LONG, attributes))
}

impl Loaded {
    /// The request for a user of this name.
    pub async fn request(&self, name: &str) -> Request {
        let call = self.map_user(name).await;
        match call.result {
            Ok(Outcome::Deliver(request)) => request,
            Ok(Outcome::Skip(code)) => panic!("{name} is skipped: {code}"),
            Err(error) => panic!("{name}: {error}: {:?}", call.output.message),
        }
    }

    /// The code and the message of the error for a user of this name.
    pub async fn error(&self, name: &str) -> (String, String) {
        let call = self.map_user(name).await;
        match call.result {
            Err(Error::Returned(code)) => (code.to_string(), call.output.message.unwrap()),
            Err(other) => (format!("{other}"), call.output.stderr),
            Ok(_) => ("none".to_owned(), String::new()),
        }
    }
}
