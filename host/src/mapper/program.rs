//! A program of WASI in the sandbox of mappers: it runs the unit tests of a mapper, which see what
//! the mapper sees.

use std::time::{Duration, Instant};

use wasmtime::Engine;
use wasmtime::component::Component;
use wasmtime_wasi::p2::bindings::CommandPre;

use super::error::backtrace;
use super::sandbox::{Sandbox, until};
use super::watchdog::Watchdog;
use super::{Error, LoadError, MapperOutput, Settings, wasi};

/// The most that is kept of each stream, in bytes. The author of a test reads all of it, and no log
/// has to hold it.
const MAX_OUTPUT: usize = 16 * 1024 * 1024;

/// A program that is loaded once and called several times, several of them at once.
pub struct Program {
    engine: Engine,
    pre: CommandPre<Sandbox>,
    watchdog: Watchdog,
    settings: Settings,
}

/// One call of a program.
pub struct Finished {
    /// Whether the program returned with success, or what ended it.
    pub result: Result<bool, Error>,
    /// What it wrote, and the functions in which it trapped.
    pub output: MapperOutput,
    /// How long it took.
    pub took: Duration,
}

impl Program {
    /// The program `component`, which is loaded into an engine of [`engine::running`]. The limits
    /// and variables of `settings` hold for each call.
    ///
    /// # Errors
    /// The component imports what mappers do not get.
    ///
    /// [`engine::running`]: super::engine::running
    pub fn new(component: &Component, settings: Settings) -> Result<Program, LoadError> {
        let engine = component.engine().clone();
        let linker = wasi::linker(component).map_err(LoadError::Engine)?;
        let pre = linker
            .instantiate_pre(component)
            .and_then(CommandPre::new)
            .map_err(LoadError::Program)?;
        let watchdog = Watchdog::start(&engine)?;
        Ok(Program { engine, pre, watchdog, settings })
    }

    /// The limits and variables of each call.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Calls the program in a fresh sandbox. The first of `arguments` is its own name.
    pub async fn call(&self, arguments: &[&str]) -> Finished {
        let started = Instant::now();
        let deadline = started + self.settings.timeout;
        self.watchdog.announce(deadline);
        let mut store = Sandbox::new(&self.engine, &self.settings, arguments, MAX_OUTPUT, deadline);
        let run = async {
            let command = self.pre.instantiate_async(&mut store).await?;
            command.wasi_cli_run().call_run(&mut store).await
        };
        let answer = until(deadline, run).await;
        let mut output = store.data().output();
        let result = match answer {
            Ok(returned) => Ok(returned.is_ok()),
            Err(error) => {
                output.backtrace = error.downcast_ref().map(backtrace);
                Err(Error::from_engine(&error, store.data()))
            }
        };
        Finished { result, output, took: started.elapsed() }
    }
}
