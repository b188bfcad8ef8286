//! From a mapper in Python to its component: its source is looked at, and componentize-py makes a
//! component of it and of our own code around it.

mod checked;

use std::env;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result};
use tempfile::TempDir;

use super::{CONTRACT, producers, started, tool};
use crate::terminal;
use checked::Checked;

/// A file of this language's own code.
macro_rules! own {
    ($path:literal) => {
        ($path, include_str!(concat!("python/", $path)))
    };
}

/// The types of all this for editors and tests, `post_confirmation.py`.
pub const TYPES: &str = include_str!("python/post_confirmation.py");
/// What stands around the mapper in the component.
const AROUND: [(&str, &str); 5] = [
    ("post_confirmation.py", TYPES),
    own!("component/__init__.py"),
    own!("component/answer.py"),
    own!("component/errors.py"),
    own!("component/loading.py"),
];
/// The worlds of `wit/`.
const WORLD: &str = "post-confirmation-mapper";
const WORLD_WITH_FOLLOW_UP: &str = "post-confirmation-mapper-with-follow-up";
/// A module that the component needs later, each on a line; and what `component/loading.py` writes
/// if the mapper can't be loaded.
const MODULES: &str = "modules.txt";
const FAULT: &str = "fault.txt";
/// In place of an environment with packages, if there is none: componentize-py would look for one
/// of its own.
const NO_PACKAGES: &str = "environment";
/// What the tool says before its words and before their causes, which are numbered.
const BEFORE: &str = "AssertionError: ";
const CAUSES: &str = "Caused by:";
/// What it says if the modules take too much memory, and what that means.
const TOO_MUCH: &str = "fuel allocated for hostcalls has been exhausted";
const TOO_MUCH_MEANS: &str =
    "the mapper's modules take more memory than it can handle: import fewer or smaller packages";

/// Makes the component of the mapper in `folder`. Returns the files in Python that were read.
/// None if the source is refused.
pub(super) fn build(folder: &Path, output: &Path) -> Result<Option<Vec<PathBuf>>> {
    let folder = folder.canonicalize().context("the folder can't be found")?;
    let environment = environment(&folder);
    let scratch = scratch().context("nothing can be written for componentize-py")?;
    let checked = checked::check(&folder, environment.as_deref())?;
    let (files, world) = match checked {
        Checked { faults, warnings, modules, files, follow_up } if faults.is_empty() => {
            warnings.iter().for_each(|warning| terminal::warn(warning));
            fs::write(scratch.path().join(MODULES), modules.join("\n"))?;
            (files, if follow_up { WORLD_WITH_FOLLOW_UP } else { WORLD })
        }
        Checked { faults, .. } => {
            faults.iter().for_each(|fault| terminal::tell(fault));
            return Ok(None);
        }
    };
    let progress = terminal::progress("running componentize-py".to_owned());
    let ended = componentize(&folder, environment.as_deref(), scratch.path(), world, output)?;
    drop(progress);
    if ended.status.success() {
        let component = OpenOptions::new().append(true).open(output);
        component
            .and_then(|mut component| component.write_all(&producers::section("Python")))
            .context("the component can't be written")?;
        return Ok(Some(files));
    }
    let fault = fs::read_to_string(scratch.path().join(FAULT));
    terminal::tell(fault.unwrap_or_else(|_| words(&ended)).trim_end());
    Ok(None)
}

/// What stands around the mapper.
pub(super) fn own() -> Vec<u8> {
    let texts: Vec<&str> = AROUND.iter().chain(&CONTRACT).map(|(_, text)| *text).collect();
    texts.concat().into_bytes()
}

/// The environment whose packages the mapper can import: its own, or the one that is active.
fn environment(folder: &Path) -> Option<PathBuf> {
    let active = env::var_os("VIRTUAL_ENV").map(PathBuf::from);
    [Some(folder.join(".venv")), active].into_iter().flatten().find(|folder| folder.is_dir())
}

/// A folder with what componentize-py needs besides the mapper.
fn scratch() -> Result<TempDir> {
    let scratch = tempfile::tempdir()?;
    for (path, text) in AROUND.iter().chain(&CONTRACT) {
        let path = scratch.path().join(path);
        fs::create_dir_all(path.parent().unwrap_or(scratch.path()))?;
        fs::write(path, text)?;
    }
    fs::create_dir_all(scratch.path().join(NO_PACKAGES).join("lib/site-packages"))?;
    Ok(scratch)
}

/// Runs componentize-py. `component/errors.py` knows the order of the folders.
fn componentize(
    folder: &Path,
    environment: Option<&Path>,
    scratch: &Path,
    world: &str,
    output: &Path,
) -> Result<Output> {
    let own = environment.map(|environment| environment.join("bin/componentize-py"));
    let own = own.filter(|tool| tool.is_file()).unwrap_or_else(|| "componentize-py".into());
    let mut componentize = Command::new(own);
    componentize.arg("--wit-path").arg(scratch.join("wit")).args([
        "--world",
        world,
        "componentize",
    ]);
    componentize
        .arg("component")
        .arg("--python-path")
        .arg(scratch)
        .arg("--python-path")
        .arg(folder);
    componentize.arg("--output").arg(output).current_dir(folder);
    let environment = environment.map_or_else(|| scratch.join(NO_PACKAGES), Path::to_owned);
    componentize.env("VIRTUAL_ENV", environment).env("RUST_BACKTRACE", "0");
    let hint = "run `python3 -m venv .venv && .venv/bin/pip install -r requirements.txt`";
    started(tool::output(&mut componentize, "", Stdio::piped()), "componentize-py", hint)
}

/// What the tool says of its own failure, without the lines of its own code.
fn words(ended: &Output) -> String {
    let all = [ended.stdout.as_slice(), ended.stderr.as_slice()].concat();
    let all = String::from_utf8_lossy(&all);
    if all.contains(TOO_MUCH) {
        return format!("componentize-py failed: {TOO_MUCH_MEANS}");
    }
    let from = all.rfind(BEFORE).map_or(0, |at| at + BEFORE.len());
    let rest = all.get(from..).unwrap_or_default();
    let (says, causes) = rest.split_once(CAUSES).unwrap_or((rest, ""));
    // Frames are deeper in the text than causes.
    let causes = causes.lines().filter_map(|line| line.strip_prefix("    ")?.split_once(": "));
    let causes = causes.filter(|(number, cause)| {
        number.bytes().all(|byte| byte.is_ascii_digit()) && !cause.contains("wasm backtrace")
    });
    let says = Some(says.trim()).filter(|says| !says.is_empty());
    let all: Vec<&str> = says.into_iter().chain(causes.map(|(_, cause)| cause)).collect();
    format!("componentize-py failed: {}", all.join(": "))
}
