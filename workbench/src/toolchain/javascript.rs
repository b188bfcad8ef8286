//! From a mapper in JavaScript or TypeScript to its component: its modules are found and read, put
//! into the engine, and a snapshot of that is the component. No Node.js and no bundler is needed,
//! and the same files make the same bytes.

mod fault;
mod linked;
mod modules;
mod parsed;
mod resolved;
mod snapshot;
mod system;
mod typescript;
mod unsupported;
mod world;

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use anyhow::{Context, Result, anyhow, bail};
use serde_json::Value;

use super::producers;
use crate::input;
use crate::terminal;
use fault::Fault;
use modules::Collected;

/// The mapper's own module, unless `package.json` names another.
const MODULES: [&str; 2] = ["mapper.ts", "mapper.js"];
/// The stack for reading source, in bytes of address space: some 2,000 are used for each level of
/// it.
const STACK: usize = 1024 * 1024 * 1024;
/// What describes a package of npm.
const PACKAGE: &str = "package.json";

/// The types of all this for editors, `post-confirmation.d.ts`.
pub const TYPES: &str = include_str!("javascript/post-confirmation.d.ts");

/// Makes the component of the mapper in `folder`. Returns the files that were read. None if the
/// source is refused.
pub(super) fn build(folder: &Path, output: &Path) -> Result<Option<Vec<PathBuf>>> {
    let module = folder.join(module(folder)?);
    match with_room(|| component(folder, &module))? {
        Ok((mut component, files)) => {
            component.extend(producers::section(language(&module)));
            fs::write(output, component).context("the component can't be written")?;
            Ok(Some(files))
        }
        Err(fault @ Fault::Engine { .. }) => Err(fault.into()),
        Err(fault) => {
            terminal::tell(&format!("{:#}", anyhow::Error::from(fault)));
            Ok(None)
        }
    }
}

/// The engine, if it can be read.
pub(super) fn own() -> Vec<u8> {
    fs::read(snapshot::file()).unwrap_or_default()
}

/// The file of the mapper's own module in `folder`.
fn module(folder: &Path) -> Result<String> {
    let package = folder.join(PACKAGE);
    let package: Value = if package.is_file() { input::json(&package)? } else { Value::Null };
    if let Value::String(main) = &package["main"] {
        if folder.join(main).is_file() {
            return Ok(main.clone());
        }
        bail!("there is no `{main}`: `main` of `{PACKAGE}` has to name the mapper");
    }
    let found = MODULES.iter().find(|file| folder.join(file).is_file());
    found.map(|file| (*file).to_owned()).context(
        "there is no `mapper.js` or `mapper.ts`, and `package.json` does not name another file as `main`",
    )
}

/// The language of the file `module`.
fn language(module: &Path) -> &'static str {
    match module.extension().and_then(|extension| extension.to_str()) {
        Some("ts" | "mts") => "TypeScript",
        _ => "JavaScript",
    }
}

/// The component of the mapper in `folder` whose own module is the file `mapper`, and the files
/// that were read.
fn component(folder: &Path, mapper: &Path) -> Result<(Vec<u8>, Vec<PathBuf>), Fault> {
    let Collected { modules, sources, files, unnamed } = modules::collect(folder, mapper)?;
    linked::check(&modules, &sources)?;
    for place in unnamed {
        terminal::warn(&format!(
            "{place}: `import(…)` finds nothing by a name that is made at run time: modules are found when the mapper is \
             built, by names in quotes"
        ));
    }
    let component = snapshot::take(modules)?;
    Ok((component, files))
}

/// What `work` returns, on a thread with room for source that is nested as deep as it likes.
fn with_room<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T> {
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(STACK);
        let running = thread.spawn_scoped(scope, work).context("no thread could be started")?;
        running
            .join()
            .map_err(|_| anyhow!("the mapper's source can't be read: the workbench panicked"))
    })
}
