//! The source of the mapper in this folder: whether it has to be built, and building it on a thread
//! of its own, so that an interruption is heard meanwhile.

use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};
use std::time::SystemTime;

use anyhow::{Context, Result};
use tokio::sync::oneshot;

use super::watch::Watch;
use crate::commands::build;
use crate::mapper_file::COMPONENT;
use crate::sources::{self, Record, Sources};
use crate::toolchain::{Language, tool};

/// The mapper's folder.
const HERE: &str = ".";

/// The source, and what came of building it.
#[derive(Default)]
pub struct Source {
    /// The source of which no component could be made.
    refused: Option<Record>,
    building: Option<JoinHandle<()>>,
}

/// The source as it is now, which has to be built.
pub struct Due {
    /// Why, for people.
    pub reason: String,
    language: Language,
    sources: Sources,
    /// A time before they were read.
    since: SystemTime,
}

impl Source {
    /// Whether the last source that was built made no component.
    pub fn is_broken(&self) -> bool {
        self.refused.is_some()
    }

    /// Looks at the source, lets `watch` cover it and the folders `others`, and says what has to be
    /// built.
    ///
    /// # Errors
    /// There is no source, or it can't be read or watched.
    pub fn due(&self, watch: &mut Watch, others: &[PathBuf]) -> Result<Option<Due>> {
        let (language, sources, since) = loop {
            let since = SystemTime::now();
            let language = Language::require(Path::new(HERE))?;
            let (sources, mut folders) = sources::survey(language, Path::new(HERE))?;
            folders.extend(others.iter().cloned());
            folders.extend(known().iter().filter_map(|file| file.parent()?.canonicalize().ok()));
            // What was written into a folder before it was watched shows now.
            if !watch.cover(folders)? {
                break (language, sources, since);
            }
        };
        let reason = match &self.refused {
            Some(refused) => build::named(&refused.changed(Path::new(HERE), &sources)),
            None => build::stale(Path::new(HERE), Path::new(COMPONENT), &sources),
        };
        Ok(reason.map(|reason| Due { reason, language, sources, since }))
    }

    /// Builds what is `due`. Returns whether there is a component of it; if not, standard error
    /// says why.
    ///
    /// # Errors
    /// It can't be tried.
    pub async fn build(&mut self, due: Due) -> Result<bool> {
        let Due { language, sources, since, .. } = due;
        let (done, built) = oneshot::channel();
        self.building = Some(thread::spawn(move || {
            // Nobody waits for it after an interruption.
            let _ = done.send(build::rebuild(language, Path::new(HERE)));
        }));
        let built = built.await.context("the workbench panicked while it built the mapper");
        let is_good = matches!(built, Ok(Ok(true)));
        self.refused = match is_good {
            true => None,
            false => Some(Record::new(Path::new(HERE), &[], sources, &known(), since)?),
        };
        built?
    }

    /// Stops what is being built, and waits until nothing is left of it.
    pub fn stop(&mut self) {
        tool::stop();
        if let Some(building) = self.building.take() {
            // A panic was told already.
            let _ = building.join();
        }
    }
}

/// The files of which the last component was made.
fn known() -> Vec<PathBuf> {
    let record = Record::read(Path::new(HERE));
    record.iter().flat_map(Record::files).map(Path::to_owned).collect()
}
