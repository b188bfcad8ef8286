//! The engines of the workbench. They compile for this machine as `mapper compile` does for Lambda,
//! keep what they have compiled, and run it in the function's own sandboxes.

use std::sync::Arc;

use post_confirmation_host::mapper::THIS_TARGET;
use post_confirmation_host::mapper::engine;
use wasmtime::component::Component;
use wasmtime::{Config, Engine, Result};

use crate::cache::{self, Kept};
use crate::function_cache::Functions;
use crate::size;

/// An engine that runs images, so many sandboxes at once, whose memories begin with `memory` bytes.
///
/// # Errors
/// The engine can't be started.
pub fn running(sandboxes: u32, memory: u64) -> Result<Engine> {
    Engine::new(&engine::running(sandboxes, memory)?)
}

/// An engine that runs the language of a mapper while one is built, and stops it if its epoch ends.
///
/// # Errors
/// The engine can't be started.
pub fn building() -> Result<Engine> {
    let mut config = Config::new();
    config.epoch_interruption(true).max_wasm_stack(engine::STACK);
    if let Some(kept) = cache::open() {
        config.cache(Some(kept.components));
    }
    Engine::new(&config)
}

/// An engine for one component, which it compiles.
pub struct Compiler<'a> {
    engine: Engine,
    component: &'a [u8],
    functions: Option<Arc<Functions>>,
}

impl<'a> Compiler<'a> {
    /// One that also runs `component`, so many sandboxes at once.
    ///
    /// # Errors
    /// The engine can't be started.
    pub fn running(component: &'a [u8], sandboxes: u32) -> Result<Compiler<'a>> {
        let config = engine::running(sandboxes, size::memory(component))?;
        Compiler::to_run(config, component, THIS_TARGET)
    }

    /// The same, which also counts the instructions that run. They take longer than in production.
    ///
    /// # Errors
    /// The engine can't be started.
    pub fn counting(component: &'a [u8], sandboxes: u32) -> Result<Compiler<'a>> {
        let mut config = engine::running(sandboxes, size::memory(component))?;
        config.consume_fuel(true);
        Compiler::to_run(config, component, &format!("{THIS_TARGET}-counting"))
    }

    /// One with this `config`, which keeps functions under the name `kind`.
    fn to_run(mut config: Config, component: &'a [u8], kind: &str) -> Result<Compiler<'a>> {
        let kept = cache::open();
        config.cache(kept.as_ref().map(|kept| kept.components.clone()));
        Compiler::new(config, component, THIS_TARGET, kept, kind)
    }

    /// One that makes images of `component` for `target`.
    ///
    /// # Errors
    /// The engine can't be started.
    pub fn of_images(component: &'a [u8], target: &str) -> Result<Compiler<'a>> {
        Compiler::new(engine::config()?, component, target, cache::open(), target)
    }

    /// One with this `config`, which keeps functions in the cache under the name `kind`.
    fn new(
        mut config: Config,
        component: &'a [u8],
        target: &str,
        kept: Option<Kept>,
        kind: &str,
    ) -> Result<Compiler<'a>> {
        // A target that is named switches off what only this machine's processor can do: an image
        // runs wherever Lambda places the function.
        config.target(target)?;
        let functions = kept.and_then(|kept| Functions::cached(component, kind, &kept.folder));
        let functions = functions.map(Arc::new);
        if let Some(functions) = &functions {
            config.enable_incremental_compilation(functions.clone())?;
        }
        Ok(Compiler { engine: Engine::new(&config)?, component, functions })
    }

    /// Compiles the component, ready to run.
    ///
    /// # Errors
    /// It can't be compiled, or needs more than a sandbox has.
    pub fn component(&self) -> Result<Component> {
        let component = Component::new(&self.engine, self.component)?;
        self.keep();
        Ok(component)
    }

    /// Compiles the component to an image.
    ///
    /// # Errors
    /// It can't be compiled.
    pub fn image(&self) -> Result<Vec<u8>> {
        let image = self.engine.precompile_component(self.component)?;
        self.keep();
        Ok(image)
    }

    fn keep(&self) {
        if let Some(functions) = &self.functions {
            functions.keep();
        }
    }
}
