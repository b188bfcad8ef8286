//! The WebAssembly engine: its one configuration, for compiling and for running alike.

use wasmtime::{Config, Engine, InstanceAllocationStrategy, ModuleVersionStrategy, PoolingAllocationConfig};
use wasmtime::{Result, WasmBacktraceDetails};

use super::manifest::crc32;

/// The exact release. Wasmtime itself compares major versions only, and an image made before a patch release may
/// carry the fault that the patch mended.
pub const WASMTIME_VERSION: &str = wasmtime_environ::VERSION;

/// The settings that are compiled into an image. An image runs only on the settings that it was made with.
#[derive(Debug)]
struct Settings {
    /// Wall time is limited by epochs. Fuel does not see how long a bulk operation takes.
    epoch_interruption: bool,
    /// An event is one call that runs alone in its store; without the machinery for more it costs less than half.
    concurrency_support: bool,
    /// Where in a function a trap arose. Frames keep their names without it, and images are smaller.
    generate_address_map: bool,
    /// Symbols and unwinding tables for debuggers and profilers of the host: a fifth of an image, which costs a cold
    /// start and helps nothing in production.
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

/// Core instances, memories and tables for each sandbox. A mapper in Rust has 3, 1 and 2, one in Python some 30, 1 and
/// 20. A memory takes 4 GiB of address space, which is why there is no more room than this.
pub(super) const CORE_INSTANCES: u32 = 64;
pub(super) const MEMORIES: u32 = 8;
pub(super) const TABLES: u32 = 32;
/// The most elements of a table: far above what the interpreters of other languages need.
pub(super) const TABLE_ELEMENTS: usize = 100_000;
/// As much of a memory and of a table, in bytes, as is written over for the next event rather than given back to the
/// system, which would hand it out again page by page, each by a fault. The memory of a mapper in Rust with a small stack
/// is not larger; of a larger one the rest is given back.
const KEPT: usize = 256 * 1024;

/// The configuration of every engine of this project.
fn config() -> Result<Config> {
    let mut config = Config::new();
    config
        .epoch_interruption(SETTINGS.epoch_interruption)
        .concurrency_support(SETTINGS.concurrency_support)
        .generate_address_map(SETTINGS.generate_address_map)
        .debug_symbols(SETTINGS.debug_symbols)
        .native_unwind_info(SETTINGS.native_unwind_info)
        .wasm_memory64(SETTINGS.memory64)
        // Set here because a variable of the environment would change it, and images with it.
        .wasm_backtrace_details(WasmBacktraceDetails::Disable)
        .module_version(ModuleVersionStrategy::Custom(WASMTIME_VERSION.to_owned()))?;
    Ok(config)
}

/// The engine that runs images, so many sandboxes at once. It needs no compiler, and uses none where there is one.
pub(super) fn runner(sandboxes: u32) -> Result<Engine> {
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
        .linear_memory_keep_resident(KEPT)
        .table_keep_resident(KEPT);
    let mut config = config()?;
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    Engine::new(&config)
}

/// The engine that makes images for `target`, at the baseline of that architecture: naming the target switches off
/// the inference of this machine's CPU features, so an image runs wherever Lambda places the function.
#[cfg(feature = "workbench")]
pub(super) fn compiler(target: &str) -> Result<Engine> {
    let mut config = config()?;
    config.target(target)?;
    Engine::new(&config)
}

/// What images and engines must have in common besides the version.
pub(super) fn fingerprint() -> String {
    crc32(format!("{SETTINGS:?}").as_bytes())
}

/// Bytes in lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |hex, byte| format!("{hex}{byte:02x}"))
}
