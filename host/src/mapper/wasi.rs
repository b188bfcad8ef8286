//! What a component finds of WASI: the interfaces of a 0.2 command, linked as far as it imports any of their kind.

use wasmtime::Result;
use wasmtime::component::{Component, Linker};
use wasmtime_wasi::cli::{WasiCli, WasiCliView};
use wasmtime_wasi::p2::bindings::{cli, random};
use wasmtime_wasi::p2::{add_to_linker_async, add_to_linker_proxy_interfaces_async};
use wasmtime_wasi::random::{WasiRandom, WasiRandomView};

use super::sandbox::Sandbox;

/// Half of what there is to link, and nothing that can be used: no file and no socket is granted. Interpreters import them
/// all the same; a mapper in Rust does not, and starts sooner without them.
const OF_NO_USE: [&str; 2] = ["wasi:filesystem/", "wasi:sockets/"];

/// The linker for `component`.
pub(super) fn linker(component: &Component) -> Result<Linker<Sandbox>> {
    let mut linker = Linker::new(component.engine());
    link(&mut linker, component)?;
    Ok(linker)
}

/// Links what `component` imports.
fn link(linker: &mut Linker<Sandbox>, component: &Component) -> Result<()> {
    let ty = component.component_type();
    let is_of_no_use = |name: &str| OF_NO_USE.iter().any(|package| name.starts_with(package));
    let needs_all = ty.imports(component.engine()).any(|(name, _)| is_of_no_use(name));
    if needs_all {
        return add_to_linker_async(linker);
    }
    // Streams, clocks, random numbers and the standard streams; then what a command has besides them.
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
