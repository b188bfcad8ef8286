//! Trying a mapper on this machine before it is deployed: with the deployed function's settings,
//! and with none of this shell's.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use post_confirmation_host::config;
use serde_json::value::RawValue;
use tokio::runtime::Handle;
use tokio::task::block_in_place;

use super::dry_run::Sample;
use super::interrupt;
use super::settings::{Variables, is_setting};
use super::talk::say;
use crate::cases::{self, Case};
use crate::commands::test::{self, Tried, Verdict};
use crate::commands::{build, check, compile, diff, events};
use crate::expectation::Mapped;
use crate::mapper_file::{self, COMPONENT, Environment};
use crate::recorded;
use crate::runner::Bench;
use crate::terminal;

/// A mapping may depend on these, which are the same in every deployment.
const LIMITS: [&str; 5] = [
    config::ANSWER_WITHIN_MS,
    config::BACKEND_API_URL,
    config::BACKEND_ALLOW_HTTP,
    config::MAPPER_MEMORY_MB,
    config::MAPPER_TIMEOUT_MS,
];
/// Verdicts that must not go live.
const BROKEN: [Verdict; 2] = [Verdict::Failed, Verdict::Unstable];
/// The same of a mapper's own cases.
const UNLIKE: [Verdict; 3] = [Verdict::Differs, Verdict::Failed, Verdict::Unstable];

/// The component of `mapper`, a folder or a component already.
///
/// # Errors
/// There is none.
pub fn build(mapper: &Path) -> Result<PathBuf> {
    if !mapper.is_dir() {
        return Ok(mapper.to_owned());
    }
    succeeds("build", interrupt::after(|| build::build_folder(mapper, false))?)?;
    Ok(mapper.join(COMPONENT))
}

/// Compiles `component` for `target` into the file `image`, with its manifest beside it.
///
/// # Errors
/// It can't be compiled.
pub fn compile(component: &Path, target: &str, image: &Path) -> Result<()> {
    let made = compile::compile_to(component, image, target);
    succeeds("compile", made.map(|manifest| manifest.is_some()))
}

/// Says whether the function would load the mapper in `file`.
///
/// # Errors
/// It would not.
pub fn check(file: &Path) -> Result<()> {
    let environment = environment(&Variables::new(), |_| false);
    succeeds("check", check::check(file.to_owned(), &environment, false))
}

fn succeeds(command: &str, outcome: Result<bool>) -> Result<()> {
    let failed = format!("`mapper {command}` failed; nothing was changed");
    ensure!(outcome.context(failed.clone())?, failed);
    Ok(())
}

/// The events that a mapper is tried with.
pub struct Events {
    cases: Vec<Arc<Case>>,
    /// The folder of the cases, if they are the mapper's own.
    own: Option<PathBuf>,
}

impl Events {
    /// The cases in the folder `cases` of `mapper`, or beside it if it is a component. A mapper
    /// without any gets sample events, of which nothing is expected.
    ///
    /// # Errors
    /// They can't be read.
    pub fn read(mapper: &Path) -> Result<Events> {
        let folder = if mapper.is_dir() { Some(mapper) } else { mapper.parent() };
        let own = folder.unwrap_or(Path::new("")).join(cases::FOLDER);
        if files(&own).is_empty() {
            return Ok(Events { cases: samples()?, own: None });
        }
        Ok(Events { cases: cases::chosen(std::slice::from_ref(&own))?, own: Some(own) })
    }

    /// Lets the mapper in `file` map them within the limits of a function with `variables`. Cases
    /// define the mapper's variables themselves.
    ///
    /// # Errors
    /// One has a verdict that must not go live.
    pub fn judge(&self, file: &Path, variables: &Variables) -> Result<()> {
        let (what, of) = match &self.own {
            Some(own) => ("cases", format!(" of {}", own.display())),
            None => ("sample events", String::new()),
        };
        let bad = if self.own.is_some() { UNLIKE.as_slice() } else { BROKEN.as_slice() };
        let environment = environment(variables, |name| LIMITS.contains(&name));
        let tried = Bench::load(file, &self.cases, &environment, false)
            .and_then(|bench| wait(Tried::new(bench, self.cases.clone())))
            .with_context(|| format!("the {what}{of} can't be run; nothing was changed"))?;
        let found = bad.iter().filter(|bad| tried.cases.iter().any(|case| case.verdict == **bad));
        let found: Vec<&str> = found.map(|verdict| verdict.word()).collect();
        if !found.is_empty() {
            test::show(&tried.cases, &of, file, false);
            bail!("the mapper has cases that are {}; nothing was changed", found.join(" and "));
        }
        let bad: Vec<&str> = bad.iter().map(|verdict| verdict.word()).collect();
        say(format!("{} {what}{of}: none is {}", tried.cases.len(), bad.join(" or ")));
        Ok(())
    }

