//! `mapper new`: a folder with a mapper that builds and passes its own cases.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use post_confirmation_host::mapper::Code;
use serde_json::json;

use crate::commands::events::SAMPLES;
use crate::terminal::{self, FAINT, GOOD};
use crate::toolchain::Language;

mod follow_up;
mod template;

/// Make a folder with a mapper to start from: source, contract, cases.
///
/// JavaScript and TypeScript need no other tool. The types for an editor are among the files.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  mapper new my-mapper --lang js
  mapper new mappers/accounts --lang ts
  mapper new my-mapper --lang python --with-follow-up

Exit status: 0 if the folder is made, 2 if it could not be.")]
pub struct Args {
    /// The folder to make. Its last part is the mapper's name: lower-case letters, digits and
    /// hyphens.
    #[arg(value_name = "NAME")]
    folder: PathBuf,
    /// The language.
    #[arg(long)]
    lang: Language,
    /// Add the follow-up, which says what of the backend's answer is written to the Cognito user,
    /// with a case and a test.
    #[arg(long)]
    with_follow_up: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub fn run(args: &Args) -> Result<bool> {
    let Args { folder, lang, .. } = args;
    let name = name(folder)?;
    if fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) || folder.is_file() {
        bail!("`{}` is there already; choose another name, or remove it", folder.display());
    }
    let files = template::files(*lang, name, install(*lang), args.with_follow_up);
    for (path, text) in &files {
        let path = folder.join(path);
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent)
            .and_then(|()| fs::write(&path, text))
            .with_context(|| format!("`{}` can't be written", path.display()))?;
    }

    let steps = steps(*lang, folder);
    if args.json {
        let files: Vec<&str> = files.iter().map(|(path, _)| path.as_str()).collect();
        terminal::json(&json!({ "folder": folder, "files": files, "next": steps }))?;
    } else {
        anstream::println!(
            "{GOOD}made{GOOD:#} {}: {} files, {} cases\n",
            folder.display(),
            files.len(),
            SAMPLES.len()
        );
        steps.iter().for_each(|step| anstream::println!("  {step}"));
        anstream::println!(
            "\n{FAINT}Both build mapper.wasm if they have to. `README.md` in it says more.{FAINT:#}"
        );
    }
    Ok(true)
}

/// The mapper's name, which is also that of a package in its language.
fn name(folder: &Path) -> Result<&str> {
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    ensure!(
        Code::parse(name.to_owned()).is_some(),
        "`{}` is not a name for a mapper: use 1 to 64 lower-case letters, digits and hyphens, and begin with a letter",
        folder.display()
    );
    Ok(name)
}

/// What to do next.
fn steps(language: Language, folder: &Path) -> Vec<String> {
    let mut steps = vec![format!("cd {}", folder.display())];
    steps.extend(install(language).iter().map(ToString::to_string));
    steps.extend(["mapper test", "mapper run cases/native.event.json"].map(str::to_owned));
    steps
}

/// What installs the tools of a language.
fn install(language: Language) -> &'static [&'static str] {
    match language {
        Language::Rust => &["rustup target add wasm32-wasip2"],
        Language::Js | Language::Ts => &[],
        Language::Python => &["python3 -m venv .venv", ".venv/bin/pip install -r requirements.txt"],
    }
}
