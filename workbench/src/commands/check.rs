//! `mapper check`: would the host load it?

use std::fmt;
use std::path::{Path, PathBuf};

use anstream::print;
use anyhow::{Result, ensure};
use post_confirmation_host::mapper::{File, Manifest, Mapper, Settings, THIS_TARGET};
use post_confirmation_host::printable;
use serde::Serialize;

use crate::commands::build;
use crate::compile::interface;
use crate::mapper_file::{self, Environment, Loaded, MapperFile};
use crate::terminal::{self, BAD, FAINT, GOOD, HEADING, size};

/// Say whether the function would load a mapper, what it imports, and what it gets for that.
///
/// A component is compiled first and loaded as the function loads it.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  mapper check
  mapper check --mapper layer/mapper.cwasm --json

Exit status: 0 if the function would load it, 1 if it would not, 2 if the file can't be read.")]
pub struct Args {
    #[command(flatten)]
    mapper: MapperFile,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// The most that is shown of why it would not load, in bytes: the reason may name what the
/// component imports.
const MAX_REASON: usize = 2 * 1024;
/// The most that is shown of an import's name, in bytes.
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
    loaded: Option<Description>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Description {
    wit: String,
    /// Whether it wants the backend's answer.
    follow_up: bool,
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

pub fn run(args: &Args) -> Result<bool> {
    check(args.mapper.file(), &mapper_file::environment(), args.json)
}

/// Says whether a function with these variables would load `mapper`, and returns it.
///
/// # Errors
/// The file can't be read, or the variables are at fault.
pub fn check(mapper: PathBuf, environment: &Environment, json: bool) -> Result<bool> {
    if !build::ensure_fresh(&mapper)? {
        return Ok(false);
    }
    let bytes = mapper_file::read(&mapper)?;
    // What is wrong with these is not a fault of the mapper.
    let settings = mapper_file::config(&mapper, false, environment)?.mapper;
    let (loaded, reason) = match describe(&mapper, &bytes, settings) {
        Ok(loaded) => (Some(loaded), None),
        Err(error) => (None, Some(printable::cut(&format!("{error:#}"), MAX_REASON).to_owned())),
    };
    let report = Report { mapper, loads: reason.is_none(), reason, loaded };
    if json {
        terminal::json(&report)?;
    } else {
        print!("{report}");
    }
    Ok(report.loads)
}

/// Loads the mapper in `file`, which holds `bytes`, as the function does.
fn describe(file: &Path, bytes: &[u8], settings: Settings) -> Result<Description> {
    let Loaded { component, identity } = Loaded::load(file, settings.sandboxes)?;
    let follow_up = Mapper::new(&component, identity.clone(), settings)?.has_follow_up();
    if mapper_file::is_wasm(bytes) {
        return Ok(Description {
            wit: identity.wit,
            follow_up,
            target: THIS_TARGET.to_owned(),
            component_bytes: bytes.len() as u64,
            // An image ends with the component's digest.
            image_bytes: (component.serialize()?.len() + identity.sha256.len()) as u64,
            imports: Import::describe(&interface(bytes)?.imports),
        });
    }
    let manifest = Manifest::read(file)?;
    // The function looks at the size and the end of an image; here is time to read all of it.
    let unchanged = File::describe(bytes) == manifest.image;
    ensure!(
        unchanged,
        "the image was changed after its manifest was made; run `mapper compile` again"
    );
    Ok(Description {
        wit: manifest.wit,
        follow_up,
        target: manifest.target,
        component_bytes: manifest.component.size,
        image_bytes: manifest.image.size,
        imports: Import::describe(&manifest.imports),
    })
}

impl Import {
    fn describe(names: &[String]) -> Vec<Import> {
        let names = names.iter().map(|name| printable::cut(name, MAX_NAME).to_owned());
        names.map(|name| Import { gets: granted(&name), name }).collect()
    }
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
        writeln!(f, "follow-up  {}", terminal::follow_up(loaded.follow_up))?;
        writeln!(f, "component  {}", size(loaded.component_bytes))?;
        writeln!(f, "image      {} for {}", size(loaded.image_bytes), loaded.target)?;
        writeln!(f, "\n{HEADING}imports, and what they get{HEADING:#}")?;
        for Import { name, gets } in &loaded.imports {
            writeln!(f, "  {:<42} {FAINT}{gets}{FAINT:#}", printable::line(name))?;
        }
        Ok(())
    }
}

/// What stands behind each interface that a mapper may import, in words, by the beginnings of
/// names. The first that fits counts. The sandbox of `host/src/mapper` grants it.
const GRANTS: [(&str, &str); 18] = [
    ("cognito:post-confirmation/types", "the types of the contract"),
    (
        "wasi:cli/environment",
        "the variables that begin with MAPPER_ENV_, without that; no arguments",
    ),
    ("wasi:cli/exit", "ends the event as a failure of the mapper"),
    ("wasi:cli/stdin", "nothing: it is empty"),
    ("wasi:cli/stdout", "its first 8 KiB, which are logged if MAPPER_LOGS is on"),
    ("wasi:cli/stderr", "its first 8 KiB, which are logged if MAPPER_LOGS is on"),
    ("wasi:cli/terminal", "no terminal"),
    ("wasi:clocks/monotonic-clock", "the clock; sleeping counts towards MAPPER_TIMEOUT_MS"),
    ("wasi:clocks/wall-clock", "the clock"),
    ("wasi:clocks/timezone", "UTC"),
    ("wasi:filesystem/preopens", "no folder"),
    ("wasi:filesystem/types", "no file: there is no folder to open one in"),
    ("wasi:io/", "what the other interfaces need"),
    ("wasi:random/", "random numbers, 64 KiB at once"),
    ("wasi:sockets/ip-name-lookup", "no network: every name is refused"),
    ("wasi:sockets/instance-network", "no network"),
    ("wasi:sockets/network", "no network"),
    ("wasi:sockets/", "no network: every connection is refused"),
];

/// What a mapper gets for importing the interface `name`.
fn granted(name: &str) -> &'static str {
    GRANTS
        .iter()
        .find(|(beginning, _)| name.starts_with(beginning))
        .map_or("unknown interface", |(_, grant)| grant)
}
