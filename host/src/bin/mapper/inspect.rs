//! `mapper inspect`: what a file is, without compiling or running anything of it.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anstream::print;
use anstyle::Style;
use anyhow::{Context, Result};
use post_confirmation_host::mapper::compile::{self, Interface};
use post_confirmation_host::mapper::{File, Manifest};
use post_confirmation_host::printable;
use serde::Serialize;
use wasmparser::{KnownCustom, Parser, Payload};

use crate::load;
use crate::style::{self, BAD, HEADING, size};

/// As much of a name or a version is shown, in bytes: whoever made the file chose it.
const MAX_NAME: usize = 512;
/// As much of a line is shown, in bytes.
const MAX_LINE: usize = 2 * MAX_NAME;

/// Say what a component or an image is, from its manifest and its custom sections.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  mapper inspect mapper.wasm
  mapper inspect /opt/mapper.cwasm --json

Exit status: 0 where the file is a mapper, 1 where it is another component or was changed since it was made, 2 where it
is neither a component nor an image, or can't be read.")]
pub struct Args {
    /// The component, or the image.
    #[arg(default_value = load::COMPONENT)]
    file: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// What a file is.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
enum Inspected {
    Component {
        #[serde(flatten)]
        file: File,
        #[serde(skip_serializing_if = "Option::is_none")]
        wit: Option<String>,
        /// Why it is no mapper.
        #[serde(skip_serializing_if = "Option::is_none")]
        refused: Option<String>,
        imports: Vec<String>,
        exports: Vec<String>,
        /// What made it: languages, tools and libraries with their versions.
        made_by: Vec<Tool>,
    },
    Image {
        manifest: Manifest,
        /// Whether the image is the one that the manifest describes.
        unchanged: bool,
    },
}

#[derive(Clone, Serialize, PartialEq, Eq, Hash)]
struct Tool {
    role: String,
    name: String,
    version: String,
}

/// Carries the command out.
pub fn run(args: &Args) -> Result<bool> {
    let bytes = load::read(&args.file)?;
    let inspected = if load::is_wasm(&bytes) { component(&bytes)? } else { image(&args.file, &bytes)? };
    if args.json {
        style::json(&inspected)?;
    } else {
        print!("{HEADING}{}{HEADING:#}\n{}", args.file.display(), inspected.text());
    }
    Ok(match inspected {
        Inspected::Component { refused, .. } => refused.is_none(),
        Inspected::Image { unchanged, .. } => unchanged,
    })
}

fn component(bytes: &[u8]) -> Result<Inspected> {
    let interface = compile::interface(bytes)?;
    let (wit, refused) = match interface.wit() {
        Ok(wit) => (Some(wit), None),
        Err(error) => (None, Some(error.to_string())),
    };
    let Interface { imports, exports } = interface;
    let all_named = |names: Vec<String>| names.iter().map(|name| named(name)).collect();
    Ok(Inspected::Component {
        file: File::of(bytes),
        wit,
        refused,
        imports: all_named(imports),
        exports: all_named(exports),
        made_by: tools(bytes)?,
    })
}

/// As much of a name or a version as is shown.
fn named(name: &str) -> String {
    printable::cut(name, MAX_NAME).to_owned()
}

/// The tools that a component and all that it holds name in their `producers` sections.
fn tools(component: &[u8]) -> Result<Vec<Tool>> {
    let (mut tools, mut known) = (Vec::new(), HashSet::new());
    for payload in Parser::new(0).parse_all(component) {
        let Payload::CustomSection(section) = payload? else { continue };
        let KnownCustom::Producers(fields) = section.as_known() else { continue };
        for field in fields {
            let field = field?;
            for value in field.values {
                let value = value?;
                let [role, name, version] = [field.name, value.name, value.version].map(named);
                let tool = Tool { role, name, version };
                if known.insert(tool.clone()) {
                    tools.push(tool);
                }
            }
        }
    }
    Ok(tools)
}

fn image(path: &Path, bytes: &[u8]) -> Result<Inspected> {
    let manifest = Manifest::of(path).context("the file is no component, and no image with its manifest")?;
    Ok(Inspected::Image { unchanged: File::of(bytes) == manifest.image, manifest })
}

impl Inspected {
    fn text(&self) -> String {
        let plain = Style::new();
        let mut lines = Vec::new();
        match self {
            Inspected::Component { file, wit, refused, imports, exports, made_by } => {
                lines.push(("component", size(file.size), plain));
                lines.push(("sha256", file.sha256.clone(), plain));
                lines.extend(wit.iter().map(|wit| ("contract", wit.clone(), plain)));
                lines.extend(refused.iter().map(|refused| ("no mapper", refused.clone(), BAD)));
                let tool = |tool: &'_ Tool| format!("{} {}", tool.name, tool.version).trim_end().to_owned();
                lines.extend(made_by.iter().map(|made_by| (made_by.role.as_str(), tool(made_by), plain)));
                lines.extend(exports.iter().map(|name| ("export", name.clone(), plain)));
                lines.extend(imports.iter().map(|name| ("import", name.clone(), plain)));
            }
            Inspected::Image { manifest, unchanged } => {
                let Manifest { image, component, .. } = manifest;
                lines.push(("image", format!("{} for {}", size(image.size), manifest.target), plain));
                lines.push(("sha256", image.sha256.clone(), plain));
                if !unchanged {
                    lines.push(("changed", "the file has another: it is not this manifest's image".to_owned(), BAD));
                }
                lines.push(("contract", manifest.wit.clone(), plain));
                lines.push(("component", format!("{}, sha256 {}", size(component.size), component.sha256), plain));
                lines.push(("wasmtime", format!("{}, settings {}", manifest.wasmtime, manifest.engine), plain));
                lines.extend(manifest.imports.iter().map(|name| ("import", name.clone(), plain)));
            }
        }
        lines.iter().fold(String::new(), |mut text, (name, value, style)| {
            let [name, value] = [*name, value].map(|part| printable::line(printable::cut(part, MAX_LINE)));
            let _ = writeln!(text, "{name:<12} {style}{value}{style:#}");
            text
        })
    }
}
