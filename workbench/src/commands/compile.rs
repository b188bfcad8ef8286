//! `mapper compile`: a component becomes an image and its manifest.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::compile::{LIKE_THIS, TARGETS, compile};
use anstream::{eprintln, println};
use anyhow::{Context, Result, ensure};
use post_confirmation_host::mapper::{ImageError, Manifest};

use crate::commands::build;
use crate::mapper_file::{self, COMPONENT};
use crate::terminal::{self, size, time};

/// Compile a component to the image that the function loads, with its manifest beside it.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  mapper compile --target aarch64-unknown-linux-gnu
  mapper compile target/my_mapper.wasm --output layer/mapper.cwasm

Exit status: 0 if there is a new image, 1 if the component could not be built from its source, 2 if there is none
for another reason.")]
pub struct Args {
    /// The component.
    #[arg(default_value = COMPONENT)]
    component: PathBuf,
    /// The image to write, ending in `.cwasm`; the manifest stands beside it and ends in `.json`.
    #[arg(short, long, default_value = "mapper.cwasm")]
    output: PathBuf,
    /// The machine that the function runs on.
    #[arg(long, default_value = LIKE_THIS, value_parser = TARGETS)]
    target: String,
    /// Print the manifest as JSON.
    #[arg(long)]
    json: bool,
}

pub fn run(args: &Args) -> Result<bool> {
    let Some((manifest, took)) = compile_to(&args.component, &args.output, &args.target)? else {
        return Ok(false);
    };
    if args.json {
        terminal::json(&manifest)?;
    } else {
        let Manifest { wit, image, target, .. } = &manifest;
        println!("{}  {} for {target}", args.output.display(), size(image.size));
        println!("{}  {wit}", Manifest::path(&args.output).display());
        eprintln!("compiled in {}", time(took));
    }
    Ok(true)
}

/// Compiles `component` for `target` into the file `output`. Returns the manifest, which stands
/// beside it, and how long that took. None if the component could not be built from its source;
/// standard error says why.
///
/// # Errors
/// There is no image for another reason.
pub fn compile_to(
    component: &Path,
    output: &Path,
    target: &str,
) -> Result<Option<(Manifest, Duration)>> {
    // The manifest takes the image's place in the one case, the image the component's in the other.
    ensure!(
        output.extension().is_some_and(|extension| extension == "cwasm"),
        "`{}` has to end in `.cwasm`; the manifest beside it ends in `.json`",
        output.display()
    );
    let manifest = Manifest::path(output);
    ensure!(
        !matches!(Manifest::read(output), Err(ImageError::Manifest { .. })),
        "`{}` exists and is not a manifest: it would be lost; choose another `--output`",
        manifest.display()
    );
    if !build::ensure_fresh(component)? {
        return Ok(None);
    }
    let bytes = mapper_file::read(component)?;
    let started = Instant::now();
    let progress = mapper_file::progress("compiling", component, bytes.len());
    let compiled = compile(&bytes, target);
    drop(progress);
    let compiled =
        compiled.with_context(|| format!("`{}` can't be compiled", component.display()))?;
    compiled.write(output)?;
    Ok(Some((compiled.manifest, started.elapsed())))
}