    /// Shows what the mapper in `file` maps differently from the image `deployed`, in a function
    /// with `variables`.
    pub fn compare(&self, deployed: &Path, file: &Path, variables: &Variables) {
        let environment = environment(variables, is_mapping);
        let how = diff::How { environment: &environment, deterministic: false, json: false };
        if let Err(error) = wait(diff::diff(deployed, file, &self.cases, how)) {
            terminal::tell(&format!("{error:#}"));
            say(
                "The deployed mapper can't be compared on this machine, so what the swap changes is not shown.",
            );
        }
    }

    /// An event that the mapper in `file` delivers in a function with `variables`: one of these, a
    /// sign-up first.
    ///
    /// # Errors
    /// There is none: such a mapper would lose every user.
    pub fn delivered(&self, file: &Path, variables: &Variables) -> Result<Sample> {
        let mut candidates = Vec::new();
        if let Some(own) = &self.own {
            for path in files(own) {
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                candidates.push((name, recorded::event(&path)?));
            }
        }
        candidates.extend(sample_files()?);
        let sign_up = Sample::sign_up()?.name;
        // Those of the mapper's own stay before the samples.
        candidates.sort_by_key(|(name, _)| *name != sign_up);
        let mut bare = Vec::new();
        for (name, json) in &candidates {
            bare.push(Arc::new(cases::bare(name, cases::read(json)?)));
        }
        let environment = environment(variables, is_mapping);
        let bench = Bench::load(file, &bare, &environment, false)?;
        let trials = wait(bench.try_all(&bare))?;
        let mut fitting = candidates.into_iter().zip(trials);
        let found = fitting.find(|(_, trial)| matches!(trial.mapped, Mapped::Deliver(..)));
        match (found, &self.own) {
            (Some(((name, json), _)), _) => {
                Ok(Sample { name, event: serde_json::from_str(json.get())? })
            }
            (None, Some(own)) => bail!(
                "the mapper delivers no event of {}; add a case with a user whom it delivers",
                own.display()
            ),
            (None, None) => bail!(
                "the mapper delivers no sample event; add a case with a user whom it delivers"
            ),
        }
    }
}

/// The events in the folder `cases`, in the order of their names.
fn files(cases: &Path) -> Vec<PathBuf> {
    let entries = cases.read_dir().into_iter().flatten().flatten();
    let files = entries.map(|entry| entry.path());
    let mut files: Vec<PathBuf> =
        files.filter(|file| file.to_string_lossy().ends_with(cases::EVENT)).collect();
    files.sort();
    files
}

/// The sample events, each with the name of its file.
fn sample_files() -> Result<Vec<(String, Box<RawValue>)>> {
    let named = events::SAMPLES.iter().map(|(name, _, event)| {
        let json = RawValue::from_string(event.trim().to_owned())?;
        Ok((format!("{name}{}", cases::EVENT), json))
    });
    named.collect()
}

fn samples() -> Result<Vec<Arc<Case>>> {
    let cases = sample_files()?.into_iter().map(|(name, json)| {
        let name = name.strip_suffix(cases::EVENT).unwrap_or(&name);
        Ok(Arc::new(cases::bare(name, cases::read(&json)?)))
    });
    cases.collect()
}

/// Whether the variable `name` can make a mapping differ between deployments.
pub fn is_mapping(name: &str) -> bool {
    LIMITS.contains(&name) || name.starts_with(config::MAPPER_ENV)
}

/// The variables of this process without its settings, and those of the deployed ones that count.
pub fn environment(variables: &Variables, counts: impl Fn(&str) -> bool) -> Environment {
    let mut all = mapper_file::environment();
    all.retain(|name, _| !name.to_str().is_some_and(is_setting));
    let deployed = variables.iter().filter(|(name, _)| counts(name));
    all.extend(deployed.map(|(name, value)| (name.into(), value.into())));
    all
}

/// Waits for `work`, from a thread that may wait.
pub fn wait<T>(work: impl Future<Output = T>) -> T {
    block_in_place(|| Handle::current().block_on(work))
}
