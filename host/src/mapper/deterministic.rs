//! Clocks and random numbers that are the same each time: for tests of mappers, so that an event is
//! always mapped alike, and for builds, so that a source always makes the same component.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sha2::{Digest, Sha256};
use wasmtime_wasi::{Deterministic, HostMonotonicClock, HostWallClock, WasiCtxBuilder};

/// 2026-01-01T00:00:00Z, in seconds since 1970.
const NOW: u64 = 1_767_225_600;
/// How far the monotonic clock advances each time that it is read, in nanoseconds: a mapper that
/// waits for it to advance must not wait for ever.
const STEP: u64 = 1_000_000;
/// Blocks of random bytes before they repeat: far more than a mapper draws for one event.
const BLOCKS: u32 = 128;
/// The seed for hash tables and the like.
const SEED: u128 = 0x0123_4567_89ab_cdef_0123_4567_89ab_cdef;

/// Gives `wasi` deterministic clocks and random numbers.
pub fn apply(wasi: &mut WasiCtxBuilder) {
    wasi.wall_clock(Wall)
        .monotonic_clock(Monotonic(AtomicU64::new(0)))
        .secure_random(Deterministic::new(random()))
        .insecure_random(Deterministic::new(random()))
        .insecure_random_seed(SEED);
}

/// Bytes without a pattern. SHA-256 makes them, because it makes the same ones in every release.
fn random() -> Vec<u8> {
    (0..BLOCKS).flat_map(|block| Sha256::digest(block.to_be_bytes())).collect()
}

struct Wall;

impl HostWallClock for Wall {
    fn resolution(&self) -> Duration {
        Duration::from_millis(1)
    }

    fn now(&self) -> Duration {
        Duration::from_secs(NOW)
    }
}

struct Monotonic(AtomicU64);

impl HostMonotonicClock for Monotonic {
    fn resolution(&self) -> u64 {
        STEP
    }

    fn now(&self) -> u64 {
        self.0.fetch_add(STEP, Ordering::Relaxed)
    }
}
