//! `mapper build`: from a mapper's source to its component.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result};
use post_confirmation_host::mapper::compile;
use serde_json::json;

use crate::language::Language;
use crate::load::COMPONENT;
use crate::style::{self, BAD};

/// Build the component of the mapper in a folder, with the tool of its language, and write it to `mapper.wasm` there.
///
/// A folder with `Cargo.toml` is built by cargo for wasm32-wasip2; one with `package.json`, by componentize-js; one with
/// `app.py`, by componentize-py. The contract is read from the folder `wit` in it.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  mapper build
  mapper build examples/mapper-js

Exit status: 0 where there is a new component, 1 where the tool refused the source or the component is no mapper, 2 where
the tool is not there.")]
pub struct Args {
    /// The mapper's folder.
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Carries the command out.
pub fn run(args: &Args) -> Result<bool> {
    let language = Language::of(&args.folder)?;
    let started = Instant::now();
    // Beside its later place, so that putting it there is one step and a failed build leaves the old one.
    let scratch = tempfile::Builder::new().prefix(".mapper-build-").tempdir_in(&args.folder);
    let scratch = scratch.with_context(|| format!("nothing can be written into `{}`", args.folder.display()))?;
    let built = scratch.path().canonicalize()?.join(COMPONENT);
    if language.build(&args.folder, &built)?.is_none() {
        return Ok(false);
    }
    let bytes = fs::read(&built).context("the component can't be read")?;
    let wit = match compile::interface(&bytes)?.wit() {
        Ok(wit) => wit,
        Err(error) => {
            anstream::eprintln!("{BAD}no mapper{BAD:#}: {error}");
            return Ok(false);
        }
    };
    let component = if args.folder == Path::new(".") { COMPONENT.into() } else { args.folder.join(COMPONENT) };
    fs::rename(&built, &component).with_context(|| format!("`{}` can't be written", component.display()))?;
    if args.json {
        style::json(&json!({ "component": component, "size": bytes.len(), "wit": wit }))?;
    } else {
        let (size, took) = (style::size(bytes.len() as u64), style::time(started.elapsed()));
        anstream::println!("{}  {size}, {wit}, in {took}", component.display());
    }
    Ok(true)
}
