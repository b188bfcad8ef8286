//! From a mapper in Python to its component: componentize-py builds it.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use super::started;
use crate::terminal;

/// The world of `wit/`.
const WORLD: &str = "post-confirmation-mapper";

/// Makes the component of the mapper in `folder`. None if componentize-py refuses the source.
pub(super) fn build(folder: &Path, output: &Path) -> Result<Option<()>> {
    let folder = folder.canonicalize().context("the folder can't be found")?;
    let own = folder.join(".venv/bin/componentize-py");
    let mut tool =
        Command::new(if own.is_file() { own.as_path() } else { Path::new("componentize-py") });
    tool.args(["--wit-path", "wit", "--world", WORLD, "componentize", "app", "--output"])
        .arg(output)
        .current_dir(&folder)
        .stdin(Stdio::null());
    let hint = "run `python3 -m venv .venv && .venv/bin/pip install -r requirements.txt`";
    let progress = terminal::progress("running componentize-py".to_owned());
    let ended = started(tool.output(), "componentize-py", hint)?;
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
