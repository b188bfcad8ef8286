//! `mapper test`: a folder of cases through a mapper.

use std::env;
use std::ffi::OsString;
use std::fs::Permissions;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anstream::{print, println};
use anyhow::{Context, Result};
use post_confirmation_host::printable;
use serde::Serialize;
use tempfile::NamedTempFile;

use crate::cases::{self, Case};
use crate::commands::build;
use crate::doubtful;
use crate::expectation::Mapped;
use crate::mapper_file::{self, MapperFile};
use crate::render;
use crate::runner::{self, Bench, Trial};
use crate::terminal::{self, BAD, FAINT, GOOD, HEADING, WARNING, time};
use crate::text_diff;
use cost::{CaseCost, Costs, Exceeded};
use json::Report;

mod cost;
mod json;
mod junit;

/// Test a mapper with a folder of cases, each in a fresh sandbox with the limits of production.
///
/// A case is `NAME.event.json`, an event as Cognito sends it, and `NAME.expected.json`: the
/// request, the skip or the error that the mapper should make of it. `NAME.variables.json` may give
/// the mapper variables. Each event is mapped twice, to find mappers that depend on clocks or
/// random numbers.
///
/// With `--cost`, it is mapped once more, with fixed clocks and random numbers, to count what it
/// costs: instructions of WebAssembly, which are the same in every run of the same component, the
/// most memory, and the bytes of the answer. A case that breaks a bound fails.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  mapper test
  mapper test native         one case of the folder `cases`
  mapper test guest/cases --mapper mapper.wasm --junit report.xml
  mapper test --cost --json  what each event costs, for machines
  mapper test --at-most-instructions 2000000 --at-most-memory 16777216
  mapper test --bless        accept what the mapper makes, then look at it with `git diff`

Exit status: 0 if every case passes, 1 if one does not, 2 if they could not be tried.")]
pub struct Args {
    /// The cases: folders of them, names of those in the folder `cases`, or their files.
    #[arg(default_value = cases::FOLDER)]
    cases: Vec<PathBuf>,
    #[command(flatten)]
    mapper: MapperFile,
    /// Write what the mapper makes of the events into the expected files.
    #[arg(long)]
    bless: bool,
    /// Let clocks stand still and random numbers be the same for every event.
    #[arg(long)]
    deterministic: bool,
    #[command(flatten)]
    costs: Costs,
    /// Write a report in JUnit's form, for CI.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// How a case ended.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// As expected.
    Passed,
    /// What it became is expected from now on.
    Blessed,
    /// The mapper makes something else of the event.
    Differs,
    /// Nothing is expected yet.
    New,
    /// The mapper makes something else of the event each time.
    Unstable,
    /// The mapper makes of the event what no case can expect.
    Failed,
    /// As expected, but it costs more than it may.
    Costly,
}

/// A case and how it ended.
pub struct CaseResult {
    /// The case.
    pub case: Arc<Case>,
    /// What came of its event.
    pub trial: Trial,
    /// How it ended.
    pub verdict: Verdict,
    /// What it costs, if that is asked for.
    cost: Option<CaseCost>,
    /// The bounds that it breaks.
    exceeded: Vec<Exceeded>,
}

/// Cases that were tried.
pub struct Tried {
    /// Each with how it ended.
    pub cases: Vec<CaseResult>,
    /// How long that took.
    pub took: Duration,
}

impl Tried {
    /// Tries `cases` on `bench`.
    ///
    /// # Errors
    /// They can't be tried.
    pub async fn new(bench: Bench, cases: Vec<Arc<Case>>) -> Result<Tried> {
        let started = Instant::now();
        let trials = bench.try_all(&cases).await?;
        let took = started.elapsed();
        let mut tried = Vec::new();
        for (case, trial) in cases.into_iter().zip(trials) {
            let verdict = Verdict::new(&case, &trial);
            tried.push(CaseResult { case, trial, verdict, cost: None, exceeded: Vec::new() });
        }
        Ok(Tried { cases: tried, took })
    }
}

