//! The snapshot: the engine is run until it has loaded the mapper, and what is then in its memory becomes a component.

use std::fs;
use std::path::Path;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use wasmtime::component::{Component, ComponentNamedList, ComponentType, Instance, Lift, Linker, Lower};
use wasmtime::component::{ResourceTable, WasmList};
use wasmtime::{Engine, Error, Result, Store};
use wasmtime_wasi::{Deterministic, HostMonotonicClock, HostWallClock, WasiCtx, WasiCtxView, WasiView};
use wasmtime_wizer::{ComponentInstanceState, Wizer};

use super::fault::Fault;
use super::modules;

/// What the engine exports for this.
const LOADER: &str = "cognito:js-engine/loader@0.1.0";
const LOAD: &str = "load";
/// When everything happens: 2026-01-01T00:00:00Z, in seconds since 1970.
const NOW: u64 = 1_767_225_600;
/// What random numbers are made of. The engine gives none of them to a mapper.
const RANDOM: [u8; 32] = *b"the same bytes for the same file";

/// `module` in `js-engine/wit/`.
#[derive(ComponentType, Lower)]
#[component(record)]
struct Module {
    name: String,
    source: String,
    mappings: String,
    imports: Vec<(String, String)>,
}

impl From<modules::Module> for Module {
    fn from(modules::Module { name, source, mappings, imports, .. }: modules::Module) -> Module {
        Module { name, source, mappings, imports }
    }
}

/// The component of the engine in the file `js_engine` once it has loaded `modules`.
pub(super) fn take(js_engine: &Path, engine: &Engine, modules: Vec<modules::Module>) -> Result<Vec<u8>, Fault> {
    let unreadable = |source| Fault::Read { file: js_engine.to_owned(), source };
    let wasm = fs::read(js_engine).map_err(unreadable)?;
    let modules = modules.into_iter().map(Module::from).collect();
    // WASI blocks here, which it must not on a thread that runs other tasks.
    let taken = thread::scope(|scope| scope.spawn(|| snapshot(&wasm, engine, modules)).join());
    let taken = taken.unwrap_or_else(|_| Err(Error::msg("the thread that runs it has panicked")));
    match taken {
        Ok(loaded) => loaded.map_err(Fault::Refused),
        Err(source) => Err(Fault::Engine { file: js_engine.to_owned(), source }),
    }
}

/// The component, or why the engine refuses the modules.
fn snapshot(wasm: &[u8], engine: &Engine, modules: Vec<Module>) -> Result<Result<Vec<u8>, String>> {
    let mut wizer = Wizer::new();
    // Without its function the component would not be valid.
    wizer.init_func(LOAD).keep_init_func(true);
    let (context, instrumented) = wizer.instrument_component(wasm)?;
    let component = Component::new(engine, &instrumented)?;
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_sync(&mut linker)?;
    let mut store = Store::new(engine, System::new());
    let instance = linker.instantiate(&mut store, &component)?;
    let mut running = Running { store, instance, broken: None };
    let (loaded,) = running.call::<_, (Result<(), String>,)>(LOADER, LOAD, (modules,))?;
    if let Err(refused) = loaded {
        return Ok(Err(refused));
    }
    let taken = {
        let mut taking = pin!(wizer.snapshot_component(&context, &mut running));
        match taking.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(component) => component,
            // Nothing that is asked for here has to be waited for.
            Poll::Pending => Err(Error::msg("it does not answer")),
        }
    };
    match running.broken {
        Some(broken) => Err(broken),
        None => taken.map(Ok),
    }
}

/// The engine as it runs.
struct Running {
    store: Store<System>,
    instance: Instance,
    /// Why it did not tell something about itself.
    broken: Option<Error>,
}

impl Running {
    fn call<P, R>(&mut self, instance: &str, function: &str, parameters: P) -> Result<R>
    where
        P: ComponentNamedList + Lower,
        R: ComponentNamedList + Lift,
    {
        let missing = || Error::msg(format!("it exports no `{function}` in `{instance}`"));
        let interface = self.instance.get_export_index(&mut self.store, None, instance).ok_or_else(missing)?;
        let found = self.instance.get_export_index(&mut self.store, Some(&interface), function).ok_or_else(missing)?;
        self.instance.get_typed_func::<P, R>(&mut self.store, found)?.call(&mut self.store, parameters)
    }

    /// What a function of wizer's tells of the engine's state.
    fn told<R: Lift + Default + 'static>(&mut self, instance: &str, function: &str) -> R {
        match self.call::<(), (R,)>(instance, function, ()) {
            Ok((told,)) => told,
            Err(error) => {
                self.broken.get_or_insert(error);
                R::default()
            }
        }
    }
}

impl ComponentInstanceState for Running {
    async fn call_func_ret_list_u8(&mut self, instance: &str, func: &str, contents: impl FnOnce(&[u8]) + Send) {
        match self.call::<(), (WasmList<u8>,)>(instance, func, ()) {
            Ok((bytes,)) => contents(bytes.as_le_slice(&self.store)),
            Err(error) => {
                self.broken.get_or_insert(error);
            }
        }
    }

    async fn call_func_ret_s32(&mut self, instance: &str, func: &str) -> i32 {
        self.told(instance, func)
    }

    async fn call_func_ret_s64(&mut self, instance: &str, func: &str) -> i64 {
        self.told(instance, func)
    }

    async fn call_func_ret_f32(&mut self, instance: &str, func: &str) -> u32 {
        self.told::<f32>(instance, func).to_bits()
    }

    async fn call_func_ret_f64(&mut self, instance: &str, func: &str) -> u64 {
        self.told::<f64>(instance, func).to_bits()
    }
}

/// What the engine finds of the system: nothing that is not the same each time. What a mapper prints is for its author.
struct System {
    wasi: WasiCtx,
    handles: ResourceTable,
}

impl System {
    fn new() -> System {
        let mut wasi = WasiCtx::builder();
        wasi.stdout(std::io::stderr())
            .stderr(std::io::stderr())
            .wall_clock(Standing)
            .monotonic_clock(Advancing(AtomicU64::new(0)))
            .secure_random(Deterministic::new(RANDOM.to_vec()))
            .insecure_random(Deterministic::new(RANDOM.to_vec()))
            .insecure_random_seed(0);
        System { wasi: wasi.build(), handles: ResourceTable::new() }
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
