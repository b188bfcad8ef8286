//! The real `mapper`: every command on good input and bad, as its users run it.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails if one of them panics")]

mod bless;
mod build;
mod cache;
mod cases;
mod check;
mod compile;
mod cost;
mod dev;
mod diff;
mod events;
mod follow_up;
mod fresh;
mod functions;
mod input;
mod inspect;
mod limits;
mod named;
mod new;
mod reach;
mod replay;
mod report;
mod run;
mod settings;
mod stale;
mod unit_test;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use test_support::components::{component, component_of};
use test_support::{AMPLE, program, root};

/// The cases of the default mapper.
fn shared_cases() -> PathBuf {
    root().join("guest/cases")
}

/// The component of the workspace's package `package`, as an argument.
fn wasm(package: &str) -> String {
    component(package).to_str().unwrap().to_owned()
}

/// A folder in which a test keeps its files and runs `mapper`.
struct Folder(TempDir);

impl Folder {
    fn new() -> Folder {
        Folder(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// Writes the component of `text` to `component.wasm`.
    fn component(&self, text: &str) {
        component_of(text, self.0.path());
    }

    /// Writes the event of the case `name`.
    fn event(&self, name: &str, event: &Value) {
        self.write(&format!("cases/{name}.event.json"), event.to_string());
    }

    /// Writes what is expected in the case `name`.
    fn expect(&self, name: &str, expected: &Value) {
        self.write(&format!("cases/{name}.expected.json"), expected.to_string());
    }

    fn expected(&self, name: &str) -> Value {
        serde_json::from_str(&self.read(&format!("cases/{name}.expected.json"))).unwrap()
    }

    /// Copies the cases of the default mapper to `cases`.
    fn copy_shared_cases(&self) {
        fs::create_dir(self.path("cases")).unwrap();
        for entry in fs::read_dir(shared_cases()).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), self.path("cases").join(entry.file_name())).unwrap();
        }
    }

    /// The names of all that is there, in order.
    fn names(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(folder)).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// `mapper` with these arguments in this folder and ample time, without the settings of whoever
    /// runs the tests.
    fn mapper(&self, args: &[&str]) -> Command {
        let mut command = Command::new(program("mapper"));
        command.args(args).current_dir(self.0.path());
        for name in ["MAPPER_IMAGE", "BACKEND_API_URL", "CLICOLOR_FORCE"] {
            command.env_remove(name);
        }
        command.envs(AMPLE);
        command
    }
}

/// What `mapper` wrote.
struct Ran {
    out: String,
    err: String,
}

/// Runs `command`, which has to end with `status`.
fn ends(command: &mut Command, status: i32) -> Ran {
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let ran = Ran { out: text(output.stdout), err: text(output.stderr) };
    assert_eq!(output.status.code(), Some(status), "{command:?}: {}{}", ran.out, ran.err);
    ran
}

/// Runs `command`, which can't be carried out and says all of `parts` about it and nothing else.
fn cannot(command: &mut Command, parts: &[&str]) {
    let ran = ends(command, 2);
    assert_eq!(ran.out, "");
    has(&ran.err, parts);
}

/// Checks that `text` has all of `parts`, in this order.
fn has(text: &str, parts: &[&str]) {
    parts.iter().fold(text, |rest, part| {
        rest.split_once(part).unwrap_or_else(|| panic!("`{part}` is not in its place in: {text}")).1
    });
}

impl Ran {
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("{}{}", self.out, self.err))
    }

    /// Checks that standard output has all of `parts`, in this order.
    fn shows(&self, parts: &[&str]) {
        has(&self.out, parts);
    }
}
