//! The mapper of this process: loaded once, and run in a fresh sandbox for every event.

mod bindings;
mod call;
mod code;
pub mod contract;
pub mod deterministic;
pub mod engine;
mod error;
pub mod image;
mod manifest;
mod output;
mod program;
mod sandbox;
mod standby;
mod wasi;
mod watchdog;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use wasmtime::component::{Component, InstancePre};
use wasmtime::{Engine, Store};

use crate::backend::Answer;
use crate::effects::Effect;
use crate::event::Event;
use crate::request::Request;
use bindings::{Exports, Returned};
use image::Image;
use sandbox::Sandbox;
use standby::Standby;
use watchdog::Watchdog;

pub use call::{MapperCall, MapperOutput};
pub use code::Code;
pub use error::Error;
pub use image::{ImageError, THIS_TARGET};
pub use manifest::{FORMAT, File, Identity, Manifest};
pub use program::{Finished, Program};

/// A sandbox with at most this much memory, in bytes, is dropped after its event was answered. A
/// larger one is dropped at once: the request to the backend and its TLS need memory as well.
const MAX_RETAINED: usize = 32 * 1024 * 1024;
/// The most that is kept of a stream and of a message, in bytes.
const MAX_OUTPUT: usize = 8 * 1024;
/// The longest time for making a sandbox ahead: the invocation's own time may be nearly over. A
/// sandbox that takes longer is made in the time of its event.
const PREPARE_TIMEOUT: Duration = Duration::from_millis(100);

/// What the operator has set about the mapper.
#[derive(Clone)]
pub struct Settings {
    /// The image to load.
    pub image: PathBuf,
    /// The longest time of one call, sleeping included.
    pub timeout: Duration,
    /// The sandbox's memory, in bytes.
    pub memory: usize,
    /// The most events at once.
    pub sandboxes: u32,
    /// The variables that the mapper sees.
    pub variables: Vec<(String, String)>,
    /// Whether the functions in which the mapper traps are noted.
    pub backtraces: bool,
    /// Whether clocks stand still and random numbers are the same for every event: for tests of
    /// mappers only.
    pub deterministic: bool,
}

