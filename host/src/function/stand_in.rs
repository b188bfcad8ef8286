//! A stand-in of the function on the machine of an author: `mapper dev` swaps its mapper at every
//! build, and shows people what the log would tell.

use std::time::Instant;

use super::{Clock, Function};
use crate::backend::Backend;
use crate::client::BuildError;
use crate::config::Config;
use crate::event::Event;
use crate::mapper::Mapper;
use crate::outcome::Handled;
use crate::pipeline::Pipeline;
use crate::report::{Level, Log};

/// Hears of each event at its end, in place of the log.
pub type Told = Box<dyn Fn(&Event, &Handled, &Pipeline) + Send + Sync>;

impl Function {
    /// The function of `config` with `mapper` in place of an image. It has no queue and no shadow
    /// mapper, what a follow-up wants is not done, and `told` hears of every event. As many events
    /// may come at once as the mapper's engine has sandboxes, but for one that may be held.
    ///
    /// # Errors
    /// The backend's client can't be made.
    pub fn stand_in(mapper: Mapper, config: Config, told: Told) -> Result<Function, BuildError> {
        Ok(Function {
            pipeline: Pipeline::for_trying(mapper, Backend::new(config.backend)?, config.allowed),
            shadow: None,
            // What the caller is told is enough.
            log: Log { level: Level::Fatal, ..config.log },
            mapper_logs: false,
            on_undelivered: config.on_undelivered,
            clock: Clock::start(config.answer_within, Instant::now()),
            told: Some(told),
        })
    }

    /// The parts that every event goes through.
    pub fn pipeline(&self) -> &Pipeline {
        &self.pipeline
    }
}
