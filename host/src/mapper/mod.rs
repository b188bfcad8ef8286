//! The mapper of this process: loaded once, and run in a fresh sandbox for every event.

mod bindings;
mod contract;
mod engine;
mod fixed;
mod image;
mod manifest;
mod output;
mod program;
mod sandbox;
#[cfg(feature = "workbench")]
mod size;
mod spare;
mod wasi;
mod watchdog;

#[cfg(feature = "workbench")]
pub mod cache;
#[cfg(feature = "workbench")]
pub mod compile;

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use thiserror::Error;
use wasmtime::{Engine, Store, Trap, WasmBacktrace};
use wasmtime_wasi::I32Exit;

use crate::backend::Request;
use crate::event::Event;
use crate::printable::{self, Bounded};
use bindings::MapperPre;
use sandbox::{Sandbox, TimeIsUp};
use spare::Spare;
use watchdog::Watchdog;

pub use contract::ContractError;
pub use image::{ImageError, THIS_TARGET};
pub use manifest::{File, Manifest};
pub use program::{Finished, Program};

/// As much memory of a sandbox, in bytes, is held until its event was answered. What is larger goes at once: the request
/// to the backend and its TLS need memory as well.
const HELD: usize = 32 * 1024 * 1024;
/// As much is kept of a stream and of a message, in bytes.
const MAX_SAID: usize = 8 * 1024;
/// As much is kept of a function's name, in bytes.
const MAX_NAME: usize = 256;
/// The longest time for making a sandbox ahead: the invocation's own time may be nearly over. A sandbox that takes
/// longer is made in the time of its event.
const AHEAD: Duration = Duration::from_millis(100);

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
    /// Whether the functions in which the mapper traps are noted: somebody reads them.
    pub backtraces: bool,
    /// Whether clocks stand still and random numbers are the same for every event: for tests of mappers only.
    pub fixed: bool,
}

/// Why there is no mapper.
#[derive(Debug, Error)]
pub enum LoadError {
    /// The image.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// The component's imports or exports, by type.
    #[error("the mapper does not fit this host; build it against the WIT package of this host's release")]
    Link(#[source] wasmtime::Error),
    /// The imports of a program, by name or type.
    #[error("the program imports what no mapper gets: a mapper has WASI 0.2 without network and files")]
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
    Skip(String),
}

/// Why a mapper made nothing of an event. It holds nothing that a mapper could have filled with user data but a code.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Failure {
    /// It returned an error.
    #[error("the mapper failed: {0}")]
    Returned(String),
    /// It returned an error whose code is none.
    #[error("the mapper failed, and its error code is not of 1 to 64 lower-case letters, digits and hyphens")]
    ReturnedNoCode,
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
    /// It skipped the event for a reason that is no code.
    #[error("the mapper's skip code is not of 1 to 64 lower-case letters, digits and hyphens")]
    NoCode,
}

/// One call of a mapper.
pub struct Call {
    /// What came of it.
    pub result: Result<Outcome, Failure>,
    /// What it said, for its author alone.
    pub said: Said,
    /// How long it took; making the sandbox is part of it where it was not made ahead.
    pub took: Duration,
    /// The memory that it had taken, in bytes.
    pub memory: usize,
}

/// What a mapper said besides its outcome. It may hold user data: it is for the mapper's author and for operators who
/// have asked for it. It has no `Debug`.
#[derive(Clone, Default)]
pub struct Said {
    /// The first bytes of standard output.
    pub stdout: String,
    /// The first bytes of standard error.
    pub stderr: String,
    /// The message of the error that it returned.
    pub message: Option<String>,
    /// The functions in which it trapped, innermost first: a line for each, with its name as the component has it.
    pub backtrace: Option<String>,
}

/// The mapper of this process.
pub struct Mapper {
    engine: Engine,
    pre: MapperPre<Sandbox>,
    spare: Spare,
    watchdog: Watchdog,
    manifest: Manifest,
    settings: Settings,
}

impl Mapper {
    /// Loads the image that `settings` name. Everything that does not depend on an event happens here.
    ///
    /// # Errors
    /// What is wrong with the image, and what to do about it.
    pub fn load(settings: Settings) -> Result<Mapper, LoadError> {
        let engine = engine::runner(settings.sandboxes).map_err(LoadError::Engine)?;
        let (component, manifest) = image::load_mapper(&engine, &settings.image)?;
        let linker = wasi::linker(&component).map_err(LoadError::Engine)?;
        let pre = linker.instantiate_pre(&component).and_then(MapperPre::new).map_err(LoadError::Link)?;
        let watchdog = Watchdog::start(&engine)?;
        Ok(Mapper { engine, pre, spare: Spare::default(), watchdog, manifest, settings })
    }

