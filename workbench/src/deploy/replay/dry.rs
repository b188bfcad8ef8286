//! A mapper in the pipeline of the deployed function, without a backend and without a queue: events
//! are mapped, requests are checked, and nothing is sent.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use post_confirmation_host::backend::{Backend, Trace};
use post_confirmation_host::event::Event;
use post_confirmation_host::mapper::{Identity, Mapper};
use post_confirmation_host::outcome::Plan;
use post_confirmation_host::pipeline::Pipeline;

use crate::deploy::settings::Variables;
use crate::deploy::trial;
use crate::mapper_file::{self, Loaded};
use crate::render::Shown;

/// A mapper that is only tried.
pub struct DryMapper {
    pipeline: Pipeline,
    identity: Identity,
    answer_within: Duration,
}

impl DryMapper {
    /// Loads the component or the image in `file`, for a function with `variables`.
    ///
    /// # Errors
    /// It can't be loaded.
    pub fn load(file: &Path, variables: &Variables) -> Result<DryMapper> {
        let environment = trial::environment(variables, trial::is_mapping);
        let config = mapper_file::config(file, false, &environment)?;
        let Loaded { component, identity } = Loaded::load(file, config.mapper.sandboxes)?;
        let mapper = Mapper::new(&component, identity.clone(), config.mapper)?;
        let pipeline = Pipeline::for_trying(mapper, Backend::new(config.backend)?, config.allowed);
        Ok(DryMapper { pipeline, identity, answer_within: config.answer_within })
    }

    /// What the function would do with `event`.
    pub fn plan(&self, event: &Event) -> Plan {
        let until = Instant::now() + self.answer_within;
        trial::wait(self.pipeline.plan(event, &Trace::default(), until))
    }

    /// A `plan` for `event` as people and machines read it, user data included.
    pub fn shown(&self, event: &Event, plan: &Plan) -> Shown {
        Shown::new(event, self.identity.clone(), self.pipeline.backend(), plan)
    }
}
