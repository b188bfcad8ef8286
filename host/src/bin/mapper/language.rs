//! The languages that the workbench knows: how to tell whose folder it is, and the tool that makes a component.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::{input, style};

/// The target of Rust's compiler that makes components.
const RUST_TARGET: &str = "wasm32-wasip2";
/// The world of `wit/`, and the one for a language that has to import its variables.
const WORLD: &str = "post-confirmation-mapper";
const WORLD_WITH_ENVIRONMENT: &str = "post-confirmation-mapper-with-environment";
/// What makes a component of JavaScript. Its own command line has no way to leave features out.
const COMPONENTIZE_JS: &str = "@bytecodealliance/componentize-js";
/// Neither `fetch` nor an HTTP server: the host refuses a mapper that imports `wasi:http`.
const JS_SCRIPT: &str = "
    import { writeFile } from 'node:fs/promises';
    import { componentize } from '@bytecodealliance/componentize-js';
    const [sourcePath, worldName, output] = process.argv.slice(1);
    const disableFeatures = ['http', 'fetch-event'];
    const { component } = await componentize({ sourcePath, witPath: 'wit', worldName, disableFeatures });
    await writeFile(output, component);
";

/// A language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Language {
    /// cargo, for `wasm32-wasip2`.
    Rust,
    /// componentize-js.
    Js,
    /// componentize-py.
    Python,
}

impl Language {
    /// The language of the mapper in `folder`, by the file that each one's tools expect.
    pub fn of(folder: &Path) -> Result<Language> {
        let has = |file| folder.join(file).is_file();
        match (has("Cargo.toml"), has("package.json"), has("app.py")) {
            (true, false, false) => Ok(Language::Rust),
            (false, true, false) => Ok(Language::Js),
            (false, false, true) => Ok(Language::Python),
            (false, false, false) => bail!(
                "`{}` holds no mapper: there is no `Cargo.toml`, `package.json` or `app.py`; `mapper new` makes one",
                folder.display()
            ),
            _ => bail!(
                "`{}` could be a mapper in more than one language: keep only one of `Cargo.toml`, `package.json` and \
                 `app.py`",
                folder.display()
            ),
        }
    }

    /// Whether `folder`, which has this language's file, can be a mapper's. A crate of another kind can stand in the
    /// folder of a mapper from elsewhere, and takes long to build.
    pub fn is_mappers(self, folder: &Path) -> bool {
        let makes_components = || fs::read_to_string(folder.join("Cargo.toml")).is_ok_and(|it| it.contains("cdylib"));
        self != Language::Rust || makes_components()
    }

    /// The files by which the language's tools are set, in the mapper's folder or above it, apart from those that are
    /// found there anyway.
    pub fn settings(self) -> &'static [&'static str] {
        match self {
            Language::Rust => &[
                "Cargo.toml",
                "Cargo.lock",
                ".cargo/config.toml",
                ".cargo/config",
                "rust-toolchain.toml",
                "rust-toolchain",
            ],
            Language::Js => &["node_modules/.package-lock.json"],
            Language::Python => &[],
        }
    }

    /// Makes the component of the mapper in `folder` and writes it to `output`. Returns the files that the tool says it has
    /// read, or nothing where it says no; it has said why on standard error.
    pub fn build(self, folder: &Path, output: &Path) -> Result<Option<Vec<PathBuf>>> {
        match self {
            Language::Rust => rust(folder, output),
            Language::Js => Ok(javascript(folder, output)?.map(|()| Vec::new())),
            Language::Python => Ok(python(folder, output)?.map(|()| Vec::new())),
        }
    }
}

fn rust(folder: &Path, output: &Path) -> Result<Option<Vec<PathBuf>>> {
    let mut rustc = Command::new("rustc");
    rustc.args(["--print", "target-libdir", "--target", RUST_TARGET]).current_dir(folder);
    let library = installed(rustc.output(), "rustc", "install Rust from https://rustup.rs")?.stdout;
    let library = String::from_utf8_lossy(&library);
    ensure!(
        Path::new(library.trim()).is_dir(),
        "Rust can't build components yet: run `rustup target add {RUST_TARGET}`"
    );

    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--release", "--target", RUST_TARGET, "--message-format", "json-render-diagnostics"]);
    let built = cargo.current_dir(folder).stderr(Stdio::inherit()).output();
    let built = installed(built, "cargo", "install Rust from https://rustup.rs")?;
    if !built.status.success() {
        return Ok(None);
    }
    let mut components: Vec<Built> = String::from_utf8_lossy(&built.stdout).lines().filter_map(component).collect();
    if components.len() > 1 {
        // The others belong to dependencies. In the folder of a whole workspace none is its own.
        let own = folder.canonicalize().context("the folder can't be found")?.join("Cargo.toml");
        if components.iter().any(|built| built.manifest == own) {
            components.retain(|built| built.manifest == own);
        }
    }
    match components.as_slice() {
        [Built { component, .. }] => {
            fs::copy(component, output).context("the component can't be copied")?;
            Ok(Some(read_by_cargo(component)))
        }
        [] => bail!("cargo made no component: `Cargo.toml` needs `crate-type = [\"cdylib\"]` under `[lib]`"),
        _ => bail!("cargo made more than one component; run this in the folder of one mapper"),
    }
}

