//! The place of what the recipes save: `$XDG_STATE_HOME/post-confirmation`, by default
//! `~/.local/state/post-confirmation`.

use std::env;
use std::fs::{DirBuilder, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow};

/// Writes `content` into a new file `NAME-1.json`, or with the next free number, that only this
/// user may read. Returns its path.
///
/// # Errors
/// It can't be written.
pub fn save(name: &str, content: &str) -> Result<PathBuf> {
    let folder = folder()?;
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&folder)
        .with_context(|| format!("`{}` can't be made", folder.display()))?;
    for number in 1.. {
        let file = folder.join(format!("{name}-{number}.json"));
        let written = match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&file)
        {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
            opened => opened.and_then(|mut opened| writeln!(opened, "{content}")),
        };
        written.with_context(|| format!("`{}` can't be written", file.display()))?;
        return Ok(file);
    }
    Err(anyhow!("`{}` is full", folder.display()))
}

fn folder() -> Result<PathBuf> {
    let own = env::var_os("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let usual = env::home_dir().map(|home| home.join(".local/state"));
    let state = own.or(usual).context("this user has no home; set XDG_STATE_HOME")?;
    Ok(state.join("post-confirmation"))
}
