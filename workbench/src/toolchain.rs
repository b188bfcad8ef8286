//! The languages that the workbench knows: how to tell whose folder it is, and the tool that makes
//! a component.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::{input, terminal};

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
    /// The language of the mapper in `folder`.
    pub fn require(folder: &Path) -> Result<Language> {
        Language::found(folder)?.with_context(|| {
            format!(
                "`{}` does not hold a mapper: there is no `Cargo.toml`, `package.json` or `app.py`; `mapper new` makes one",
                folder.display()
            )
        })
    }

    /// The language of the mapper in `folder`, by the file that each one's tools expect. None if
    /// there is no such file.
    pub fn found(folder: &Path) -> Result<Option<Language>> {
        let found =
            ["Cargo.toml", "package.json", "app.py"].map(|file| folder.join(file).is_file());
        match found.into() {
            (true, false, false) => Ok(Some(Language::Rust)),
            (false, true, false) => Ok(Some(Language::Js)),
            (false, false, true) => Ok(Some(Language::Python)),
            (false, false, false) => Ok(None),
            _ => bail!(
                "`{}` could be a mapper in more than one language: keep only one of `Cargo.toml`, `package.json` and \
                 `app.py`",
                folder.display()
            ),
        }
    }

    /// Whether `folder`, which has this language's file, can be a mapper's. A crate of another kind
    /// can stand in the folder of a mapper from elsewhere, and takes long to build.
    pub fn is_mappers(self, folder: &Path) -> bool {
        if self != Language::Rust {
            return true;
        }
        fs::read_to_string(folder.join("Cargo.toml"))
            .is_ok_and(|manifest| manifest.contains("cdylib"))
    }

    /// The files by which the language's tools are set, in the mapper's folder or above it, apart
    /// from those that are found there anyway.
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

    /// Makes the component of the mapper in `folder` and writes it to `output`. Returns the files
    /// that the tool says it has read. None if it refuses the source; it has said why on standard
    /// error.
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

    let Some(mut artifacts) = cargo_build(folder)? else { return Ok(None) };
    // cargo goes by times: what it has not built now may be of other bytes, as of a file that was
    // copied with its time.
    let fresh: BTreeSet<&str> =
        artifacts.iter().filter(|it| it.fresh).map(|it| it.package.as_str()).collect();
    if !fresh.is_empty() {
        cargo_clean(folder, &fresh)?;
        match cargo_build(folder)? {
            Some(again) => artifacts = again,
            None => return Ok(None),
        }
    }
    let mut components: Vec<(&Artifact, &PathBuf)> =
        artifacts.iter().filter_map(|it| Some((it, it.component.as_ref()?))).collect();
    if components.len() > 1 {
        // The others belong to dependencies. In the folder of a whole workspace none is its own.
        let own = folder.canonicalize().context("the folder can't be found")?.join("Cargo.toml");
        if components.iter().any(|(built, _)| built.manifest == own) {
            components.retain(|(built, _)| built.manifest == own);
        }
    }
    let component = match components.as_slice() {
        [(_, component)] => *component,
        [] => bail!(
            "cargo made no component: `Cargo.toml` needs `crate-type = [\"cdylib\"]` under `[lib]`"
        ),
        _ => bail!("cargo made more than one component; run this in the folder of one mapper"),
    };
    fs::copy(component, output).context("the component can't be copied")?;
    let mut read = read_by_cargo(component);
    for Artifact { manifest, source, .. } in &artifacts {
        // A package may inherit from the manifest of a workspace above it.
        read.extend(manifest.ancestors().skip(1).map(|above| above.join("Cargo.toml")));
        read.push(source.clone());
    }
    Ok(Some(read))
}

/// Lets cargo build the mapper in `folder`. Returns what it made of local packages. None if it
/// refuses the source.
fn cargo_build(folder: &Path) -> Result<Option<Vec<Artifact>>> {
    let mut cargo = Command::new("cargo");
    cargo.args([
        "build",
        "--release",
        "--target",
        RUST_TARGET,
        "--message-format",
        "json-render-diagnostics",
    ]);
    let built = cargo.current_dir(folder).stderr(Stdio::inherit()).output();
    let built = installed(built, "cargo", "install Rust from https://rustup.rs")?;
    let messages = String::from_utf8_lossy(&built.stdout);
    Ok(built.status.success().then(|| messages.lines().filter_map(Artifact::parse).collect()))
}

/// Lets cargo forget what it made of `packages`.
fn cargo_clean(folder: &Path, packages: &BTreeSet<&str>) -> Result<()> {
    let mut cargo = Command::new("cargo");
    cargo.args(["clean", "--quiet", "--release", "--target", RUST_TARGET]).current_dir(folder);
    cargo.args(packages.iter().flat_map(|package| ["--package", package]));
    let cleaned = cargo.status().context("`cargo clean` can't be started")?;
    ensure!(
        cleaned.success(),
        "`cargo clean` failed, so what cargo has built before can't be told from the new source"
    );
    Ok(())
}