/// The files of which cargo made `component`, from the list that it leaves beside it. Those that it has made itself are
/// not among them.
fn read_by_cargo(component: &Path) -> Vec<PathBuf> {
    let list = fs::read_to_string(component.with_extension("d")).unwrap_or_default();
    let files = list.lines().next().and_then(|line| line.split_once(": ")).map_or("", |(_, files)| files);
    // TARGET/wasm32-wasip2/release/NAME.wasm
    let target = component.ancestors().nth(3);
    let files = files.replace("\\ ", "\0");
    let files = files.split_whitespace().map(|file| PathBuf::from(file.replace('\0', " ")));
    files.filter(|file| !target.is_some_and(|target| file.starts_with(target))).collect()
}

/// A component that cargo made.
struct Built {
    /// The `Cargo.toml` of its package.
    manifest: PathBuf,
    component: PathBuf,
}

/// The component that a message of cargo announces.
fn component(message: &str) -> Option<Built> {
    let message: Value = serde_json::from_str(message).ok()?;
    let is_library = message["target"]["crate_types"].as_array()?.iter().any(|kind| kind == "cdylib");
    let files = message["filenames"].as_array().filter(|_| is_library && message["reason"] == "compiler-artifact")?;
    let component = files.iter().filter_map(Value::as_str).find(|file| file.ends_with(".wasm"))?.into();
    Some(Built { manifest: message["manifest_path"].as_str()?.into(), component })
}

fn javascript(folder: &Path, output: &Path) -> Result<Option<()>> {
    let package: Value = input::json(&folder.join("package.json"))?;
    let source = package["main"].as_str().unwrap_or("mapper.js");
    ensure!(folder.join(source).is_file(), "there is no `{source}`: `main` of `package.json` has to name the mapper");
    let folder = folder.canonicalize().context("the folder can't be found")?;
    let has_tool = |folder: &Path| folder.join("node_modules").join(COMPONENTIZE_JS).is_dir();
    ensure!(folder.ancestors().any(has_tool), "`{COMPONENTIZE_JS}` is not installed: run `npm install`");

    let node = |args: &[&str]| {
        let mut node = Command::new("node");
        node.args(args).current_dir(&folder);
        node
    };
    let hint = "install Node.js 20 or later from https://nodejs.org";
    // componentize-js counts the mistakes of syntax, and does not say where they are.
    if finished("node", &mut node(&["--check", source]), "node", hint)?.is_none() {
        return Ok(None);
    }
    let mut componentize = node(&["--input-type=module", "--eval", JS_SCRIPT, "--", source, WORLD_WITH_ENVIRONMENT]);
    finished("componentize-js", componentize.arg(output), "node", hint)
}

fn python(folder: &Path, output: &Path) -> Result<Option<()>> {
    let folder = folder.canonicalize().context("the folder can't be found")?;
    let own = folder.join(".venv/bin/componentize-py");
    let mut tool = Command::new(if own.is_file() { own.as_path() } else { Path::new("componentize-py") });
    tool.args(["--wit-path", "wit", "--world", WORLD, "componentize", "app", "--output"]).arg(output);
    let hint = "run `python3 -m venv .venv && .venv/bin/pip install -r requirements.txt`";
    finished("componentize-py", tool.current_dir(&folder), "componentize-py", hint)
}

/// Runs `command`, and shows what it says where it says no.
fn finished(what: &str, command: &mut Command, program: &str, hint: &str) -> Result<Option<()>> {
    let progress = style::progress(format!("running {what}"));
    let ended = installed(command.stdin(Stdio::null()).output(), program, hint)?;
    drop(progress);
    if ended.status.success() {
        return Ok(Some(()));
    }
    anstream::eprint!("{}{}", String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    Ok(None)
}

/// What came of starting `program`; where it is not there, `hint` says what to do.
fn installed<T>(started: io::Result<T>, program: &str, hint: &str) -> Result<T> {
    match started {
        Err(error) if error.kind() == io::ErrorKind::NotFound => bail!("`{program}` is not installed: {hint}"),
        started => started.with_context(|| format!("`{program}` can't be started")),
    }
}
