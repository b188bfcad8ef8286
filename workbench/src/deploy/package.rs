//! `mapper package`: the layer of a mapper, as Lambda takes it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::zips::{IMAGE, pack};
use crate::commands::compile::compile_to;
use crate::compile::target_of;
use crate::mapper_file::COMPONENT;
use crate::terminal::size;

/// Make the layer for Lambda from a component: a zip with its image and manifest.
///
/// `create` and `swap` do this themselves: it is for templates. The same component makes the same
/// zip.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  mapper package
  mapper package accounts/mapper.wasm --arch arm64 --output layer.zip

Exit status: 0 if there is a new zip, 1 if there is none.")]
pub struct Args {
    /// The component.
    #[arg(default_value = COMPONENT)]
    component: PathBuf,
    /// The architecture of the function.
    #[arg(long, default_value = "x86_64", value_parser = ["x86_64", "arm64"])]
    arch: String,
    /// The zip to write.
    #[arg(short, long, value_name = "FILE", default_value = "mapper.zip")]
    output: PathBuf,
}

pub fn run(args: &Args) -> Result<bool> {
    let folder = tempfile::tempdir()?;
    let zipped = layer(&args.component, &args.arch, folder.path())?;
    let bytes = fs::copy(&zipped, &args.output)
        .with_context(|| format!("`{}` can't be written", args.output.display()))?;
    anstream::println!("{}  {} for {}", args.output.display(), size(bytes), args.arch);
    Ok(true)
}

/// Compiles `component` for an architecture and zips the layer, in `folder`. Returns the zip.
///
/// # Errors
/// It can't be compiled, or Lambda would not take it.
pub fn layer(component: &Path, arch: &str, folder: &Path) -> Result<PathBuf> {
    let made = compile_to(component, &folder.join(IMAGE), target_of(arch)?)?;
    made.with_context(|| format!("`{}` could not be built", component.display()))?;
    let zipped = folder.join("mapper.zip");
    pack(folder, &zipped)?;
    Ok(zipped)
}
