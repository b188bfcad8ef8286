//! `mapper unit-test`: the runner of a mapper's own unit tests, for `.cargo/config.toml`.
//!
//! Under wasm32-wasip2 a panic aborts, so libtest's own run ends with the first failure. This runner asks for the
//! list of tests and runs each in a fresh store of the production engine. This file owns the command; the others own
//! its parts.

pub mod frames;
mod output;
pub mod program;
mod refused;
mod report;
mod should_panic;
mod verdict;

use std::collections::HashSet;
use std::fs;
use std::io::{self, IsTerminal};
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use anstream::ColorChoice;
use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use crate::cache::Cache;
use post_confirmation_host::mapper::THIS_TARGET;
use post_confirmation_host::mapper::engine::TESTS;
use post_confirmation_host::printable;

use program::{End, Program};
use refused::Refused;
use report::{Report, Tested};
use should_panic::ShouldPanic;
use verdict::judge;

/// The widest column of names. A longer name stands out of it.
const WIDEST: usize = 100;

/// Run a mapper's unit tests inside wasmtime, each in a fresh store.
///
/// cargo calls this for `cargo test --target wasm32-wasip2` where `.cargo/config.toml` has, for that target,
/// `runner = "mapper unit-test"`. The options are libtest's, after `--`:
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
    /// Run the tests with `#[ignore]`, too.
    #[arg(long, conflicts_with = "ignored")]
    include_ignored: bool,
    /// Show what each test writes, below its line.
    #[arg(long, alias = "no-capture")]
    nocapture: bool,
    /// Show what passed tests have written, at the end.
    #[arg(long)]
    show_output: bool,
    /// Run so many tests at once; without it, as many as there are processors.
    #[arg(long, value_name = "N")]
    test_threads: Option<NonZero<usize>>,
    /// Show one character for each test, as `--format terse` does.
    #[arg(short, long)]
    quiet: bool,
    /// How to tell the tests.
    #[arg(long)]
    format: Option<Format>,
    /// Run tests and no benchmarks, as happens anyway.
    #[arg(long = "test")]
    _test: bool,
    /// When to use colours.
    #[arg(long, default_value = "auto")]
    color: Color,
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

#[derive(Clone, Copy, ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

/// Carries the command out.
pub async fn run(args: &Args) -> Result<bool> {
    args.refused.check()?;
    ensure!(
        !matches!(args.format, Some(Format::Json | Format::Junit)),
        "`--format json` and `--format junit` are not understood: they are unstable formats of libtest; \
         `cargo nextest run` can write a report"
    );
    match args.color {
        Color::Auto => {}
        Color::Always => ColorChoice::Always.write_global(),
        Color::Never => ColorChoice::Never.write_global(),
    }
    // The images are read when the program is loaded, so the cache may go then.
    let (program, should_panic) = load(args)?;
    let all = list(&program, &[]).await?;
    let ignored: HashSet<_> =
        if args.ignored { list(&program, &["--ignored"]).await? } else { Vec::new() }.into_iter().collect();
    let chosen = |name: &&String| args.choose(name) && (!args.ignored || ignored.contains(*name));
    let chosen: Vec<&String> = all.iter().filter(chosen).collect();
    if args.list {
        for name in &chosen {
            anstream::println!("{}: test", printable::line(name));
        }
        if !args.is_terse() {
            anstream::println!("\n{} tests, 0 benchmarks", chosen.len());
        }
        return Ok(true);
    }

    let label = |name: &str| match should_panic.get(name) {
        Some(_) => format!("{} - should panic", printable::line(name)),
        None => printable::line(name).into_owned(),
    };
    let width = chosen.iter().map(|name| label(name).chars().count()).max().unwrap_or_default().min(WIDEST);
    let Args { nocapture, show_output, .. } = *args;
    let report = Report { quiet: args.is_terse(), nocapture, show_output, width };
    report.begin(chosen.len());
    let started = Instant::now();

    let mut options = vec!["--exact", "--nocapture", "--test-threads=1"];
    if args.ignored || args.include_ignored {
        options.push("--include-ignored");
    }
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    let work = async || {
        while let Some(name) = chosen.get(next.fetch_add(1, Ordering::Relaxed)) {
            let finished = program.call(&[&[name.as_str()], options.as_slice()].concat()).await;
            let verdict = judge(name, should_panic.get(*name), &finished);
            let tested = Tested { label: label(name), verdict, took: finished.took };
            let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
            report.test(&tested);
            done.push(tested);
        }
    };
    // Nothing else waits on this thread.
    thread::scope(|scope| -> Result<()> {
        for _ in 0..args.threads().min(chosen.len()) {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            scope.spawn(move || runtime.block_on(work()));
        }
        Ok(())
    })?;

    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by(|one, other| one.label.cmp(&other.label));
    report.end(&done, all.len() - chosen.len(), started.elapsed());
    Ok(done.iter().all(|tested| tested.failure().is_none()))
}

impl Args {
    /// Whether the filters let `name` pass.
    fn choose(&self, name: &str) -> bool {
        let fits = |filter: &String| if self.exact { name == filter } else { name.contains(filter) };
        (self.filters.is_empty() || self.filters.iter().any(fits)) && !self.skip.iter().any(fits)
    }

    /// Whether to say as little as can be. A format that is named counts before `--quiet`.
    fn is_terse(&self) -> bool {
        self.format.map_or(self.quiet, |format| format == Format::Terse)
    }

    /// How many tests to run at once: no more than the engine has room for.
    fn threads(&self) -> usize {
        let wanted = self.test_threads.or_else(|| thread::available_parallelism().ok());
        wanted.map_or(1, NonZero::get).min(TESTS as usize)
    }
}

/// The program, with the tests in it that should panic.
fn load(args: &Args) -> Result<(Program, ShouldPanic)> {
    let file = args.program.display();
    let mut component = fs::read(&args.program).with_context(|| format!("`{file}` can't be read"))?;
    let should_panic = should_panic::unmark(&mut component).with_context(|| format!("`{file}` is no WebAssembly"))?;
    let cache = Cache::from_env();
    let compiling = || {
        if io::stderr().is_terminal() {
            eprintln!("compiling the tests in {file} for this machine");
        }
    };
    let image = cache.program(&component, THIS_TARGET, compiling);
    let image = image.with_context(|| format!("`{file}` can't be compiled"))?;
    Ok((Program::load(&image)?, should_panic))
}

/// The names of the tests that the program lists with these options.
async fn list(program: &Program, options: &[&str]) -> Result<Vec<String>> {
    let finished = program.call(&[&["--list", "--format", "terse"], options].concat()).await;
    let text = finished.output.both();
    ensure!(
        finished.end == End::Returned(true),
        "the program does not list its tests; it has to be built by `cargo test`\n{}",
        text.trim()
    );
    Ok(text.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect())
}
