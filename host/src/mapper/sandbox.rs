//! The sandbox of one event, or of one unit test: what a mapper is given, and the limits that hold
//! while it runs.

use std::time::Instant;

use wasmtime::component::ResourceTable;
use wasmtime::{Engine, ResourceLimiter, Result, Store, UpdateDeadline};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use super::output::Output;
use super::{MapperOutput, Settings, deterministic};

/// The most data that one call may hand over: the largest request of the contract with room for its
/// form.
const HANDED_OVER: usize = 2 * 1024 * 1024;
/// The most random bytes at once.
const RANDOM_AT_ONCE: u64 = 64 * 1024;
/// The most entries of the table of handles. A stream has one, a timer or whatever else is waited
/// for has two: the thing and the wait.
const HANDLES: usize = 512;
/// What a sandbox begins with in an engine that counts instructions.
const FUEL: u64 = u64::MAX;

/// What belongs to one event inside the engine.
pub(super) struct Sandbox {
    wasi: WasiCtx,
    handles: ResourceTable,
    memory: Memory,
    stdout: Output,
    stderr: Output,
    deadline: Instant,
}

/// The limit on a sandbox's memory, and whether the mapper asked for more.
struct Memory {
    limit: usize,
    used: usize,
    refused: bool,
}

/// The mapper's time is up.
#[derive(Debug, thiserror::Error)]
#[error("the mapper's time is up")]
pub(super) struct TimeIsUp;

/// What `call` returns before `deadline`. A call that loops is stopped by the epoch; one that
/// sleeps inside WASI, by this.
pub(super) async fn until<T>(
    deadline: Instant,
    call: impl Future<Output = Result<T>>,
) -> Result<T> {
    tokio::time::timeout_at(deadline.into(), call).await.unwrap_or_else(|_| Err(TimeIsUp.into()))
}

/// The instructions that have run in the sandbox `store`. None if its engine does not count them.
pub(super) fn instructions(store: &Store<Sandbox>) -> Option<u64> {
    let left = store.engine().get_consume_fuel().then(|| store.get_fuel().ok())?;
    left.map(|left| FUEL - left)
}

impl Sandbox {
    /// A fresh sandbox, in which nothing runs longer than to `deadline`. Nothing is granted but
    /// variables, `arguments`, the two streams, of which the first `kept` bytes are kept, clocks
    /// and random numbers.
    pub(super) fn new(
        engine: &Engine,
        settings: &Settings,
        arguments: &[&str],
        kept: usize,
        deadline: Instant,
    ) -> Store<Sandbox> {
        let (stdout, stderr) = (Output::new(kept), Output::new(kept));
        let mut wasi = WasiCtx::builder();
        wasi.envs(&settings.variables)
            .args(arguments)
            .stdout(stdout.clone())
            .stderr(stderr.clone())
            .max_random_size(RANDOM_AT_ONCE)
            .allow_tcp(false)
            .allow_udp(false);
        if settings.deterministic {
            deterministic::apply(&mut wasi);
        }
        let mut handles = ResourceTable::new();
        handles.set_max_capacity(HANDLES);
        let memory = Memory { limit: settings.memory, used: 0, refused: false };
        let sandbox = Sandbox { wasi: wasi.build(), handles, memory, stdout, stderr, deadline };
        let mut store = Store::new(engine, sandbox);
        store.limiter(|sandbox| &mut sandbox.memory);
        store.set_hostcall_fuel(HANDED_OVER);
        if engine.get_consume_fuel() {
            // It is there to be counted: no call runs so long that nothing is left.
            let _ = store.set_fuel(FUEL);
        }
        // The epoch also advances for other events.
        store.epoch_deadline_callback(|store| {
            if Instant::now() < store.data().deadline {
                Ok(UpdateDeadline::Continue(1))
            } else {
                Err(TimeIsUp.into())
            }
        });
        store.set_epoch_deadline(1);
        store
    }

    /// Lets what runs in the sandbox run to `deadline`.
    pub(super) fn run_until(&mut self, deadline: Instant) {
        self.deadline = deadline;
    }

    /// What the mapper wrote to its standard streams.
    pub(super) fn output(&self) -> MapperOutput {
        MapperOutput {
            stdout: self.stdout.text(),
            stderr: self.stderr.text(),
            ..MapperOutput::default()
        }
    }

    /// Whether the mapper asked for more memory than it may have.
    pub(super) fn ran_out_of_memory(&self) -> bool {
        self.memory.refused
    }

    /// The memory that the mapper has taken, in bytes.
    pub(super) fn memory_used(&self) -> usize {
        self.memory.used
    }
}

impl WasiView for Sandbox {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.handles }
    }
}

impl Memory {
    /// Takes `bytes` more, if they fit.
    fn take(&mut self, bytes: usize) -> bool {
        let used = self.used.saturating_add(bytes);
        if used > self.limit {
            self.refused = true;
            return false;
        }
        self.used = used;
        true
    }
}

/// The limit is on all memories and tables of the component together.
impl ResourceLimiter for Memory {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> Result<bool> {
        Ok(self.take(desired - current))
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> Result<bool> {
        Ok(self.take((desired - current).saturating_mul(size_of::<usize>())))
    }
}
