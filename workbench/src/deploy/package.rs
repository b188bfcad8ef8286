//! `mapper package`: the layer of a mapper, as Lambda takes it, and what templates need beside it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::named::{self, Named};
use super::templates;
use super::zips::{IMAGE, pack};
use crate::commands::compile::compile_to;
use crate::compile::{ARCHITECTURES, target_of};
use crate::mapper_file::LAYER;
use crate::terminal::size;

/// Make the layer for Lambda from a mapper: a zip with its image and manifest.
///
/// `create` and `swap` do this themselves: it is for CloudFormation, Terraform and CDK. Builds the
/// mapper first if its source has changed. The same component makes the same zip.
///
/// With --into, the folder also gets the functions' program of the same release, the templates for
/// CloudFormation, and the module for Terraform, all for the same architecture. Zips that are there
/// are replaced. Templates and files of the module that are there and differ, because you have
/// changed them or because they are of another release, stay as they are.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  mapper package
  mapper package accounts --arch arm64 --output layer.zip
  mapper package accounts --into deploy

Exit status: 0 if there is a new zip, 1 if there is none.")]
pub struct Args {
    /// The mapper's folder, its component (.wasm), or `default-mapper`.
    #[arg(value_name = "MAPPER", default_value = ".", value_parser = named::mapper)]
    mapper: Named,
    /// The architecture of the function.
    #[arg(long, default_value = ARCHITECTURES[0], value_parser = ARCHITECTURES)]
    arch: String,
    /// The zip to write.
    #[arg(short, long, value_name = "FILE", default_value = LAYER, conflicts_with = "into")]
    output: PathBuf,
    /// The folder to write everything into that a template needs.
    #[arg(long, value_name = "FOLDER")]
    into: Option<PathBuf>,
}

pub fn run(args: &Args) -> Result<bool> {
    let output = args.into.as_ref().map_or(args.output.clone(), |folder| folder.join(LAYER));
    // Everything that can be missing is looked for before anything is written.
    let templates = args.into.as_ref().map(|_| templates::read(&args.arch)).transpose()?;
    let scratch = tempfile::tempdir()?;
    let zipped = layer(&args.mapper.component(), &args.arch, scratch.path())?;
    if let (Some(folder), Some(templates)) = (&args.into, &templates) {
        templates.fit(folder)?;
        fs::create_dir_all(folder)
            .with_context(|| format!("`{}` can't be made", folder.display()))?;
    }
    let bytes = fs::copy(&zipped, &output)
        .with_context(|| format!("`{}` can't be written", output.display()))?;
    anstream::println!("{}  {} for {}", output.display(), size(bytes), args.arch);
    if let (Some(folder), Some(templates)) = (&args.into, templates) {
        templates.write(folder)?;
    }
    Ok(true)
}

/// Compiles `component` for an architecture and zips the layer, in `folder`. Returns the zip.
///
/// # Errors
/// It can't be compiled, or Lambda would not take it.
pub fn layer(component: &Path, arch: &str, folder: &Path) -> Result<PathBuf> {
    let made = compile_to(component, &folder.join(IMAGE), target_of(arch)?)?;
    made.with_context(|| format!("`{}` could not be built", component.display()))?;
    let zipped = folder.join(LAYER);
    pack(folder, &zipped)?;
    Ok(zipped)
}
