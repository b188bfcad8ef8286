//! What the engine finds of the system while a mapper is built: nothing that is not the same each
//! time.

use post_confirmation_host::mapper::deterministic;
use post_confirmation_host::printable;
use wasmtime::component::ResourceTable;
use wasmtime::{ResourceLimiter, StoreLimits, StoreLimitsBuilder};
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

/// The most memory, in bytes: as much as a sandbox has if nothing else is set.
pub(super) const MEMORY: usize = 64 * 1024 * 1024;
/// The most that a mapper may print while it is built, in bytes.
const PRINTED: usize = 1024 * 1024;

/// The system. What a mapper prints is for its author.
pub(super) struct System {
    wasi: WasiCtx,
    handles: ResourceTable,
    limits: StoreLimits,
    printed: MemoryOutputPipe,
}

impl System {
    pub(super) fn new() -> System {
        let printed = MemoryOutputPipe::new(PRINTED);
        let mut wasi = WasiCtx::builder();
        wasi.stdout(printed.clone()).stderr(printed.clone());
        deterministic::apply(&mut wasi);
        let limits = StoreLimitsBuilder::new().memory_size(MEMORY).build();
        System { wasi: wasi.build(), handles: ResourceTable::new(), limits, printed }
    }

    /// What limits the engine.
    pub(super) fn limits(&mut self) -> &mut dyn ResourceLimiter {
        &mut self.limits
    }

    /// Shows what the mapper has printed: it may hold what a terminal would obey.
    pub(super) fn print(&self) {
        let printed = self.printed.contents();
        anstream::eprint!("{}", printable::shown(&String::from_utf8_lossy(&printed)));
    }
}

impl WasiView for System {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.handles }
    }
}
