//! The snapshot: the engine is run until it has loaded the mapper, and what is then in its memory
//! becomes a component.

use std::fs;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use wasmtime::component::{
    Component, ComponentNamedList, ComponentType, Instance, Lift, Linker, Lower, WasmList,
};
use wasmtime::{Engine, Error, Store, Trap};
use wasmtime_wizer::{ComponentContext, ComponentInstanceState, Wizer};

use super::fault::Fault;
use super::modules;
use super::system::{self, System};
use super::world;
use crate::toolchain::tool;
use crate::{engine, installed};

/// The file of the engine.
const ENGINE: &str = "js-engine.wasm";
/// How long a mapper's modules may take to load.
const LONGEST: Duration = Duration::from_secs(10);
/// How often it is looked whether the workbench is to end meanwhile.
const LOOK: Duration = Duration::from_millis(50);

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
    awaits: Vec<String>,
}

impl From<modules::Module> for Module {
    fn from(module: modules::Module) -> Module {
        let modules::Module { name, source, mappings, imports, awaits, .. } = module;
        Module { name, source, mappings, imports, awaits }
    }
}

/// The engine, compiled so that wizer can look into it.
struct Compiled<'a> {
    engine: Engine,
    context: ComponentContext<'a>,
    component: Component,
}

/// The component of the engine with `modules` in it.
pub(super) fn take(modules: Vec<modules::Module>) -> Result<Vec<u8>, Fault> {
    let wasm = fs::read(file()).map_err(|source| broken(source.into()))?;
    let compiled = Compiled::new(&wasm).map_err(broken)?;
    let modules = modules.into_iter().map(Module::from).collect();
    // WASI blocks here, which it must not on a thread that runs other tasks.
    thread::scope(|scope| {
        let (running, ended) = mpsc::channel::<()>();
        let compiled = &compiled;
        let taken = scope.spawn(move || {
            let _running = running;
            compiled.snapshot(modules)
        });
        let until = Instant::now() + LONGEST;
        let mut is_late = false;
        while ended.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
            is_late = is_late || tool::is_stopped() || Instant::now() >= until;
            // The engine may begin only now, and counts from then on.
            if is_late {
                compiled.engine.increment_epoch();
            }
        }
        let taken = taken.join();
        if tool::is_stopped() {
            return Err(Fault::Refused("interrupted".to_owned()));
        }
        if is_late {
            return Err(Fault::Refused(format!(
                "what the mapper does outside of functions has not ended within {} s; it runs once, when the mapper is built",
                LONGEST.as_secs()
            )));
        }
        let taken =
            taken.unwrap_or_else(|_| Err(Error::msg("the thread that runs it has panicked")));
        taken.map_err(broken)?.map_err(Fault::Refused)
    })
}

/// What is said if the engine does not work.
fn broken(source: Error) -> Fault {
    Fault::Engine { file: file(), source }
}

/// The file of the engine, which is installed with this program.
pub(super) fn file() -> PathBuf {
    installed::file(ENGINE)
}

impl<'a> Compiled<'a> {
    fn new(wasm: &'a [u8]) -> wasmtime::Result<Compiled<'a>> {
        let engine = engine::building()?;
        let (context, instrumented) = wizer().instrument_component(wasm)?;
        let component = Component::new(&engine, instrumented)?;
        Ok(Compiled { engine, context, component })
    }

    /// The component, or why the engine refuses the modules.
    fn snapshot(&self, modules: Vec<Module>) -> wasmtime::Result<Result<Vec<u8>, String>> {
        let mut linker = Linker::new(&self.engine);
        wasmtime_wasi::p2::add_to_linker_sync(&mut linker)?;
        let mut store = Store::new(&self.engine, System::new());
        store.limiter(System::limits);
        store.set_epoch_deadline(1);
        let instance = linker.instantiate(&mut store, &self.component)?;
        let mut running = Running { store, instance, broken: None };
        let loaded = running.call::<_, (Result<bool, String>,)>(LOADER, LOAD, (modules,));
        running.store.data().print();
        let has_follow_up = match loaded {
            Ok((Ok(has_follow_up),)) => has_follow_up,
            Ok((Err(refused),)) => return Ok(Err(refused)),
            Err(error) => match error.downcast_ref::<Trap>() {
                Some(trap) => return Ok(Err(trapped(trap))),
                None => return Err(error),
            },
        };
        let taken = {
            let wizer = wizer();
            let mut taking = pin!(wizer.snapshot_component(&self.context, &mut running));
            match taking.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(component) => component,
                // Nothing that is asked for here has to be waited for.
                Poll::Pending => Err(Error::msg("it does not answer")),
            }
        };
        if let Some(broken) = running.broken {
            return Err(broken);
        }
        let component = taken?;
        Ok(Ok(if has_follow_up { component } else { world::without_follow_up(component)? }))
    }
}

/// What is said of a mapper that the engine could not load to its end.
fn trapped(trap: &Trap) -> String {
    format!(
        "the engine broke off while it loaded the mapper: {trap}. Source and values may be nested some hundred levels \
         deep, and what is outside of functions may take {} MB of memory",
        system::MEMORY / 1_000_000
    )
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
        let Running { store, instance: engine, .. } = self;
        let interface = engine.get_export_index(&mut *store, None, instance);
        let found = interface
            .and_then(|interface| engine.get_export_index(&mut *store, Some(&interface), function));
        let found = found
            .ok_or_else(|| Error::msg(format!("it exports no `{function}` in `{instance}`")))?;
        engine.get_typed_func::<P, R>(&mut *store, found)?.call(store, parameters)
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
    async fn call_func_ret_list_u8(
        &mut self,
        instance: &str,
        func: &str,
        contents: impl FnOnce(&[u8]) + Send,
    ) {
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
