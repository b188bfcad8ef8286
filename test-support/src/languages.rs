//! Mappers in the languages of the workbench, made by the real `mapper new` and `mapper build`.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{Write, stderr};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use crate::{AMPLE, program, root};

/// Set if every language has to be there: a missing tool then fails the test that needs it.
const ALL_LANGUAGES: &str = "ALL_LANGUAGES";

/// A language by what the tests need of it.
pub struct Language {
    /// As `mapper new --lang` has it.
    pub name: &'static str,
    /// The folder under `target` in which `just test` installs its tool, and the tool in it.
    tool: (&'static str, &'static str),
    /// The file that holds the mapping.
    pub source: &'static str,
    project: OnceLock<PathBuf>,
}

/// JavaScript, with componentize-js in `target/javascript`.
pub static JAVASCRIPT: Language = Language {
    name: "js",
    tool: ("javascript", "node_modules/@bytecodealliance/componentize-js/package.json"),
    source: "mapper.js",
    project: OnceLock::new(),
};
/// Python, with componentize-py in `target/python`.
pub static PYTHON: Language = Language {
    name: "python",
    tool: ("python", "bin/componentize-py"),
    source: "app.py",
    project: OnceLock::new(),
};

impl Language {
    /// Whether the language's tool is there. Says so if it is not, past the test harness, which
    /// would swallow it.
    pub fn is_there(&self) -> bool {
        let (folder, tool) = self.tool;
        let tool = target().join(folder).join(tool);
        if tool.exists() {
            return true;
        }
        assert!(env::var_os(ALL_LANGUAGES).is_none(), "{} is missing", tool.display());
        let _ = writeln!(
            stderr(),
            "skipped a test of mappers in {}: {} is missing",
            self.name,
            tool.display()
        );
        false
    }

    /// The folder of a new mapper, built once a run. Tests only read it.
    pub fn project(&self) -> &Path {
        self.project.get_or_init(|| {
            let folder = self.new_folder("shared");
            succeeds(&self.mapper(&folder, &["build"]));
            folder
        })
    }

    /// A new mapper in a folder of its own. It stands below the installed tool, where Node.js looks
    /// for it.
    pub fn new_folder(&self, name: &str) -> PathBuf {
        let folder = target().join(self.tool.0).join("mappers").join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder).unwrap();
        }
        succeeds(&self.mapper(&target(), &["new", folder.to_str().unwrap(), "--lang", self.name]));
        folder
    }

    /// Runs `mapper` with `args` in `folder`.
    pub fn mapper(&self, folder: &Path, args: &[&str]) -> Output {
        let python = target().join("python/bin");
        let path = env::var_os("PATH").unwrap_or_default();
        let path: Vec<PathBuf> = [python].into_iter().chain(env::split_paths(&path)).collect();
        let path: OsString = env::join_paths(path).unwrap();
        let mut command = Command::new(program("mapper"));
        command.args(args).current_dir(folder).env("PATH", path).envs(AMPLE).output().unwrap()
    }
}

/// What `output` says. It has to be that of a success.
pub fn succeeds(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn target() -> PathBuf {
    root().join("target")
}
