//! `mapper inspect`: what a file is, without compiling or running anything of it.

use std::path::{Path, PathBuf};

use crate::compile::{self, Interface};
use anstream::print;
use anyhow::{Context, Result};
use post_confirmation_host::mapper::{File, Manifest};
use post_confirmation_host::printable;
use serde::Serialize;
use wasmparser::{KnownCustom, Parser, Payload};

use crate::mapper_file;
use crate::terminal::{self, BAD, HEADING, size};

/// As many tools are named: compilers and libraries of one component are far fewer.
const MAX_TOOLS: usize = 100;
/// The role of a language.
const LANGUAGE: &str = "language";
/// The most that is shown of a name or a version, in bytes: the author of the file chose it.
const MAX_NAME: usize = 512;

/// Say what a component or an image is, from its manifest and its custom sections.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  mapper inspect mapper.wasm
  mapper inspect /opt/mapper.cwasm --json

Exit status: 0 if the file is a mapper, 1 if it is another component or was changed since it was made, 2 if it
is neither a component nor an image, or can't be read.")]
pub struct Args {
    /// The component, or the image.
    #[arg(default_value = mapper_file::COMPONENT)]
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
        /// Whether it wants the backend's answer.
        #[serde(skip_serializing_if = "Option::is_none")]
        follow_up: Option<bool>,
        /// Why it is not a mapper.
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

#[derive(Serialize, PartialEq)]
struct Tool {
    role: String,
    name: String,
    version: String,
}

pub fn run(args: &Args) -> Result<bool> {
    let bytes = mapper_file::read(&args.file)?;
    let inspected =
        if mapper_file::is_wasm(&bytes) { component(&bytes)? } else { image(&args.file, &bytes)? };
    if args.json {
        terminal::json(&inspected)?;
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
    let follow_up = wit.as_deref().map(|wit| interface.has_follow_up(wit));
    let Interface { imports, exports } = interface;
    Ok(Inspected::Component {
        file: File::describe(bytes),
        wit,
        follow_up,
        refused,
        imports,
        exports,
        made_by: tools(bytes)?,
    })
}

/// `name` in one line, as far as it is shown.
fn named(name: &str) -> String {
    printable::line(printable::cut(name, MAX_NAME)).into_owned()
}

/// The tools that a component and all that it holds name in their `producers` sections. If the
/// component itself names its language, that is its author's, and those inside are not.
fn tools(component: &[u8]) -> Result<Vec<Tool>> {
    let mut tools: Vec<Tool> = Vec::new();
    let mut own_language = None;
    let mut depth = 0;
    for payload in Parser::new(0).parse_all(component) {
        let section = match payload? {
            Payload::CustomSection(section) => section,
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => {
                depth += 1;
                continue;
            }
            Payload::End(_) => {
                depth -= 1;
                continue;
            }
            _ => continue,
        };
        let KnownCustom::Producers(fields) = section.as_known() else { continue };
        for field in fields {
            let field = field?;
            for value in field.values {
                let value = value?;
                let [role, name, version] = [field.name, value.name, value.version].map(named);
                let tool = Tool { role, name, version };
                if depth == 0 && tool.role == LANGUAGE {
                    own_language = Some(tool);
                } else if tools.len() < MAX_TOOLS && !tools.contains(&tool) {
                    tools.push(tool);
                }
            }
        }
    }
    if let Some(language) = own_language {
        tools.retain(|tool| tool.role != LANGUAGE);
        tools.insert(0, language);
    }
    Ok(tools)
}

fn image(path: &Path, bytes: &[u8]) -> Result<Inspected> {
    let manifest = Manifest::read(path)
        .context("the file is neither a component nor an image with its manifest")?;
    Ok(Inspected::Image { unchanged: File::describe(bytes) == manifest.image, manifest })
}

impl Inspected {
    fn text(&self) -> String {
        let lines = self.lines();
        lines.iter().map(|(name, value)| format!("{:<12} {value}\n", named(name))).collect()
    }

    /// What is shown, each with its name.
    fn lines(&self) -> Vec<(&str, String)> {
        match self {
            Inspected::Component { file, wit, follow_up, refused, imports, exports, made_by } => {
                let mut lines =
                    vec![("component", size(file.size)), ("sha256", file.sha256.clone())];
                lines.extend(wit.iter().map(|wit| ("contract", named(wit))));
                lines.extend(follow_up.map(follow_up_line));
                lines.extend(
                    refused
                        .iter()
                        .map(|why| ("no mapper", format!("{BAD}{}{BAD:#}", printable::line(why)))),
                );
                lines.extend(made_by.iter().map(|Tool { role, name, version }| {
                    (role.as_str(), named(&format!("{name} {version}")).trim_end().to_owned())
                }));
                lines.extend(exports.iter().map(|name| ("export", named(name))));
                lines.extend(imports.iter().map(|name| ("import", named(name))));
                lines
            }
            Inspected::Image { manifest, unchanged } => {
                let Manifest { image, component, target, wasmtime, engine, .. } = manifest;
                let mut sha256 = image.sha256.clone();
                if !unchanged {
                    sha256.push_str(&format!(
                        "  {BAD}and the file has another: it is not this manifest's image{BAD:#}"
                    ));
                }
                let mut lines = vec![
                    ("image", format!("{} for {target}", size(image.size))),
                    ("sha256", sha256),
                    ("contract", named(&manifest.wit)),
                ];
                lines.extend(manifest.follow_up.map(follow_up_line));
                lines.extend([
                    ("component", format!("{}, sha256 {}", size(component.size), component.sha256)),
                    ("wasmtime", format!("{wasmtime}, settings {engine}")),
                ]);
                lines.extend(manifest.imports.iter().map(|name| ("import", named(name))));
                lines
            }
        }
    }
}

fn follow_up_line(has_one: bool) -> (&'static str, String) {
    ("follow-up", terminal::follow_up(has_one).to_owned())
}