    /// What the mapper was made of.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Maps `event` in a fresh sandbox, in the time set for it and in any case before `until`.
    pub async fn transform(&self, event: &Event, until: Instant) -> Call {
        let started = Instant::now();
        let deadline = until.min(started + self.settings.timeout);
        // A loop is stopped by the watchdog; a mapper that sleeps inside a call to WASI, by the timeout.
        self.watchdog.announce(deadline);
        let (mut store, made) = match self.spare.take_ready() {
            Some((mut store, mapper)) => {
                store.data_mut().run_until(deadline);
                (store, Some(mapper))
            }
            None => (self.sandbox(deadline), None),
        };
        let call = self.call(&mut store, made, event);
        let answer = match tokio::time::timeout_at(deadline.into(), call).await {
            Ok(answer) => answer,
            Err(_) => Err(TimeIsUp.into()),
        };

        let mut said = store.data().said();
        let result = match answer {
            Ok(Ok(bindings::Outcome::Deliver(request))) => Ok(Outcome::Deliver(request.into())),
            Ok(Ok(bindings::Outcome::Skip(code))) if is_code(&code) => Ok(Outcome::Skip(code)),
            Ok(Ok(bindings::Outcome::Skip(_))) => Err(Failure::NoCode),
            Ok(Err(error)) => {
                said.message = Some(printable::cut(&error.message, MAX_SAID).to_owned());
                Err(if is_code(&error.code) { Failure::Returned(error.code) } else { Failure::ReturnedNoCode })
            }
            Err(error) => {
                if self.settings.backtraces {
                    said.backtrace = error.downcast_ref().map(backtrace);
                }
                Err(failure(&error, store.data()))
            }
        };
        let memory = store.data().memory_used();
        if result.is_ok() {
            self.spare.put_used((memory <= HELD).then_some(store));
        }
        Call { result, said, took: started.elapsed(), memory }
    }

    /// A fresh sandbox of a mapper, which has no arguments.
    fn sandbox(&self, deadline: Instant) -> Store<Sandbox> {
        Sandbox::new(&self.engine, &self.settings, &[], MAX_SAID, deadline)
    }

    async fn call(
        &self,
        store: &mut Store<Sandbox>,
        made: Option<bindings::Mapper>,
        event: &Event,
    ) -> wasmtime::Result<Result<bindings::Outcome, bindings::Error>> {
        let mapper = match made {
            Some(mapper) => mapper,
            None => self.pre.instantiate_async(&mut *store).await?,
        };
        mapper.cognito_post_confirmation_mapper().call_transform(store, &event.into()).await
    }

    /// Drops the sandbox of the last event.
    pub fn drop_used(&self) {
        self.spare.drop_used();
    }

    /// Drops the sandbox of the last event and makes that of the next one, so that no event waits for either. Where the
    /// last event failed, nothing is made ahead: a component that can't be started would take its whole time here.
    pub async fn prepare(&self) {
        if !self.spare.take_due() {
            return;
        }
        let deadline = Instant::now() + self.settings.timeout.min(AHEAD);
        self.watchdog.announce(deadline);
        let mut store = self.sandbox(deadline);
        let making = self.pre.instantiate_async(&mut store);
        // One that can't be made is made again for its event, which has somebody to tell.
        if let Ok(Ok(mapper)) = tokio::time::timeout_at(deadline.into(), making).await {
            self.spare.put_ready(store, mapper);
        }
    }
}

/// The names of the functions in which a trap arose. They are data of whoever made the component, as long as they like:
/// none is read here, and each is cut.
fn backtrace(backtrace: &WasmBacktrace) -> String {
    let mut text = Bounded::new(MAX_SAID);
    for frame in backtrace.frames() {
        let name = frame.func_name().unwrap_or("a function without a name");
        if writeln!(text, "{}", printable::line(printable::cut(name, MAX_NAME))).is_err() {
            break;
        }
    }
    text.into_text()
}

/// Who or what ended a call that has no answer.
fn failure(error: &wasmtime::Error, sandbox: &Sandbox) -> Failure {
    if error.is::<TimeIsUp>() {
        Failure::TimedOut
    } else if error.is::<I32Exit>() {
        Failure::Exited
    } else if sandbox.ran_out_of_memory() {
        // An allocator that gets no memory aborts, which is a trap like any other.
        Failure::OutOfMemory
    } else if let Some(trap) = error.downcast_ref::<Trap>() {
        Failure::Trapped(trap.to_string())
    } else if error.is::<WasmBacktrace>() {
        // The error arose below the mapper's own functions, so in a call to WASI.
        Failure::Trapped("a call to WASI broke a limit".to_owned())
    } else {
        Failure::Unreadable
    }
}

/// Whether `code` is fit to be logged: 1 to 64 lower-case letters, digits and hyphens, beginning with a letter.
fn is_code(code: &str) -> bool {
    let fit = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
    code.len() <= 64 && code.starts_with(|first: char| first.is_ascii_lowercase()) && code.bytes().all(fit)
}
