//! What the engine finds of the system while a mapper is built: nothing that is not the same each
//! time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use post_confirmation_host::printable;
use wasmtime::component::ResourceTable;
use wasmtime::{ResourceLimiter, StoreLimits, StoreLimitsBuilder};
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;
use wasmtime_wasi::{
    Deterministic, HostMonotonicClock, HostWallClock, WasiCtx, WasiCtxView, WasiView,
};

/// When everything happens: 2026-01-01T00:00:00Z, in seconds since 1970.
const NOW: u64 = 1_767_225_600;
/// What random numbers are made of. A mapper that is built gets some of them by `Math.random`
/// alone.
const RANDOM: [u8; 32] = *b"the same bytes for the same file";

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
        wasi.stdout(printed.clone())
            .stderr(printed.clone())
            .wall_clock(Standing)
            .monotonic_clock(Advancing(AtomicU64::new(0)))
            .secure_random(Deterministic::new(RANDOM.to_vec()))
            .insecure_random(Deterministic::new(RANDOM.to_vec()))
            .insecure_random_seed(0);
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

struct Standing;

impl HostWallClock for Standing {
    fn resolution(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn now(&self) -> Duration {
        Duration::from_secs(NOW)
    }
}

/// It advances if it is read: who waits for it must not wait for ever.
struct Advancing(AtomicU64);

impl HostMonotonicClock for Advancing {
    fn resolution(&self) -> u64 {
        1
    }

    fn now(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}
