//! `mapper check`: would the host load it?

use std::fmt;
use std::path::{Path, PathBuf};

use anstream::print;
use anyhow::{Result, ensure};
use crate::cache::Cache;
use post_confirmation_host::mapper::{File, Manifest, Mapper};
use post_confirmation_host::printable;
use serde::Serialize;

use crate::commands::build;
use crate::grants::granted;
use crate::mapper_file::{self, Which};
use crate::terminal::{self, BAD, FAINT, GOOD, HEADING, size};

/// Say whether the function would load a mapper, what it imports, and what it gets for that.
///
/// A component is compiled first and loaded as the function loads it.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  mapper check
  mapper check --mapper layer/mapper.cwasm --json

Exit status: 0 where the function would load it, 1 where it would not, 2 where the file can't be read.")]
pub struct Args {
    #[command(flatten)]
    mapper: Which,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// As much is said of why it would not load, in bytes: the reason may name what the component imports.
const MAX_REASON: usize = 2 * 1024;
/// As much of an import's name is said, in bytes.
const MAX_NAME: usize = 512;

/// What there is to say.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    mapper: PathBuf,
    loads: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(flatten)]
    loaded: Option<Loaded>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Loaded {
    wit: String,
    target: String,
    component_bytes: u64,
    image_bytes: u64,
    imports: Vec<Import>,
}

#[derive(Serialize)]
struct Import {
    name: String,
    gets: &'static str,
}

/// Carries the command out.
pub fn run(args: &Args) -> Result<bool> {
    let mapper = args.mapper.file();
    if !build::is_fresh(&mapper)? {
        return Ok(false);
    }
    let bytes = mapper_file::read(&mapper)?;
    // Not a fault of the mapper.
    mapper_file::config(mapper.clone(), false)?;
    let (loaded, reason) = match loaded(&mapper, &bytes) {
        Ok(loaded) => (Some(loaded), None),
        Err(error) => (None, Some(printable::cut(&format!("{error:#}"), MAX_REASON).to_owned())),
    };
    let report = Report { mapper, loads: reason.is_none(), reason, loaded };
    if args.json {
        terminal::json(&report)?;
    } else {
        print!("{report}");
    }
    Ok(report.loads)
}

/// Loads the mapper in `file`, which holds `bytes`, as the function does.
fn loaded(file: &Path, bytes: &[u8]) -> Result<Loaded> {
    let cache = Cache::from_env();
    let config = mapper_file::config(mapper_file::image(&cache, file)?, false)?;
    let mapper = Mapper::load(config.mapper)?;
    // The function takes a large image at its size and its end; here is time to read all of it.
    ensure!(
        mapper_file::is_wasm(bytes) || File::describe(bytes) == mapper.manifest().image,
        "the image was changed after its manifest was made; run `mapper compile` again"
    );
    let Manifest { wit, target, component, image, imports, .. } = mapper.manifest().clone();
    let import = |name: &String| Import { gets: granted(name), name: printable::cut(name, MAX_NAME).to_owned() };
    let imports = imports.iter().map(import).collect();
    Ok(Loaded { wit, target, component_bytes: component.size, image_bytes: image.size, imports })
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mapper = self.mapper.display();
        let Some(loaded) = &self.loaded else {
            let reason = printable::shown(self.reason.as_deref().unwrap_or_default());
            return writeln!(f, "{BAD}the function would refuse{BAD:#} {mapper}: {reason}");
        };
        writeln!(f, "{GOOD}the function would load{GOOD:#} {mapper}")?;
        writeln!(f, "contract   {}", printable::line(&loaded.wit))?;
        writeln!(f, "component  {}", size(loaded.component_bytes))?;
        writeln!(f, "image      {} for {}", size(loaded.image_bytes), loaded.target)?;
        writeln!(f, "\n{HEADING}imports, and what they get{HEADING:#}")?;
        let import = |Import { name, gets }: &Import| (printable::line(name).into_owned(), *gets);
        let mut imports = loaded.imports.iter().map(import);
        imports.try_for_each(|(name, gets)| writeln!(f, "  {name:<42} {FAINT}{gets}{FAINT:#}"))
    }
}
