//! `mapper unit-test`: the runner of a mapper's own unit tests, for `.cargo/config.toml`.
//!
//! Under wasm32-wasip2 a panic aborts, so libtest's own run ends with the first failure. This runner asks for the
//! list of tests and runs each in a fresh store of the production engine.

use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use post_confirmation_host::mapper::tester;
use wasmtime::component::{Component, Linker, ResourceTable};
use wasmtime::error::Context;
use wasmtime::{Engine, Store};
use wasmtime_wasi::p2::bindings::{Command, CommandPre};
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;
use wasmtime_wasi::{I32Exit, WasiCtx, WasiCtxView, WasiView};

/// The most that a test may print, in bytes.
const OUTPUT: usize = 1024 * 1024;
/// The longest time of a test in seconds: far longer than a mapper has.
const TIMEOUT: u64 = 60;

/// Run a mapper's unit tests inside wasmtime, each in a fresh store.
///
/// cargo calls this for `cargo test --target wasm32-wasip2` where `.cargo/config.toml` has, for that target,
/// `runner = "mapper unit-test"`.
#[derive(clap::Args)]
pub struct Args {
    /// The test program that cargo has built.
    program: PathBuf,
    /// Run only the tests whose names hold one of these.
    filters: Vec<String>,
    /// Run only the tests with exactly these names.
    #[arg(long)]
    exact: bool,
    /// Show what passing tests print, too.
    #[arg(long)]
    nocapture: bool,
}

struct State {
    wasi: WasiCtx,
    table: ResourceTable,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

/// What a run of the test program left behind.
struct Finished {
    success: bool,
    output: String,
}

/// Carries the command out.
pub async fn run(args: &Args) -> Result<bool> {
    let engine = tester()?;
    let clock = engine.clone();
    thread::spawn(move || {
        loop {
            thread::sleep(Duration::from_secs(1));
            clock.increment_epoch();
        }
    });
    let program = Component::from_file(&engine, &args.program)
        .with_context(|| format!("`{}` can't be compiled", args.program.display()))?;
    let mut linker = Linker::new(&engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    let program = CommandPre::new(linker.instantiate_pre(&program)?)?;

    let all = list(&engine, &program).await?;
    let fits = |name: &&String, filter: &String| if args.exact { *name == filter } else { name.contains(filter) };
    let chosen = |name: &&String| args.filters.is_empty() || args.filters.iter().any(|filter| fits(name, filter));
    let chosen: Vec<&String> = all.iter().filter(chosen).collect();

    println!("\nrunning {} tests", chosen.len());
    let started = Instant::now();
    let mut failures = Vec::new();
    let (mut passed, mut ignored) = (0, 0);
    for name in &chosen {
        let finished = call(&engine, &program, &[name, "--exact", "--nocapture", "--test-threads=1"]).await?;
        // A test that calls `exit` ends with success too: only what libtest says of it counts.
        let said = |summary| finished.success && finished.output.contains(summary);
        if said("test result: ok. 1 passed;") {
            println!("test {name} ... ok");
            passed += 1;
        } else if said("test result: ok. 0 passed; 0 failed; 1 ignored;") {
            println!("test {name} ... ignored");
            ignored += 1;
        } else {
            println!("test {name} ... FAILED");
            failures.push((name, finished.output));
            continue;
        }
        if args.nocapture {
            println!("{}", finished.output.trim());
        }
    }

    for (name, output) in &failures {
        println!("\n---- {name} ----\n{}", output.trim());
    }
    println!(
        "\ntest result: {}. {passed} passed; {} failed; {ignored} ignored; 0 measured; {} filtered out; finished in {:.2}s\n",
        if failures.is_empty() { "ok" } else { "FAILED" },
        failures.len(),
        all.len() - chosen.len(),
        started.elapsed().as_secs_f64()
    );
    Ok(failures.is_empty())
}

/// The names of tests that the program lists.
async fn list(engine: &Engine, program: &CommandPre<State>) -> Result<Vec<String>> {
    let finished = call(engine, program, &["--list", "--format", "terse"]).await?;
    if !finished.success {
        bail!("the program doesn't list its tests; it has to be built by `cargo test`:\n{}", finished.output);
    }
    Ok(finished.output.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect())
}

/// Calls the program with `args` in a fresh store.
async fn call(engine: &Engine, program: &CommandPre<State>, args: &[&str]) -> Result<Finished> {
    let output = MemoryOutputPipe::new(OUTPUT);
    let wasi = WasiCtx::builder().arg("test").args(args).stdout(output.clone()).stderr(output.clone()).build();
    let mut store = Store::new(engine, State { wasi, table: ResourceTable::new() });
    store.set_epoch_deadline(TIMEOUT);

    let run = async {
        let command: Command = program.instantiate_async(&mut store).await?;
        command.wasi_cli_run().call_run(&mut store).await
    };
    let ended = tokio::time::timeout(Duration::from_secs(TIMEOUT), run).await;
    let mut output = String::from_utf8_lossy(&output.contents()).into_owned();
    let success = match ended {
        Ok(Ok(result)) => result.is_ok(),
        Ok(Err(error)) => match error.downcast_ref::<I32Exit>() {
            Some(exit) => exit.0 == 0,
            None => {
                output += &format!("\n{error:#}");
                false
            }
        },
        Err(_) => {
            output += &format!("\nstopped after {TIMEOUT} s");
            false
        }
    };
    Ok(Finished { success, output })
}
