//! `mapper unit-test`: the runner of a mapper's own unit tests, for `.cargo/config.toml`.
//!
//! Under wasm32-wasip2 a panic aborts, so libtest's own run ends with the first failure. This
//! runner asks for the list of tests and runs each in a fresh store of the production engine. This
//! file owns the command; the others own its parts.

mod refused;
mod report;
mod verdict;

use std::collections::HashSet;
use std::fs;
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use clap::ValueEnum;
use post_confirmation_host::mapper::Program;
use post_confirmation_host::printable;

use crate::{compile, mapper_file};
use refused::Refused;
use report::{Report, Tested};
use verdict::judge;

/// The most tests at once, each in a sandbox.
const MAX_TESTS: usize = 16;
/// The widest column of names. A longer name stands out of it.
const WIDEST: usize = 100;

/// Run a mapper's unit tests in the function's own sandbox, each in a fresh one.
///
/// A test has the limits and the variables of a mapper: MAPPER_TIMEOUT_MS, MAPPER_MEMORY_MB and
/// MAPPER_ENV_*.
///
/// cargo calls this for `cargo test --target wasm32-wasip2` if `.cargo/config.toml` has, for that
/// target, `runner = "mapper unit-test"`. The options are libtest's, after `--`:
///
///   cargo test --target wasm32-wasip2
///   cargo test --target wasm32-wasip2 -- email phone --skip slow
///   cargo test --target wasm32-wasip2 -- --exact tests::a_sign_up --nocapture
///   cargo test --target wasm32-wasip2 -- --list
///
/// `cargo nextest run --target wasm32-wasip2` works, too.
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// The test program that cargo has built.
    program: PathBuf,
    /// Run only the tests whose names hold one of these.
    filters: Vec<String>,
    /// Filter and skip by whole names.
    #[arg(long)]
    exact: bool,
    /// Leave out the tests whose names hold this; can be given several times.
    #[arg(long, value_name = "FILTER")]
    skip: Vec<String>,
    /// List the tests instead of running them.
    #[arg(long)]
    list: bool,
    /// Run only the tests with `#[ignore]`.
    #[arg(long)]
    ignored: bool,
    /// Show what each test writes, below its line.
    #[arg(long, alias = "no-capture")]
    nocapture: bool,
    /// Run so many tests at once; without it, as many as there are processors.
    #[arg(long, value_name = "N")]
    test_threads: Option<NonZero<usize>>,
    /// Show one character for each test, as `--format terse` does: `cargo test --quiet` says so.
    #[arg(short, long)]
    quiet: bool,
    /// How to tell the tests.
    #[arg(long)]
    format: Option<Format>,
    /// Run tests and no benchmarks, as happens anyway.
    #[arg(long = "test")]
    _test: bool,
    #[command(flatten)]
    refused: Refused,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A line for each test.
    Pretty,
    /// One character for each test; a list holds nothing but the tests.
    Terse,
    /// Refused, as all that is unstable.
    #[value(hide = true)]
    Json,
    #[value(hide = true)]
    Junit,
}

pub async fn run(args: &Args) -> Result<bool> {
    args.refused.check()?;
    ensure!(
        !matches!(args.format, Some(Format::Json | Format::Junit)),
        "`--format json` and `--format junit` are not understood: they are unstable formats of libtest; \
         `cargo nextest run` can write a report"
    );
    let program = load(args)?;
    let all = list(&program, &[]).await?;
    let chosen = args.choose(&program, &all).await?;
    if args.list {
        for name in &chosen {
            anstream::println!("{}: test", printable::line(name));
        }
        if !args.is_terse() {
            anstream::println!("\n{} tests, 0 benchmarks", chosen.len());
        }
        return Ok(true);
    }

    let width =
        chosen.iter().map(|name| name.chars().count()).max().unwrap_or_default().min(WIDEST);
    let report = Report { terse: args.is_terse(), nocapture: args.nocapture, width };
    report.begin(chosen.len());
    let started = Instant::now();
    let mut done = args.run_all(&program, &chosen, &report)?;
    done.sort_by(|one, other| one.label.cmp(&other.label));
    report.end(&done, all.len() - chosen.len(), started.elapsed());
    Ok(!done.iter().any(Tested::has_failed))
}

