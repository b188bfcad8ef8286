//! What there is to say of a mapper in Python before anything is built: the author's own Python
//! looks at it, by `check.py`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::toolchain::{started, tool};

/// The program that looks, and the module that it imports.
const CHECK: &str = include_str!("check.py");
const SOURCE: &str = include_str!("source.py");

/// What it finds.
#[derive(Deserialize)]
pub struct Checked {
    /// What is wrong, each a text that begins with the file and the line.
    pub faults: Vec<String>,
    /// What is perhaps not meant, each a text that begins with the file and the line.
    pub warnings: Vec<String>,
    /// The modules that the mapper imports, wherever it does.
    pub modules: Vec<String>,
    /// The files that were read, of the author and of packages.
    pub files: Vec<PathBuf>,
    /// Whether the mapper has a follow-up.
    pub follow_up: bool,
}

/// Looks at the mapper in `folder` with the packages in `environment`.
pub fn check(folder: &Path, environment: Option<&Path>) -> Result<Checked> {
    let own = environment.map(|environment| environment.join("bin/python3"));
    let python = own.filter(|python| python.is_file()).unwrap_or_else(|| "python3".into());
    let mut looking = Command::new(python);
    // Neither settings nor packages of the author's Python change what it finds.
    looking.args(["-I", "-S", "-"]).arg(folder).arg(environment.unwrap_or(Path::new("")));
    let hint = "get Python 3.11 or later, with `venv`";
    let ended = started(tool::output(&mut looking, &whole()?, Stdio::piped()), "python3", hint)?;
    if !ended.status.success() {
        bail!(
            "`python3` can't read the mapper; it has to be Python 3.11 or later: {}",
            String::from_utf8_lossy(&ended.stderr).trim_end()
        );
    }
    serde_json::from_slice(&ended.stdout).context("`python3` says what is not JSON")
}

/// The program with its module in it: Python reads it from one stream, and no path leads to either.
fn whole() -> Result<String> {
    // JSON writes a text as Python does.
    let source = serde_json::to_string(SOURCE)?;
    Ok(format!(
        "import sys, types\nsys.modules['source'] = types.ModuleType('source')\n\
         exec({source}, sys.modules['source'].__dict__)\n{CHECK}"
    ))
}