/// The files of which cargo made `component`, from the list that it leaves beside it. Those that it
/// has made itself are not among them.
fn read_by_cargo(component: &Path) -> Vec<PathBuf> {
    let list = fs::read_to_string(component.with_extension("d")).unwrap_or_default();
    let files =
        list.lines().next().and_then(|line| line.split_once(": ")).map_or("", |(_, files)| files);
    // TARGET/wasm32-wasip2/release/NAME.wasm
    let target = component.ancestors().nth(3);
    let files = files.replace("\\ ", "\0");
    let files = files.split_whitespace().map(|file| PathBuf::from(file.replace('\0', " ")));
    files.filter(|file| !target.is_some_and(|target| file.starts_with(target))).collect()
}

/// What cargo made, or had made before, of a local package.
struct Artifact {
    /// The package's id, which cargo takes as an argument.
    package: String,
    /// Its `Cargo.toml`.
    manifest: PathBuf,
    /// The file that the compiler begins with.
    source: PathBuf,
    /// Whether it was there before.
    fresh: bool,
    component: Option<PathBuf>,
}

impl Artifact {
    /// What a message of cargo announces.
    fn parse(message: &str) -> Option<Artifact> {
        let message: Value = serde_json::from_str(message).ok()?;
        let package = message["package_id"].as_str().filter(|id| id.contains("path+file:"))?;
        if message["reason"] != "compiler-artifact" {
            return None;
        }
        let is_library =
            message["target"]["crate_types"].as_array()?.iter().any(|kind| kind == "cdylib");
        let mut files = message["filenames"].as_array()?.iter().filter_map(Value::as_str);
        Some(Artifact {
            package: package.to_owned(),
            manifest: message["manifest_path"].as_str()?.into(),
            source: message["target"]["src_path"].as_str()?.into(),
            fresh: message["fresh"].as_bool()?,
            component: files.find(|file| is_library && file.ends_with(".wasm")).map(PathBuf::from),
        })
    }
}

fn javascript(folder: &Path, output: &Path) -> Result<Option<()>> {
    let package: Value = input::json(&folder.join("package.json"))?;
    let source = package["main"].as_str().unwrap_or("mapper.js");
    ensure!(
        folder.join(source).is_file(),
        "there is no `{source}`: `main` of `package.json` has to name the mapper"
    );
    let folder = folder.canonicalize().context("the folder can't be found")?;
    let tool = Path::new("node_modules").join(COMPONENTIZE_JS);
    let installed = folder.ancestors().any(|folder| folder.join(&tool).is_dir());
    ensure!(installed, "`{COMPONENTIZE_JS}` is not installed: run `npm install`");
    let hint = "install Node.js 20 or later from https://nodejs.org";
    // componentize-js counts the mistakes of syntax without their places.
    if finished("node", &mut node(&folder, &["--check", source]), "node", hint)?.is_none() {
        return Ok(None);
    }
    let arguments =
        ["--input-type=module", "--eval", JS_SCRIPT, "--", source, WORLD_WITH_ENVIRONMENT];
    finished("componentize-js", node(&folder, &arguments).arg(output), "node", hint)
}

fn node(folder: &Path, arguments: &[&str]) -> Command {
    let mut node = Command::new("node");
    node.args(arguments).current_dir(folder);
    node
}

fn python(folder: &Path, output: &Path) -> Result<Option<()>> {
    let folder = folder.canonicalize().context("the folder can't be found")?;
    let own = folder.join(".venv/bin/componentize-py");
    let mut tool =
        Command::new(if own.is_file() { own.as_path() } else { Path::new("componentize-py") });
    tool.args(["--wit-path", "wit", "--world", WORLD, "componentize", "app", "--output"])
        .arg(output);
    let hint = "run `python3 -m venv .venv && .venv/bin/pip install -r requirements.txt`";
    finished("componentize-py", tool.current_dir(&folder), "componentize-py", hint)
}

/// Runs `command`. If it fails, shows what it says.
fn finished(what: &str, command: &mut Command, program: &str, hint: &str) -> Result<Option<()>> {
    let progress = terminal::progress(format!("running {what}"));
    let ended = installed(command.stdin(Stdio::null()).output(), program, hint)?;
    drop(progress);
    if ended.status.success() {
        return Ok(Some(()));
    }
    anstream::eprint!(
        "{}{}",
        String::from_utf8_lossy(&ended.stdout),
        String::from_utf8_lossy(&ended.stderr)
    );
    Ok(None)
}

/// The result of starting `program`. If it is missing, `hint` says what to do.
fn installed<T>(started: io::Result<T>, program: &str, hint: &str) -> Result<T> {
    match started {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            bail!("`{program}` is not installed: {hint}")
        }
        started => started.with_context(|| format!("`{program}` can't be started")),
    }
}
