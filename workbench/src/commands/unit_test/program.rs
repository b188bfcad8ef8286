//! The test program inside wasmtime: one call of it, in a store of its own.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use post_confirmation_host::mapper::{self, engine};
use wasmtime::component::{Component, Linker, ResourceTable};
use wasmtime::error::Context;
use wasmtime::{Engine, ResourceLimiter, Store, UpdateDeadline, WasmBacktrace};
use wasmtime_wasi::p2::bindings::{Command, CommandPre};
use wasmtime_wasi::{I32Exit, WasiCtx, WasiCtxView, WasiView};

use super::frames;
use super::output::{Output, Stream};

/// The limits of a call.
#[derive(Clone, Copy)]
pub struct Limits {
    pub time: Duration,
    /// In bytes.
    pub memory: usize,
}

/// Far more than a mapper has.
pub const LIMITS: Limits = Limits { time: Duration::from_secs(60), memory: 512 * 1024 * 1024 };
/// How often calls look whether their time is up.
const TICK: Duration = Duration::from_millis(50);

/// A test program, ready to run.
pub struct Program {
    engine: Engine,
    pre: CommandPre<State>,
    limits: Limits,
}

/// How a call ended.
#[derive(Debug, PartialEq, Eq)]
pub enum End {
    /// It returned: with success, or not.
    Returned(bool),
    /// It called `exit`, as libtest does where a test has failed.
    Exited,
    /// It ran too long.
    TimedOut,
    /// It asked for more memory than it may have.
    OutOfMemory,
    /// It trapped, with wasmtime's words for that and the functions in which it did, innermost first.
    Trapped { words: String, frames: Vec<String> },
}

/// What a call left behind.
pub struct Finished {
    pub end: End,
    pub output: Output,
    pub took: Duration,
}

struct State {
    wasi: WasiCtx,
    table: ResourceTable,
    memory: Memory,
    deadline: Instant,
}

/// The limit on all memories and tables together, and whether more was asked for.
struct Memory {
    room: usize,
    refused: bool,
}

/// The call's time is up.
#[derive(Debug, thiserror::Error)]
#[error("the time is up")]
struct TimeIsUp;

impl Program {
    /// The program `component`, which may import what a mapper may.
    pub fn new(component: &Component, limits: Limits) -> Result<Program> {
        let engine = component.engine().clone();
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
        let pre = linker.instantiate_pre(component).and_then(CommandPre::new);
        let pre = pre.context("the tests import what no mapper gets, which is WASI 0.2")?;

        let clock = engine.weak();
        thread::spawn(move || {
            while let Some(engine) = clock.upgrade() {
                engine.increment_epoch();
                drop(engine);
                thread::sleep(TICK);
            }
        });
        Ok(Program { engine, pre, limits })
    }

    /// The program in the file `image`.
    pub fn load(image: &std::path::Path) -> Result<Program> {
        let engine = engine::tester()?;
        let (component, _) = mapper::image::load(&engine, image)?;
        Program::new(&component, LIMITS)
    }

    /// Calls the program with `args` in a fresh store.
    pub async fn call(&self, args: &[&str]) -> Finished {
        let started = Instant::now();
        let output = Output::default();
        let (stdout, stderr) = (output.stream(Stream::Out), output.stream(Stream::Error));
        let wasi = WasiCtx::builder().arg("test").args(args).stdout(stdout).stderr(stderr).build();
        let deadline = started + self.limits.time;
        let memory = Memory { room: self.limits.memory, refused: false };
        let mut store = Store::new(&self.engine, State { wasi, table: ResourceTable::new(), memory, deadline });
        store.limiter(|state| &mut state.memory);
        store.epoch_deadline_callback(|store| {
            if Instant::now() < store.data().deadline { Ok(UpdateDeadline::Continue(1)) } else { Err(TimeIsUp.into()) }
        });
        store.set_epoch_deadline(1);

        // A loop is stopped by the epoch; a test that sleeps, by the timeout.
        let ended = tokio::time::timeout_at(deadline.into(), async {
            let command: Command = self.pre.instantiate_async(&mut store).await?;
            command.wasi_cli_run().call_run(&mut store).await
        })
        .await;
        let end = match ended {
            Ok(Ok(result)) => End::Returned(result.is_ok()),
            Ok(Err(error)) => end(&error, store.data()),
            Err(_) => End::TimedOut,
        };
        Finished { end, output, took: started.elapsed() }
    }
}

/// How a call ended that has no result.
fn end(error: &wasmtime::Error, state: &State) -> End {
    if error.is::<TimeIsUp>() {
        End::TimedOut
    } else if error.is::<I32Exit>() {
        End::Exited
    } else if state.memory.refused {
        // An allocator that gets no memory aborts, which is a trap like any other.
        End::OutOfMemory
    } else {
        let frames = error.downcast_ref::<WasmBacktrace>().map(frames::names).unwrap_or_default();
        End::Trapped { words: error.root_cause().to_string(), frames }
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl Memory {
    fn take(&mut self, bytes: usize) -> bool {
        let left = self.room.checked_sub(bytes);
        self.refused |= left.is_none();
        self.room = left.unwrap_or(self.room);
        left.is_some()
    }
}

impl ResourceLimiter for Memory {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        Ok(self.take(desired - current))
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        Ok(self.take((desired - current).saturating_mul(size_of::<usize>())))
    }
}

#[cfg(test)]
mod tests {
    use post_confirmation_host::mapper::THIS_TARGET;
    use crate::cache::Cache;

    use super::*;

    /// A program that does this.
    fn program(code: &str, limits: Limits) -> Program {
        let text = format!(
            r#"(component
                (core module $m (memory 1) (func (export "run") (result i32) {code}))
                (core instance $i (instantiate $m))
                (func $run (result (result)) (canon lift (core func $i "run")))
                (instance $exported (export "run" (func $run)))
                (export "wasi:cli/run@0.2.6" (instance $exported)))"#
        );
        let folder = tempfile::tempdir().unwrap();
        let component = wat::parse_str(text).unwrap();
        let image = Cache::at(folder.path()).program(&component, THIS_TARGET, || ()).unwrap();
        let engine = engine::tester().unwrap();
        let (component, _) = mapper::image::load(&engine, &image).unwrap();
        Program::new(&component, limits).unwrap()
    }

    #[tokio::test]
    async fn a_program_that_loops_is_stopped() {
        let limits = Limits { time: Duration::from_millis(10), ..LIMITS };
        let looping = program("(loop $again br $again) unreachable", limits);
        assert_eq!(looping.call(&[]).await.end, End::TimedOut);
    }

    #[tokio::test]
    async fn a_program_that_is_refused_memory_has_run_out_of_it_where_it_traps() {
        let limits = Limits { memory: 3 * 64 * 1024, ..LIMITS };
        let greedy =
            program("(if (i32.eq (memory.grow (i32.const 3)) (i32.const -1)) (then unreachable)) i32.const 0", limits);
        assert_eq!(greedy.call(&[]).await.end, End::OutOfMemory);
        let modest =
            program("(if (i32.eq (memory.grow (i32.const 2)) (i32.const -1)) (then unreachable)) i32.const 0", limits);
        assert_eq!(modest.call(&[]).await.end, End::Returned(true));
    }
}
