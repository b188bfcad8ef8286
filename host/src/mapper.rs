//! The mapper of this process: loaded once, and run in a fresh sandbox for every event.

mod bindings;
mod code;
pub mod contract;
pub mod deterministic;
pub mod engine;
pub mod image;
mod manifest;
mod output;
mod program;
mod sandbox;
mod standby;
mod wasi;
mod watchdog;

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use wasmtime::component::{Component, InstancePre};
use wasmtime::{Engine, Store, Trap, WasmBacktrace};
use wasmtime_wasi::I32Exit;

use crate::backend::Answer;
use crate::effects::Effect;
use crate::event::Event;
use crate::printable::{self, Bounded};
use crate::request::Request;
use bindings::{Exports, Failed, Returned};
use image::Image;
use sandbox::{Sandbox, TimeIsUp};
use standby::Standby;
use watchdog::Watchdog;

pub use code::Code;
pub use image::{ImageError, THIS_TARGET};
pub use manifest::{FORMAT, File, Identity, Manifest};
pub use program::{Finished, Program};

/// A sandbox with at most this much memory, in bytes, is dropped after its event was answered. A
/// larger one is dropped at once: the request to the backend and its TLS need memory as well.
const MAX_RETAINED: usize = 32 * 1024 * 1024;
/// The most that is kept of a stream and of a message, in bytes.
const MAX_OUTPUT: usize = 8 * 1024;
/// The most that is kept of a function's name, in bytes.
const MAX_NAME: usize = 256;
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
        "the program imports what no mapper gets: a mapper has WASI 0.2 without network and files"
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

/// Why a call has no outcome. Nothing in it but a code comes from the mapper, so it holds no user
/// data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It returned an error.
    #[error("the mapper failed: {0}")]
    Returned(Code),
    /// It returned an error whose code is not a code.
    #[error(
        "the mapper failed, and its error code is not of 1 to 64 lower-case letters, digits and hyphens"
    )]
    ReturnedInvalidCode,
    /// It panicked, overflowed its stack or broke a rule of WebAssembly or WASI.
    #[error("the mapper trapped: {0}")]
    Trapped(String),
    /// It called `exit`.
    #[error("the mapper exited")]
    Exited,
    /// It ran or slept too long.
    #[error("the mapper did not answer in time")]
    TimedOut,
    /// It needed more memory than it may have.
    #[error("the mapper ran out of memory")]
    OutOfMemory,
    /// It returned what can't be read: far too much, or not what the contract says.
    #[error("the mapper's answer is too large or broken")]
    Unreadable,
    /// It skipped the event for a reason that is not a code.
    #[error("the mapper's skip code is not of 1 to 64 lower-case letters, digits and hyphens")]
    SkippedInvalidCode,
}

/// One call of a mapper.
pub struct MapperCall {
    /// What the mapper wrote, for its author alone.
    pub output: MapperOutput,
    /// How long the call took. It includes making the sandbox unless that was made ahead.
    pub took: Duration,
    /// The memory that the mapper had taken, in bytes.
    pub memory: usize,
}

/// What a mapper wrote besides its outcome. It may hold user data: it is for the mapper's author
/// and for operators who have asked for it. It has no `Debug`.
#[derive(Clone, Default)]
pub struct MapperOutput {
    /// The first bytes of standard output.
    pub stdout: String,
    /// The first bytes of standard error.
    pub stderr: String,
    /// The message of the error that it returned.
    pub message: Option<String>,
    /// The functions in which it trapped, innermost first: a line for each, with its name as the
    /// component has it.
    pub backtrace: Option<String>,
}

/// The mapper of this process.
pub struct Mapper {
    engine: Engine,
    pre: InstancePre<Sandbox>,
    exports: Exports,
    standby: Standby,
    /// Held while a follow-up runs: there is room for one sandbox.
    concluding: tokio::sync::Mutex<()>,
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

    /// The mapper `component`, which is loaded into an engine of [`engine::running`]. Everything
    /// that does not depend on an event happens here.
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
        let concluding = tokio::sync::Mutex::new(());
        let standby = Standby::default();
        Ok(Mapper { engine, pre, exports, standby, concluding, watchdog, identity, settings })
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
        if result.is_ok() {
            self.standby.retire((memory <= MAX_RETAINED).then_some(store));
        }
        (result, MapperCall { output, took: started.elapsed(), memory })
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
        // The records of a batch are delivered at once.
        let _alone = self.concluding.lock().await;
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
        (result, MapperCall { output, took: started.elapsed(), memory })
    }

    /// How a call in the sandbox `store` ended with the engine's `error`.
    fn ended(
        &self,
        error: &wasmtime::Error,
        store: &Store<Sandbox>,
        output: &mut MapperOutput,
    ) -> Error {
        if self.settings.backtraces {
            output.backtrace = error.downcast_ref().map(backtrace);
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

impl MapperCall {
    /// Adds a second call for the same event.
    pub fn add(&mut self, second: MapperCall) {
        let MapperOutput { stdout, stderr, message, backtrace } = second.output;
        self.output.stdout.push_str(&stdout);
        self.output.stderr.push_str(&stderr);
        self.output.message = message.or(self.output.message.take());
        self.output.backtrace = backtrace.or(self.output.backtrace.take());
        self.took += second.took;
        self.memory = self.memory.max(second.memory);
    }
}

impl MapperOutput {
    /// Whether the mapper wrote nothing.
    pub fn is_empty(&self) -> bool {
        self.texts().all(str::is_empty)
    }

    /// How much memory it holds, in bytes.
    pub fn size(&self) -> usize {
        self.texts().map(str::len).sum()
    }

    fn texts(&self) -> impl Iterator<Item = &str> {
        let MapperOutput { stdout, stderr, message, backtrace } = self;
        [Some(stdout), Some(stderr), message.as_ref(), backtrace.as_ref()]
            .into_iter()
            .flatten()
            .map(String::as_str)
    }
}

impl Error {
    /// The error that the mapper returned. Its words go to `output`.
    fn returned(failed: Failed, output: &mut MapperOutput) -> Error {
        output.message = Some(printable::cut(&failed.message, MAX_OUTPUT).to_owned());
        Code::parse(failed.code).map_or(Error::ReturnedInvalidCode, Error::Returned)
    }

    /// How a call in `sandbox` ended with the engine's `error`.
    fn from_engine(error: &wasmtime::Error, sandbox: &Sandbox) -> Error {
        if error.is::<TimeIsUp>() {
            Error::TimedOut
        } else if error.is::<I32Exit>() {
            Error::Exited
        } else if sandbox.ran_out_of_memory() {
            // An allocator that gets no memory aborts, which is a trap like any other.
            Error::OutOfMemory
        } else if let Some(trap) = error.downcast_ref::<Trap>() {
            Error::Trapped(trap.to_string())
        } else if error.is::<WasmBacktrace>() {
            // The error arose below the mapper's own functions, so in a call to WASI.
            Error::Trapped("a call to WASI broke a limit".to_owned())
        } else {
            Error::Unreadable
        }
    }
}

/// The names of the functions in which a trap arose. The author of the component chooses them, with
/// any length: they are not interpreted here, and each is cut.
fn backtrace(backtrace: &WasmBacktrace) -> String {
    let mut text = Bounded::new(MAX_OUTPUT);
    for frame in backtrace.frames() {
        let name = frame.func_name().unwrap_or("a function without a name");
        if writeln!(text, "{}", printable::line(printable::cut(name, MAX_NAME))).is_err() {
            break;
        }
    }
    text.into_text()
}
