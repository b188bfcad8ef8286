//! A program of WASI in the sandbox of mappers: it runs the unit tests of a mapper, which see what the mapper sees.

use std::time::{Duration, Instant};

use wasmtime::Engine;
use wasmtime_wasi::p2::bindings::CommandPre;

use super::sandbox::{Sandbox, TimeIsUp};
use super::watchdog::Watchdog;
use super::{Failure, LoadError, Said, Settings, backtrace, engine, failure, image, wasi};

/// As much is kept of each stream, in bytes. The author of a test reads all that it writes, and no log has to hold it.
const KEPT: usize = 1024 * 1024;

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
    pub result: Result<bool, Failure>,
    /// What it wrote, and where it trapped.
    pub said: Said,
    /// How long it took.
    pub took: Duration,
}

impl Program {
    /// Loads the image that `settings` name. Their limits and variables hold for each call.
    ///
    /// # Errors
    /// What is wrong with the image, and what to do about it.
    pub fn load(settings: Settings) -> Result<Program, LoadError> {
        let engine = engine::runner(settings.sandboxes).map_err(LoadError::Engine)?;
        let (component, _) = image::load(&engine, &settings.image)?;
        let linker = wasi::linker(&component).map_err(LoadError::Engine)?;
        let pre = linker.instantiate_pre(&component).and_then(CommandPre::new).map_err(LoadError::Program)?;
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
        let mut store = Sandbox::new(&self.engine, &self.settings, arguments, KEPT, deadline);
        let run = async {
            let command = self.pre.instantiate_async(&mut store).await?;
            command.wasi_cli_run().call_run(&mut store).await
        };
        let answer = match tokio::time::timeout_at(deadline.into(), run).await {
            Ok(answer) => answer,
            Err(_) => Err(TimeIsUp.into()),
        };
        let mut said = store.data().said();
        let result = match answer {
            Ok(returned) => Ok(returned.is_ok()),
            Err(error) => {
                said.backtrace = error.downcast_ref().map(backtrace);
                Err(failure(&error, store.data()))
            }
        };
        Finished { result, said, took: started.elapsed() }
    }
}
