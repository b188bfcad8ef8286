//! The WebAssembly engine: its one configuration, for compiling and for running alike. It says
//! which features of WebAssembly there are, and how many instances, memories and tables a component
//! has.

use std::num::NonZero;

use sha2::{Digest, Sha256};
use wasmtime::{
    Config, Enabled, InstanceAllocationStrategy, ModuleVersionStrategy, PoolingAllocationConfig,
};
use wasmtime::{Result, WasmBacktraceDetails};

use crate::hex;

/// The exact release. Wasmtime itself compares major versions only, and an image made before a
/// patch release may carry the fault that the patch fixed.
pub const WASMTIME_VERSION: &str = wasmtime_environ::VERSION;

/// The settings that are compiled into an image. An image runs only on the settings that it was
/// made with.
#[derive(Debug)]
struct Settings {
    /// Wall time is limited by epochs. Fuel does not see how long a bulk operation takes.
    epoch_interruption: bool,
    /// An event is one call that runs alone in its store; without the machinery for more it costs
    /// less than half.
    concurrency_support: bool,
    /// The place of a trap in its function. Frames keep their names without it, and images are
    /// smaller.
    generate_address_map: bool,
    /// Symbols and unwinding tables for debuggers and profilers of the host: a fifth of an image,
    /// which costs a cold start and helps nothing in production.
    debug_symbols: bool,
    native_unwind_info: bool,
    /// A proposal that no mapper needs and that would have to be trusted.
    memory64: bool,
}

const SETTINGS: Settings = Settings {
    epoch_interruption: true,
    concurrency_support: false,
    generate_address_map: false,
    debug_symbols: false,
    native_unwind_info: false,
    memory64: false,
};

/// Core instances for each sandbox. A mapper in Rust has 3 of them, 1 memory and 2 tables; one in
/// Python some 30, 1 and 20. A memory takes 4 GiB of address space, which is why there are no more.
pub const CORE_INSTANCES: u32 = 64;
/// Memories for each sandbox.
pub const MEMORIES: u32 = 8;
/// Tables for each sandbox.
pub const TABLES: u32 = 32;
/// The most elements of a table: far above what the interpreters of other languages need.
pub const TABLE_ELEMENTS: usize = 100_000;
/// The part of a table, and of a large memory, in bytes, that is written over for the next event.
/// The rest is given back to the system, which hands it out again page by page, each by a fault
/// while an event waits.
const KEPT: usize = 256 * 1024;
/// The most memory, in bytes, that is written over as a whole, after the answer. A mapper in
/// JavaScript begins with 1.1 MB, and saves 90 faults for each event. One in Python begins with 13
/// MB: to write over them takes longer than its 300 faults, and the function would keep all of
/// them.
const KEPT_WHOLE: usize = 4 * 1024 * 1024;

/// The stack of a mapper's native code, in bytes. A mapper's own stack, of which an engine such as
/// that for JavaScript watches the end, has to run out before it.
pub const STACK: usize = 1024 * 1024;

/// The most functions that a backtrace names. The functions of a panic alone are some ten.
const MAX_FRAMES: usize = 64;

/// The configuration of every engine of this project.
pub fn config() -> Result<Config> {
    let mut config = Config::new();
    config
        .epoch_interruption(SETTINGS.epoch_interruption)
        .concurrency_support(SETTINGS.concurrency_support)
        .generate_address_map(SETTINGS.generate_address_map)
        .debug_symbols(SETTINGS.debug_symbols)
        .native_unwind_info(SETTINGS.native_unwind_info)
        .wasm_memory64(SETTINGS.memory64)
        .max_wasm_stack(STACK)
        // Set here because a variable of the environment would change it, and images with it.
        .wasm_backtrace_details(WasmBacktraceDetails::Disable)
        .module_version(ModuleVersionStrategy::Custom(WASMTIME_VERSION.to_owned()))?;
    Ok(config)
}

/// The configuration of an engine that runs mappers, so many sandboxes at once. The memories of a
/// mapper begin with `memory` bytes: what is kept of them depends on it, within bounds.
pub fn running(sandboxes: u32, memory: u64) -> Result<Config> {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(sandboxes)
        .total_stacks(sandboxes)
        .max_core_instances_per_component(CORE_INSTANCES)
        .max_memories_per_component(MEMORIES)
        .max_tables_per_component(TABLES)
        .max_memories_per_module(MEMORIES)
        .max_tables_per_module(TABLES)
        .total_core_instances(sandboxes * CORE_INSTANCES)
        .total_memories(sandboxes * MEMORIES)
        .total_tables(sandboxes * TABLES)
        .table_elements(TABLE_ELEMENTS)
        .linear_memory_keep_resident(kept(memory))
        .table_keep_resident(KEPT)
        // A scan for what was written misses a page that is swapped out or being moved, and leaves
        // it to the next event. Set here because wasmtime may make the scan its default.
        .pagemap_scan(Enabled::No);
    let mut config = config()?;
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    config.wasm_backtrace_max_frames(NonZero::new(MAX_FRAMES));
    Ok(config)
}

/// How much of each memory is written over, if all of them begin with `memory` bytes.
fn kept(memory: u64) -> usize {
    usize::try_from(memory).ok().filter(|memory| *memory <= KEPT_WHOLE).unwrap_or(KEPT)
}

/// What images and engines must have in common besides the version.
pub fn fingerprint() -> String {
    hex::encode(&Sha256::digest(format!("{SETTINGS:?}"))[..4])
}
