//! The snapshot: the engine is run until it has loaded the mapper, and what is then in its memory
//! becomes a component.

use std::fs;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::OnceLock;
use std::task::{Context, Poll, Waker};
use std::thread;

use wasmtime::component::{Component, ComponentNamedList, ComponentType, Instance, Lift, Linker, Lower, WasmList};
use wasmtime::{Engine, Error, Store};
use wasmtime_wizer::{ComponentInstanceState, Wizer};

use super::fault::Fault;
use super::modules;
use super::system::System;

/// What the engine exports for this.
const LOADER: &str = "cognito:js-engine/loader@0.1.0";
const LOAD: &str = "load";
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

/// The engine, in a file that lies beside the workbench. It is read and compiled if the first
/// mapper is put into it: a mapper that is refused before need not wait for that.
pub struct JsEngine {
    file: PathBuf,
    engine: Engine,
    ready: OnceLock<Ready>,
}

/// The engine once it is compiled.
struct Ready {
    wasm: Vec<u8>,
    component: Component,
}

impl JsEngine {
    /// The engine in `file`. It is run by `engine`: one with a cache saves the second that
    /// compiling takes.
    pub fn new(file: &Path, engine: &Engine) -> JsEngine {
        JsEngine { file: file.to_owned(), engine: engine.clone(), ready: OnceLock::new() }
    }

    /// The component of the engine with `modules` in it.
    pub(super) fn snapshot(&self, modules: Vec<modules::Module>) -> Result<Vec<u8>, Fault> {
        let modules = modules.into_iter().map(Module::from).collect();
        let ready = self.ready()?;
        // WASI blocks here, which it must not on a thread that runs other tasks.
        let taken = thread::scope(|scope| scope.spawn(|| ready.snapshot(&self.engine, modules)).join());
        let taken = taken.unwrap_or_else(|_| Err(Error::msg("the thread that runs it has panicked")));
        taken.map_err(|source| self.broken(source))?.map_err(Fault::Refused)
    }

    fn ready(&self) -> Result<&Ready, Fault> {
        if let Some(ready) = self.ready.get() {
            return Ok(ready);
        }
        let wasm = fs::read(&self.file).map_err(|source| Fault::Read { file: self.file.clone(), source })?;
        let instrumented = wizer().instrument_component(&wasm).map(|(_, instrumented)| instrumented);
        let component = instrumented.and_then(|instrumented| Component::new(&self.engine, instrumented));
        let component = component.map_err(|source| self.broken(source))?;
        Ok(self.ready.get_or_init(|| Ready { wasm, component }))
    }

    fn broken(&self, source: Error) -> Fault {
        Fault::Engine { file: self.file.clone(), source }
    }
}

impl Ready {
    /// The component, or why the engine refuses the modules.
    fn snapshot(&self, engine: &Engine, modules: Vec<Module>) -> wasmtime::Result<Result<Vec<u8>, String>> {
        let wizer = wizer();
        let (context, _) = wizer.instrument_component(&self.wasm)?;
        let mut linker = Linker::new(engine);
        wasmtime_wasi::p2::add_to_linker_sync(&mut linker)?;
        let mut store = Store::new(engine, System::new());
        let instance = linker.instantiate(&mut store, &self.component)?;
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
}

/// What makes snapshots.
fn wizer() -> Wizer {
    let mut wizer = Wizer::new();
    // Without its function the component would not be valid.
    wizer.init_func(LOAD).keep_init_func(true);
    wizer
}

/// The engine as it runs.
struct Running {
    store: Store<System>,
    instance: Instance,
    /// Why it did not tell something about itself.
    broken: Option<Error>,
}

impl Running {
    fn call<P, R>(&mut self, instance: &str, function: &str, parameters: P) -> wasmtime::Result<R>
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
