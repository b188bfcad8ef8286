//! What a component gets of WASI: the interfaces of a 0.2 command. Files and sockets are linked
//! only if it imports them.

use wasmtime::Result;
use wasmtime::component::{Component, Linker};
use wasmtime_wasi::cli::{WasiCli, WasiCliView};
use wasmtime_wasi::p2::bindings::{cli, random};
use wasmtime_wasi::p2::{add_to_linker_async, add_to_linker_proxy_interfaces_async};
use wasmtime_wasi::random::{WasiRandom, WasiRandomView};

use super::sandbox::Sandbox;

/// Half of what there is to link. No file and no socket is granted, but interpreters import them. A
/// mapper in Rust does not, and starts sooner without them.
const UNUSED_PACKAGES: [&str; 2] = ["wasi:filesystem/", "wasi:sockets/"];

/// The linker for `component`.
pub(super) fn linker(component: &Component) -> Result<Linker<Sandbox>> {
    let mut linker = Linker::new(component.engine());
    link(&mut linker, component)?;
    Ok(linker)
}

/// Links what `component` imports.
fn link(linker: &mut Linker<Sandbox>, component: &Component) -> Result<()> {
    for (import, _) in component.component_type().imports(component.engine()) {
        if UNUSED_PACKAGES.iter().any(|package| import.starts_with(package)) {
            return add_to_linker_async(linker);
        }
    }
    // Streams, clocks, random numbers and the standard streams; then what a command has besides
    // them.
    add_to_linker_proxy_interfaces_async(linker)?;
    random::insecure::add_to_linker::<_, WasiRandom>(linker, Sandbox::random)?;
    random::insecure_seed::add_to_linker::<_, WasiRandom>(linker, Sandbox::random)?;
    cli::environment::add_to_linker::<_, WasiCli>(linker, Sandbox::cli)?;
    cli::exit::add_to_linker::<_, WasiCli>(linker, Sandbox::cli)?;
    cli::terminal_input::add_to_linker::<_, WasiCli>(linker, Sandbox::cli)?;
    cli::terminal_output::add_to_linker::<_, WasiCli>(linker, Sandbox::cli)?;
    cli::terminal_stdin::add_to_linker::<_, WasiCli>(linker, Sandbox::cli)?;
    cli::terminal_stdout::add_to_linker::<_, WasiCli>(linker, Sandbox::cli)?;
    cli::terminal_stderr::add_to_linker::<_, WasiCli>(linker, Sandbox::cli)
}