/// Shows how cases `of` somewhere ended with the mapper in `file`, and what is wrong with those
/// that are.
pub fn show(tried: &[CaseResult], of: &str, file: &Path, deterministic: bool) {
    let cases = if tried.len() == 1 { "case" } else { "cases" };
    println!("\n{} {cases}{of} for {}\n", tried.len(), file.display());
    tried.iter().for_each(|tried| print!("{}", tried.line("")));
    let wrong = tried.iter().filter(|tried| tried.needs_a_look());
    wrong.for_each(|tried| print!("{}", tried.explained(deterministic)));
}

pub async fn run(args: &Args) -> Result<bool> {
    let cases = cases::chosen(&args.cases)?;
    let file = args.mapper.file();
    if !build::ensure_fresh(&file)? {
        return Ok(false);
    }
    let environment = mapper_file::environment();
    let bench = Bench::load(&file, &cases, &environment, args.deterministic)?;
    let counting = args.costs.are_wanted().then(|| Bench::counting(&file, &cases, &environment));
    let counting = counting.transpose()?;
    let Tried { cases: mut tried, took } = Tried::new(bench, cases).await?;
    if let Some(counting) = counting {
        args.costs.count(counting, &mut tried).await?;
    }
    for each in &mut tried {
        each.settle(args.bless)?;
    }
    if let Some(path) = &args.junit {
        junit::write(path, &file, &tried, args.deterministic, took)?;
    }
    let failed = tried.iter().filter(|tried| !tried.verdict.is_good()).count();
    if args.json {
        terminal::json(&Report::new(&file, &tried, failed))?;
    } else {
        let folder = match args.cases.as_slice() {
            [folder] if folder.is_dir() => format!(" of {}", folder.display()),
            _ => String::new(),
        };
        show(&tried, &folder, &file, args.deterministic);
        print!("{}", cost::table(&tried));
        let blessed = tried.iter().filter(|tried| tried.verdict == Verdict::Blessed).count();
        let passed = tried.len() - failed - blessed;
        let accepted = if args.bless { format!(", {blessed} accepted") } else { String::new() };
        tried.iter().for_each(CaseResult::warn);
        let style = if failed == 0 { GOOD } else { BAD };
        println!("\n{style}{passed} passed{accepted}, {failed} failed{style:#} in {}", time(took));
        if tried.iter().any(|tried| tried.verdict.can_be_accepted()) {
            println!("accept what is different or new: {}", accepting(env::args_os().skip(2)));
        }
    }
    Ok(failed == 0)
}

impl Verdict {
    /// What `trial` says about `case`.
    fn new(case: &Case, trial: &Trial) -> Verdict {
        match (&trial.mapped, &case.expected) {
            (Mapped::Failed(_), _) => Verdict::Failed,
            _ if !trial.is_stable() => Verdict::Unstable,
            (mapped, Some(expected)) if mapped == expected => Verdict::Passed,
            (_, None) => Verdict::New,
            _ => Verdict::Differs,
        }
    }

    /// Whether nothing has to be done about it.
    pub fn is_good(self) -> bool {
        matches!(self, Verdict::Passed | Verdict::Blessed)
    }

    fn can_be_accepted(self) -> bool {
        matches!(self, Verdict::Differs | Verdict::New)
    }

    /// Its name, as `mapper test` shows it.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Passed => "ok",
            Verdict::Blessed => "accepted",
            Verdict::Differs => "DIFFERS",
            Verdict::New => "NEW",
            Verdict::Unstable => "UNSTABLE",
            Verdict::Failed => "FAILED",
            Verdict::Costly => "COSTLY",
        }
    }
}

impl CaseResult {
    /// Settles how it ended. To `bless` it lets what the mapper makes of the event be what is
    /// expected, unless that breaks a bound.
    fn settle(&mut self, bless: bool) -> Result<()> {
        let is_accepted = bless && self.verdict.can_be_accepted();
        if !is_accepted && !self.verdict.is_good() {
            return Ok(());
        }
        if !self.exceeded.is_empty() {
            self.verdict = Verdict::Costly;
        } else if is_accepted {
            let path = &self.case.expected_file;
            write(path, &self.trial.mapped)
                .with_context(|| format!("`{}` can't be written", path.display()))?;
            self.verdict = Verdict::Blessed;
        }
        Ok(())
    }

