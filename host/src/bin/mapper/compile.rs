//! `mapper compile`: a component becomes an image and its manifest.

use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use post_confirmation_host::mapper::compile::{Compiled, TARGETS, compile};
use post_confirmation_host::mapper::{Manifest, THIS_TARGET};

/// Compile a component to the image that `bootstrap` loads, with its manifest beside it.
///
/// Example: mapper compile my_mapper.wasm --target aarch64-unknown-linux-gnu
#[derive(clap::Args)]
pub struct Args {
    /// The component.
    component: PathBuf,
    /// The image to write, ending in `.cwasm`; the manifest stands beside it and ends in `.json`.
    #[arg(short, long, default_value = "mapper.cwasm")]
    output: PathBuf,
    /// The machine that the function runs on.
    #[arg(long, default_value = THIS_TARGET, value_parser = TARGETS)]
    target: String,
    /// Print the manifest as JSON.
    #[arg(long)]
    json: bool,
}

/// Carries the command out.
pub fn run(args: &Args) -> Result<bool> {
    // The manifest takes the image's place in the one case, the image the component's in the other.
    ensure!(
        args.output.extension().is_some_and(|extension| extension == "cwasm"),
        "`{}` has to end in `.cwasm`; the manifest beside it ends in `.json`",
        args.output.display()
    );
    let started = Instant::now();
    let compiled = from_file(&args.component, &args.target)?;
    compiled.write(&args.output)?;

    let Manifest { wit, image, target, .. } = &compiled.manifest;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&compiled.manifest)?);
    } else {
        println!("{}  {} KB for {target}", args.output.display(), image.size.div_ceil(1024));
        println!("{}  {wit}", Manifest::path(&args.output).display());
        eprintln!("compiled in {:.1} s", started.elapsed().as_secs_f64());
    }
    Ok(true)
}

/// Compiles the component in the file `component`, saying so where it takes long.
pub fn from_file(component: &PathBuf, target: &str) -> Result<Compiled> {
    /// A component of this size takes a second or more: it carries the interpreter of another language.
    const LARGE: usize = 1024 * 1024;
    let bytes = fs::read(component).with_context(|| format!("`{}` can't be read", component.display()))?;
    if bytes.len() > LARGE {
        eprintln!("compiling {} ({} MB), which can take half a minute", component.display(), bytes.len() >> 20);
    }
    compile(&bytes, target).with_context(|| format!("`{}` can't be compiled", component.display()))
}
