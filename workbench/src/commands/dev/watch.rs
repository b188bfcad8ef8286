//! Waiting until something changes in the folders of a mapper. What has changed, the bytes tell:
//! here nothing is read.

use std::collections::BTreeSet;
use std::env;
use std::io::stdout;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::sync::mpsc::{self, Receiver};
use tokio::time::timeout;

/// How long it has to be quiet after a change: an editor writes a file in several steps, and
/// several files at once.
const QUIET: Duration = Duration::from_millis(40);
/// How long it is waited for that, if it is never quiet.
const LONGEST: Duration = Duration::from_secs(1);
/// How often it is looked whether the folder and the reader are still there. Linux does not tell a
/// process that is in the folder.
const LOOK: Duration = Duration::from_secs(1);

/// Folders that are watched.
pub struct Watch {
    watcher: RecommendedWatcher,
    woken: Receiver<()>,
    folders: BTreeSet<PathBuf>,
}

impl Watch {
    /// One that watches nothing yet.
    ///
    /// # Errors
    /// The system does not tell of changes.
    pub fn start() -> Result<Watch> {
        // One that is not taken yet tells of all that came later, too.
        let (wake, woken) = mpsc::channel(1);
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            // To read a file is not a change. An error can hide one.
            if !event.is_ok_and(|event| matches!(event.kind, EventKind::Access(_))) {
                let _ = wake.try_send(());
            }
        });
        let watcher = watcher.context("the system does not tell of changes to files")?;
        Ok(Watch { watcher, woken, folders: BTreeSet::new() })
    }

    /// Watches `folders`, without what is below them, in place of those of before. Returns whether
    /// there is one more.
    ///
    /// # Errors
    /// A folder that is there can't be watched.
    pub fn cover(&mut self, folders: BTreeSet<PathBuf>) -> Result<bool> {
        for folder in self.folders.difference(&folders) {
            // It may be gone.
            let _ = self.watcher.unwatch(folder);
        }
        for folder in &folders {
            // On Linux a folder that was made anew under the same name is another one.
            let known = self.folders.contains(folder) && cfg!(not(target_os = "linux"));
            if known {
                continue;
            }
            match self.watcher.watch(folder, RecursiveMode::NonRecursive) {
                // It may be gone by now.
                Err(error) if folder.is_dir() => {
                    return Err(error)
                        .with_context(|| format!("`{}` can't be watched", folder.display()));
                }
                _ => {}
            }
        }
        let more = !folders.is_subset(&self.folders);
        self.folders = folders;
        Ok(more)
    }

    /// Waits until something changes, and it is quiet again. Returns whether somebody still reads
    /// what this program prints.
    ///
    /// # Errors
    /// The folder in which this program runs is gone.
    pub async fn changed(&mut self) -> Result<bool> {
        while timeout(LOOK, self.woken.recv()).await.is_err() {
            is_there()?;
            if !is_read() {
                return Ok(false);
            }
        }
        let quiet = async { while timeout(QUIET, self.woken.recv()).await.is_ok() {} };
        let _ = timeout(LONGEST, quiet).await;
        is_there()?;
        Ok(is_read())
    }
}

/// Whether standard output is not a pipe whose reader has left, as `head` does.
fn is_read() -> bool {
    let stdout = stdout();
    let mut asked = [PollFd::new(&stdout, PollFlags::empty())];
    let told = poll(&mut asked, Some(&Timespec::default()));
    told.is_err() || !asked[0].revents().contains(PollFlags::ERR)
}

fn is_there() -> Result<()> {
    env::current_dir().map(drop).context("the mapper's folder is gone")
}