impl Args {
    /// The tests of `all` that are asked for.
    async fn choose<'a>(&self, program: &Program, all: &'a [String]) -> Result<Vec<&'a String>> {
        let ignored: Option<HashSet<String>> = match self.ignored {
            true => Some(list(program, &["--ignored"]).await?.into_iter().collect()),
            false => None,
        };
        let wanted = all.iter().filter(|name| self.passes(name));
        Ok(wanted
            .filter(|name| ignored.as_ref().is_none_or(|ignored| ignored.contains(*name)))
            .collect())
    }

    /// Whether the filters let `name` pass.
    fn passes(&self, name: &str) -> bool {
        let wanted =
            self.filters.is_empty() || self.filters.iter().any(|filter| self.fits(filter, name));
        wanted && !self.skip.iter().any(|filter| self.fits(filter, name))
    }

    fn fits(&self, filter: &str, name: &str) -> bool {
        if self.exact { name == filter } else { name.contains(filter) }
    }

    fn is_terse(&self) -> bool {
        self.format.map_or(self.quiet, |format| format == Format::Terse)
    }

    /// Runs the tests `chosen`, several at once, and reports each.
    fn run_all(
        &self,
        program: &Program,
        chosen: &[&String],
        report: &Report,
    ) -> Result<Vec<Tested>> {
        let wanted = self.test_threads.or_else(|| thread::available_parallelism().ok());
        let threads = wanted.map_or(1, NonZero::get).min(MAX_TESTS).min(chosen.len());
        let next = AtomicUsize::new(0);
        let done = Mutex::new(Vec::new());
        // Nothing else waits on this thread.
        thread::scope(|scope| -> Result<()> {
            for _ in 0..threads {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                let (next, done) = (&next, &done);
                scope.spawn(move || {
                    runtime.block_on(async {
                        while let Some(name) = chosen.get(next.fetch_add(1, Ordering::Relaxed)) {
                            let tested = self.run_one(program, name).await;
                            let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
                            report.test(&tested);
                            done.push(tested);
                        }
                    });
                });
            }
            Ok(())
        })?;
        Ok(done.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    async fn run_one(&self, program: &Program, name: &str) -> Tested {
        let mut arguments = vec!["test", name, "--exact", "--nocapture", "--test-threads=1"];
        if self.ignored {
            arguments.push("--include-ignored");
        }
        let finished = program.call(&arguments).await;
        let verdict = judge(name, &finished, program.settings());
        Tested { label: printable::line(name).into_owned(), verdict, took: finished.took }
    }
}

/// The program, with the settings of the environment.
fn load(args: &Args) -> Result<Program> {
    let file = args.program.display();
    let component = fs::read(&args.program).with_context(|| format!("`{file}` can't be read"))?;
    let settings = mapper_file::mapper_settings(&args.program)?;
    let component = compile::program(&component, MAX_TESTS as u32)
        .with_context(|| format!("`{file}` can't be compiled"))?;
    Ok(Program::new(&component, settings)?)
}

/// The names of the tests that the program lists with these options.
async fn list(program: &Program, options: &[&str]) -> Result<Vec<String>> {
    let finished =
        program.call(&[&["test", "--list", "--format", "terse"], options].concat()).await;
    let text = &finished.output.stdout;
    let why = match &finished.result {
        Ok(true) => None,
        Ok(false) => Some("it failed".to_owned()),
        Err(error) => Some(error.to_string().replace("the mapper", "it")),
    };
    if let Some(why) = why {
        bail!(
            "the program does not list its tests ({why}); it has to be built by `cargo test`\n{}",
            format!("{text}{}", finished.output.stderr).trim()
        );
    }
    Ok(text.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect())
}
