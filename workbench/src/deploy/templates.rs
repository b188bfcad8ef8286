//! The templates that are installed with this program, written where an operator deploys from.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::installed;
use crate::terminal::size;

/// The architecture that the templates name.
const NAMED: &str = "x86_64";
/// The other one.
const OTHER: &str = "arm64";

/// What a template needs beside the mapper's layer, for one architecture.
pub struct Templates {
    /// The zip with the functions' program.
    function: PathBuf,
    /// The texts, by their path in the folder.
    texts: Vec<(PathBuf, String)>,
}

/// The files of this installation for an architecture.
///
/// # Errors
/// One is missing, or can't be read.
pub fn read(arch: &str) -> Result<Templates> {
    let mut texts = Vec::new();
    let template = installed::template()?;
    let module = installed::terraform()?;
    let beside = template.parent().unwrap_or(Path::new("."));
    for (folder, end, below) in [(beside, "yaml", ""), (module.as_path(), "tf", "terraform")] {
        for file in files(folder, end)? {
            let text = fs::read_to_string(&file)
                .with_context(|| format!("`{}` can't be read", file.display()))?;
            let name = file.file_name().unwrap_or_default();
            // The module has a variable for it.
            let text = if end == "yaml" { text.replace(NAMED, arch) } else { text };
            texts.push((Path::new(below).join(name), text));
        }
    }
    Ok(Templates { function: installed::function(arch)?, texts })
}

/// The files of `folder` whose names end so, in their order.
fn files(folder: &Path, end: &str) -> Result<Vec<PathBuf>> {
    let unreadable = || format!("`{}` can't be read", folder.display());
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(unreadable)? {
        let path = entry.with_context(unreadable)?.path();
        if path.extension().is_some_and(|own| own == end) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

impl Templates {
    /// Says whether what is in `folder` already goes with them.
    ///
    /// # Errors
    /// A template there, which would stay, names the other architecture.
    pub fn fit(&self, folder: &Path) -> Result<()> {
        let name = self.function.file_name().unwrap_or_default().to_string_lossy();
        let (arch, other) = if name.contains(NAMED) { (NAMED, OTHER) } else { (OTHER, NAMED) };
        for (path, text) in &self.texts {
            let path = folder.join(path);
            let there = fs::read_to_string(&path).unwrap_or_default();
            let names = |text: &str, arch| text.contains(&format!("function-{arch}.zip"));
            // The module names both, by a variable.
            let fits = names(&there, arch) || !names(&there, other) || !names(text, arch);
            ensure!(
                fits,
                "`{}` is for {other}, and would stay beside zips for {arch}: change it by hand, delete it, or name \
                 another folder; nothing was written",
                path.display()
            );
        }
        Ok(())
    }

    /// Writes them into `folder`, and says so. A text that is there and differs stays: somebody may
    /// have changed it.
    ///
    /// # Errors
    /// One can't be written.
    pub fn write(&self, folder: &Path) -> Result<()> {
        let to = folder.join(self.function.file_name().unwrap_or_default());
        let unwritable = |path: &Path| format!("`{}` can't be written", path.display());
        let bytes = fs::copy(&self.function, &to).with_context(|| unwritable(&to))?;
        anstream::println!("{}  {}", to.display(), size(bytes));
        for (path, text) in &self.texts {
            let path = folder.join(path);
            let there = fs::read(&path).ok();
            if there.as_ref().is_some_and(|there| there != text.as_bytes()) {
                anstream::println!(
                    "{}  differs from this release's, and stays; delete it to get that one",
                    path.display()
                );
                continue;
            }
            let parent = path.parent().unwrap_or(folder);
            fs::create_dir_all(parent)
                .and_then(|()| fs::write(&path, text))
                .with_context(|| unwritable(&path))?;
            anstream::println!("{}", path.display());
        }
        Ok(())
    }
}