    /// Its line, with a `note` at the end.
    pub fn line(&self, note: &str) -> String {
        let style = if self.verdict.is_good() { GOOD } else { BAD };
        let (word, name) = (self.verdict.word(), printable::line(&self.case.name));
        let took = time(self.trial.took);
        format!("{style}{word:<9}{style:#} {name:<32} {FAINT}{took}{FAINT:#}{note}\n")
    }

    /// An error is accepted like a request, but seldom meant: it is shown with its message.
    pub fn needs_a_look(&self) -> bool {
        let error = matches!(self.trial.mapped, Mapped::Error(_));
        !self.verdict.is_good() || (error && self.verdict == Verdict::Blessed)
    }

    /// What is wrong and what to do about it. Clocks and random numbers are `fixed` or not.
    pub fn explained(&self, fixed: bool) -> String {
        let mut text =
            format!("\n{HEADING}---- {} ----{HEADING:#}\n", printable::line(&self.case.name));
        text.push_str(&self.wrong());
        if !self.trial.is_stable() {
            text.push_str(&format!("{WARNING}{}{WARNING:#}\n", runner::unstable(fixed)));
        }
        text.push_str(&render::words(&self.trial.output));
        text
    }

    /// Says what of it is perhaps not meant, whatever is expected.
    pub fn warn(&self) {
        if let Some(warning) = self.trial.mapped.path().and_then(doubtful::path) {
            terminal::warn(&format!("{}: {warning}", self.case.name));
        }
    }

    /// What is wrong with it.
    fn wrong(&self) -> String {
        self.compared() + &cost::wrong(self)
    }

    /// What the mapper makes beside what is expected, or beside what it made of the same event
    /// before.
    fn compared(&self) -> String {
        let mapped = &self.trial.mapped;
        match (mapped, &self.trial.second, &self.case.expected) {
            (Mapped::Failed(failed), ..) => {
                format!("{BAD}{}{BAD:#}: {}\n", failed.error_type, failed.error)
            }
            (_, Some(second), _) => beside(("first run", mapped), ("second run", second)),
            (.., None) => {
                format!("nothing is expected yet; accept this with `--bless`:\n{}\n", mapped.text())
            }
            (.., Some(expected)) if expected == mapped => String::new(),
            (.., Some(expected)) => beside(("expected", expected), ("mapped", mapped)),
        }
    }
}

/// Two things that a mapper may make of an event, line by line, under their names.
fn beside(old: (&str, &Mapped), new: (&str, &Mapped)) -> String {
    let signs = format!("  {BAD}- {}{BAD:#}\n  {GOOD}+ {}{GOOD:#}\n", old.0, new.0);
    signs + &text_diff::shown(&old.1.text(), &new.1.text())
}

/// The command that accepts what a run with the arguments `args` found, for a shell.
fn accepting(args: impl Iterator<Item = OsString>) -> String {
    let mut command = "mapper test --bless".to_owned();
    for arg in args {
        command.push(' ');
        command.push_str(&quoted(&arg.to_string_lossy()));
    }
    command
}

/// `arg` as a shell takes it for one word.
fn quoted(arg: &str) -> String {
    let plain =
        arg.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-=:,@%+".contains(&byte));
    if plain && !arg.is_empty() {
        arg.to_owned()
    } else {
        format!("'{}'", arg.replace('\'', "'\\''"))
    }
}

/// Writes what is expected from now on, in one step: if that fails, the old expectation stays.
fn write(path: &Path, mapped: &Mapped) -> Result<()> {
    // A link stays one.
    let path = if path.is_symlink() { path.canonicalize()? } else { path.to_owned() };
    let mut new = NamedTempFile::new_in(path.parent().unwrap_or(Path::new(".")))?;
    writeln!(new, "{}", mapped.text())?;
    new.as_file().set_permissions(Permissions::from_mode(0o644))?;
    new.persist(&path)?;
    Ok(())
}
