//! From a mapper in Rust to its component: cargo builds it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::{started, tool};

/// The target of Rust's compiler that makes components.
const TARGET: &str = "wasm32-wasip2";
/// How to get Rust.
const RUSTUP: &str = "install Rust from https://rustup.rs";

/// Makes the component of the mapper in `folder`. Returns the files that cargo says it has read.
/// None if it refuses the source.
pub(super) fn build(folder: &Path, output: &Path) -> Result<Option<Vec<PathBuf>>> {
    let mut rustc = Command::new("rustc");
    rustc.args(["--print", "target-libdir", "--target", TARGET]).current_dir(folder);
    let library = started(tool::output(&mut rustc, "", Stdio::piped()), "rustc", RUSTUP)?.stdout;
    let library = String::from_utf8_lossy(&library);
    ensure!(
        Path::new(library.trim()).is_dir(),
        "Rust can't build components yet: run `rustup target add {TARGET}`"
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
        TARGET,
        "--message-format",
        "json-render-diagnostics",
    ]);
    let built = tool::output(cargo.current_dir(folder), "", Stdio::inherit());
    let built = started(built, "cargo", RUSTUP)?;
    let messages = String::from_utf8_lossy(&built.stdout);
    Ok(built.status.success().then(|| messages.lines().filter_map(Artifact::parse).collect()))
}

/// Lets cargo forget what it made of `packages`.
fn cargo_clean(folder: &Path, packages: &BTreeSet<&str>) -> Result<()> {
    let mut cargo = Command::new("cargo");
    cargo.args(["clean", "--quiet", "--release", "--target", TARGET]).current_dir(folder);
    cargo.args(packages.iter().flat_map(|package| ["--package", package]));
    let cleaned = tool::output(&mut cargo, "", Stdio::inherit());
    let cleaned = cleaned.context("`cargo clean` can't be started")?;
    ensure!(
        cleaned.status.success(),
        "`cargo clean` failed, so what cargo has built before can't be told from the new source"
    );
    Ok(())
}

/// The files of which cargo made `component`, from the list that it leaves beside it. Those that it
/// has made itself are not among them.
fn read_by_cargo(component: &Path) -> Vec<PathBuf> {
    let list = fs::read_to_string(component.with_extension("d")).unwrap_or_default();
    let first_line = list.lines().next().unwrap_or_default();
    let (_, files) = first_line.split_once(": ").unwrap_or_default();
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
