//! The templates that are installed with this program, written into the folder that an operator
//! deploys from.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::compile::ARCHITECTURES;
use crate::installed;
use crate::terminal::size;

/// What a template needs beside the mapper's layer, for one architecture.
pub struct Templates {
    arch: String,
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
        for file in files(folder, end).with_context(|| unreadable(folder))? {
            let text = fs::read_to_string(&file).with_context(|| unreadable(&file))?;
            let name = file.file_name().unwrap_or_default();
            // The module has a variable for it.
            let text = if end == "yaml" { text.replace(ARCHITECTURES[0], arch) } else { text };
            texts.push((Path::new(below).join(name), text));
        }
    }
    Ok(Templates { arch: arch.to_owned(), function: installed::function(arch)?, texts })
}

/// The files of `folder` whose names end so, in their order.
fn files(folder: &Path, end: &str) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|own| own == end) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn unreadable(path: &Path) -> String {
    format!("`{}` can't be read", path.display())
}

fn unwritable(path: &Path) -> String {
    format!("`{}` can't be written", path.display())
}

/// Whether a template names the zip with the functions' program for an architecture.
fn names(text: &str, arch: &str) -> bool {
    text.contains(&format!("function-{arch}.zip"))
}

impl Templates {
    /// Says whether what is in `folder` already goes with them.
    ///
    /// # Errors
    /// A template there, which would stay, names the other architecture.
    pub fn fit(&self, folder: &Path) -> Result<()> {
        let arch = self.arch.as_str();
        for (path, text) in &self.texts {
            let path = folder.join(path);
            let there = fs::read_to_string(&path).unwrap_or_default();
            // The module names both, by a variable.
            if names(&there, arch) || !names(text, arch) {
                continue;
            }
            if let Some(other) = ARCHITECTURES.into_iter().find(|other| names(&there, other)) {
                bail!(
                    "`{}` is for {other}, and would stay beside zips for {arch}: change it by hand, delete it, or name \
                     another folder; nothing was written",
                    path.display()
                );
            }
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