/// Why there is no mapper.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The image.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// The component's imports or exports, by type.
    #[error(
        "the mapper does not fit this host; build it against the WIT package of this host's release"
    )]
    Link(#[source] wasmtime::Error),
    /// The imports of a program, by name or type.
    #[error(
        "the program imports what mappers do not get: a mapper has WASI 0.2 without network and files"
    )]
    Program(#[source] wasmtime::Error),
    /// The engine, which does not depend on the mapper.
    #[error("the WebAssembly engine can't be started")]
    Engine(#[source] wasmtime::Error),
    /// The watchdog's thread.
    #[error("no thread could be started")]
    Thread(#[from] std::io::Error),
}

/// What a mapper made of an event.
pub enum Outcome {
    /// Deliver this request.
    Deliver(Request),
    /// Deliver nothing, for the reason with this code.
    Skip(Code),
}

/// The mapper of this process.
pub struct Mapper {
    engine: Engine,
    pre: InstancePre<Sandbox>,
    exports: Exports,
    standby: Standby,
    watchdog: Watchdog,
    identity: Identity,
    settings: Settings,
}

impl Mapper {
    /// Loads the image that `settings` name.
    ///
    /// # Errors
    /// What is wrong with the image, and what to do about it.
    pub fn load(settings: Settings) -> Result<Mapper, LoadError> {
        let image = Image::find(&settings.image)?;
        let config =
            engine::running(settings.sandboxes, image.memory()).map_err(LoadError::Engine)?;
        let engine = Engine::new(&config).map_err(LoadError::Engine)?;
        let (component, manifest) = image.load(&engine)?;
        Mapper::new(&component, manifest.into(), settings)
    }

    /// The mapper `component`, which is loaded into an engine of [`engine::running`]; it may count
    /// instructions besides. Everything that does not depend on an event happens here.
    ///
    /// # Errors
    /// The component does not fit this host.
    pub fn new(
        component: &Component,
        identity: Identity,
        settings: Settings,
    ) -> Result<Mapper, LoadError> {
        let engine = component.engine().clone();
        let linker = wasi::linker(component).map_err(LoadError::Engine)?;
        let pre = linker.instantiate_pre(component).map_err(LoadError::Link)?;
        let exports = Exports::find(&pre).map_err(LoadError::Link)?;
        let watchdog = Watchdog::start(&engine)?;
        let standby = Standby::default();
        Ok(Mapper { engine, pre, exports, standby, watchdog, identity, settings })
    }

    /// What the mapper was made of.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Maps `event` in a fresh sandbox, in the time set for it and in any case before `until`.
    ///
    /// # Errors
    /// How the call ended without an outcome.
    pub async fn transform(
        &self,
        event: &Event,
        until: Instant,
    ) -> (Result<Outcome, Error>, MapperCall) {
        let started = Instant::now();
        let deadline = until.min(started + self.settings.timeout);
        self.watchdog.announce(deadline);
        let (mut store, made) = match self.standby.take_ready() {
            Some((mut store, mapper)) => {
                store.data_mut().run_until(deadline);
                (store, Some(mapper))
            }
            None => (self.sandbox(deadline), None),
        };
        let call = self.call(&mut store, made, event);
        let answer = sandbox::until(deadline, call).await;

        let mut output = store.data().output();
        let result = match answer {
            Ok(Returned::Deliver(request)) => Ok(Outcome::Deliver(request)),
            Ok(Returned::Skip(code)) => {
                Code::parse(code).map(Outcome::Skip).ok_or(Error::SkippedInvalidCode)
            }
            Ok(Returned::Error(failed)) => Err(Error::returned(failed, &mut output)),
            Err(error) => Err(self.ended(&error, &store, &mut output)),
        };
        let memory = store.data().memory_used();
        let instructions = sandbox::instructions(&store);
        if result.is_ok() {
            self.standby.retire((memory <= MAX_RETAINED).then_some(store));
        }
        (result, MapperCall { output, took: started.elapsed(), memory, instructions })
    }

    /// Whether the mapper wants the backend's answer.
    pub fn has_follow_up(&self) -> bool {
        self.exports.has_follow_up()
    }

    /// Lets the mapper say what is to be done with the user of `event` after the backend's
    /// `answer`, in a fresh sandbox, in the time set for a call and in any case before `until`.
    ///
    /// # Errors
    /// How the call ended without effects.
    pub async fn conclude(
        &self,
        event: &Event,
        answer: &Answer,
        until: Instant,
    ) -> (Result<Vec<Effect>, Error>, MapperCall) {
        self.standby.drop_used();
        let started = Instant::now();
        let deadline = until.min(started + self.settings.timeout);
        self.watchdog.announce(deadline);
        let mut store = self.sandbox(deadline);
        let call = async {
            let instance = self.pre.instantiate_async(&mut store).await?;
            self.exports.conclude(&mut store, &instance, event, answer).await
        };
        let concluded = sandbox::until(deadline, call).await;

        let mut output = store.data().output();
        let result = match concluded {
            Ok(Ok(effects)) => Ok(effects),
            Ok(Err(failed)) => Err(Error::returned(failed, &mut output)),
            Err(error) => Err(self.ended(&error, &store, &mut output)),
        };
        let memory = store.data().memory_used();
        let instructions = sandbox::instructions(&store);
        (result, MapperCall { output, took: started.elapsed(), memory, instructions })
    }

    /// How a call in the sandbox `store` ended with the engine's `error`.
    fn ended(
        &self,
        error: &wasmtime::Error,
        store: &Store<Sandbox>,
        output: &mut MapperOutput,
    ) -> Error {
        if self.settings.backtraces {
            output.backtrace = error.downcast_ref().map(error::backtrace);
        }
        Error::from_engine(error, store.data())
    }

    /// A fresh sandbox of a mapper, which has no arguments.
    fn sandbox(&self, deadline: Instant) -> Store<Sandbox> {
        Sandbox::new(&self.engine, &self.settings, &[], MAX_OUTPUT, deadline)
    }

    async fn call(
        &self,
        store: &mut Store<Sandbox>,
        made: Option<bindings::Mapper>,
        event: &Event,
    ) -> wasmtime::Result<Returned> {
        let mapper = match made {
            Some(mapper) => mapper,
            None => self.instantiate(store).await?,
        };
        mapper.transform(store, event).await
    }

    async fn instantiate(&self, store: &mut Store<Sandbox>) -> wasmtime::Result<bindings::Mapper> {
        let instance = self.pre.instantiate_async(&mut *store).await?;
        self.exports.mapper(store, &instance)
    }

    /// Drops the sandbox of the last event.
    pub fn drop_used(&self) {
        self.standby.drop_used();
    }

    /// Drops the sandbox of the last event and makes that of the next one, so that no event waits
    /// for either. If the last event failed, nothing is made ahead: a component that can't be
    /// started would take its whole time here.
    pub async fn prepare(&self) {
        if !self.standby.needs_refill() {
            return;
        }
        let deadline = Instant::now() + self.settings.timeout.min(PREPARE_TIMEOUT);
        self.watchdog.announce(deadline);
        let mut store = self.sandbox(deadline);
        let making = self.instantiate(&mut store);
        // A sandbox that can't be made is made again for its event, which reports the failure.
        if let Ok(Ok(mapper)) = tokio::time::timeout_at(deadline.into(), making).await {
            self.standby.put_ready(store, mapper);
        }
    }
}
