//! Mappers in the languages of the workbench, made by the real `mapper new` and `mapper build`.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{Write, stderr};
use std::path::{Path, PathBuf};
use std::process;
use std::process::{Command, Output};
use std::sync::{Once, OnceLock};

use crate::components::component;
use crate::{AMPLE, program, root};

/// Set if every language has to be there: a missing tool then fails the test that needs it.
const ALL_LANGUAGES: &str = "ALL_LANGUAGES";

/// A language by what the tests need of it.
pub struct Language {
    /// As `mapper new --lang` has it.
    pub name: &'static str,
    /// The folder under `target` in which new mappers are made.
    folder: &'static str,
    /// What `just test` installs there for the language, if it needs anything.
    tool: Option<&'static str>,
    /// The file that holds the mapping.
    pub source: &'static str,
    /// The full mapper in this language.
    example: &'static str,
    component: OnceLock<PathBuf>,
}

/// JavaScript.
pub static JAVASCRIPT: Language = Language {
    name: "js",
    folder: "javascript",
    tool: None,
    source: "mapper.js",
    example: "examples/mapper-js",
    component: OnceLock::new(),
};
/// TypeScript.
pub static TYPESCRIPT: Language = Language {
    name: "ts",
    folder: "typescript",
    tool: None,
    source: "mapper.ts",
    example: "examples/mapper-ts",
    component: OnceLock::new(),
};
/// Python, with componentize-py in `target/python`.
pub static PYTHON: Language = Language {
    name: "python",
    folder: "python",
    tool: Some("bin/componentize-py"),
    source: "mapper.py",
    example: "examples/mapper-python",
    component: OnceLock::new(),
};

/// Puts the JavaScript engine beside the `mapper` under test, once a run. `just build` has done so
/// for the programs in `DIST`.
pub fn javascript_engine() {
    static BESIDE: Once = Once::new();
    BESIDE.call_once(|| {
        if env::var_os("DIST").is_none() {
            let engine = program("mapper").with_file_name("js-engine.wasm");
            let new = engine.with_extension(process::id().to_string());
            fs::copy(component("js-engine"), &new).unwrap();
            fs::rename(new, engine).unwrap();
        }
    });
}

impl Language {
    /// Whether the language's tool is there. Says so if it is not, past the test harness, which
    /// would swallow it.
    pub fn is_there(&self) -> bool {
        let Some(tool) = self.tool else { return true };
        let tool = target().join(self.folder).join(tool);
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

    /// The component of the full mapper in this language, built once a run.
    pub fn component(&self) -> &Path {
        self.component.get_or_init(|| {
            let folder = target().join(self.folder).join("mappers/example");
            fs::create_dir_all(&folder).unwrap();
            copied(self.example, &folder);
            succeeds(&self.mapper(&folder, &["build"]));
            folder.join("mapper.wasm")
        })
    }

    /// An empty folder of this name for a mapper.
    pub fn empty_folder(&self, name: &str) -> PathBuf {
        let folder = target().join(self.folder).join("mappers").join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder).unwrap();
        }
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    /// A new mapper in a folder of its own.
    pub fn new_folder(&self, name: &str) -> PathBuf {
        let folder = self.empty_folder(name);
        succeeds(&self.mapper(&target(), &["new", folder.to_str().unwrap(), "--lang", self.name]));
        folder
    }

    /// Runs `mapper` with `args` in `folder`.
    pub fn mapper(&self, folder: &Path, args: &[&str]) -> Output {
        if self.tool.is_none() {
            javascript_engine();
        }
        let mut command = Command::new(program("mapper"));
        command.args(args).current_dir(folder).env("PATH", with_tools()).envs(AMPLE);
        command.output().unwrap()
    }
}

/// What `output` says. It has to be that of a success.
pub fn succeeds(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Copies what is in `folder` of the project, links as files, to `to`.
pub(crate) fn copied(folder: &str, to: &Path) {
    let mut copy = Command::new("cp");
    copy.arg("-rLT").arg(root().join(folder)).arg(to);
    assert!(copy.status().unwrap().success());
}

/// The PATH with the tools that `just test` installs before it.
pub(crate) fn with_tools() -> OsString {
    let python = target().join("python/bin");
    let path = env::var_os("PATH").unwrap_or_default();
    env::join_paths([python].into_iter().chain(env::split_paths(&path))).unwrap()
}

/// Where all that is built lies.
pub(crate) fn target() -> PathBuf {
    root().join("target")
}
