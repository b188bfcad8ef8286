//! What Lambda calls, for the life of the process: an event from Cognito, which gets the same bytes
//! back; a batch from the queue, which is told what has to stay there; or a dry run. What may wait
//! is done after the answer.

mod dry_run;
mod payload;
mod redelivery;
mod stand_in;

use std::time::Instant;

use lambda_runtime::{Context, LambdaEvent};
use serde_json::value::RawValue;
use thiserror::Error;

use crate::backend::{Backend, Trace};
use crate::client::BuildError;
use crate::config::{Config, OnUndelivered};
use crate::effects::Effects;
use crate::error::{Error as EventError, Rejection};
use crate::event::Event;
use crate::lenient::Object;
use crate::mapper::{LoadError, Mapper, MapperCall};
use crate::outcome::{End, Handled};
use crate::pipeline::{Pipeline, catch_panic};
use crate::queue::Queue;
use crate::report::Redelivery;
use crate::shadow::Shadow;
use payload::Payload;

pub use crate::deadline::{Clock, Deadlines};
pub use crate::report::{Invocation, Log};
pub use stand_in::Told;

/// The function of this process.
pub struct Function {
    pipeline: Pipeline,
    shadow: Option<Shadow>,
    log: Log,
    mapper_logs: bool,
    on_undelivered: OnUndelivered,
    clock: Clock,
    told: Option<Told>,
}

/// Why the function can't start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The mapper.
    #[error(transparent)]
    Mapper(#[from] LoadError),
    /// The backend's client.
    #[error(transparent)]
    Backend(#[from] BuildError),
    /// The thread that loads the mapper while secrets are fetched.
    #[error("the mapper could not be loaded while the secrets were fetched")]
    Thread(#[from] tokio::task::JoinError),
}

impl Function {
    /// Loads the mapper and makes the client, in a process whose `main` began at `started`. Secrets
    /// that AWS holds are fetched meanwhile and afterwards.
    ///
    /// # Errors
    /// What keeps every event from being handled. A secret that can't be fetched does not, and
    /// neither does a mapper that can't be loaded if there is a queue: the queue takes the events.
    pub async fn start(config: Config, started: Instant) -> Result<Function, StartError> {
        config.log.proxies(&config.proxies);
        let credentials = config.backend.credentials.clone();
        if !credentials.are_remote() {
            return Function::new(config, started);
        }
        tokio::spawn(async move { credentials.fetch_ahead().await });
        tokio::task::spawn_blocking(move || Function::new(config, started)).await?
    }

    fn new(config: Config, started: Instant) -> Result<Function, StartError> {
        let mapper = match Mapper::load(config.mapper) {
            Ok(mapper) => Ok(mapper),
            // A function that does not start loses every user. This one keeps them until the mapper
            // is repaired.
            Err(error) if config.queue_url.is_some() => Err(config.log.no_mapper(&error)),
            Err(error) => return Err(error.into()),
        };
        let effects = Effects::new(config.allowed, config.aws.clone());
        let queue = config.queue_url.map(|url| Queue::new(url, config.aws));
        Ok(Function {
            pipeline: Pipeline::new(mapper, Backend::new(config.backend)?, effects, queue),
            shadow: config.shadow.map(Shadow::new),
            log: config.log,
            mapper_logs: config.mapper_logs,
            on_undelivered: config.on_undelivered,
            clock: Clock::start(config.answer_within, started),
            told: None,
        })
    }

    /// Answers one invocation: an event with the event as it came, or with a rejection if the
    /// operator has asked for one; a batch with the records that have to stay; a dry run with what
    /// it found.
    ///
    /// # Errors
    /// The rejection, and why a dry run failed.
    pub async fn invoke(
        &self,
        event: LambdaEvent<Box<RawValue>>,
    ) -> Result<Box<RawValue>, Rejection> {
        let LambdaEvent { payload, context, .. } = event;
        let trace = Trace::parse(context.xray_trace_id.as_deref());
        // All work runs inside `catch_panic`: the runtime would show the message of a panic to
        // the caller. Batches and dry runs are on the heap: they would enlarge the future of
        // every event from Cognito.
        match Payload::parse(&payload) {
            Payload::Batch(batch) => {
                let answer = catch_panic(Box::pin(self.redeliver(batch, &context, &trace))).await;
                // Without an answer the whole batch stays in the queue.
                answer.ok().flatten().ok_or_else(|| self.panicked())
            }
            Payload::DryRun(event) => {
                let answer =
                    catch_panic(Box::pin(self.dry_run(event, &context, &trace))).await.flatten();
                answer.map_err(|error| {
                    self.log.dry_run_failed(&error);
                    Rejection(error.error_type())
                })
            }
            Payload::Event(members) => {
                let lost = catch_panic(self.process(&members, &payload, &context, &trace)).await;
                match lost.unwrap_or_else(|_| Some(self.panicked())) {
                    Some(rejection) if self.on_undelivered == OnUndelivered::Reject => {
                        Err(rejection)
                    }
                    Some(_) | None => Ok(payload),
                }
            }
        }
    }

    /// Logs that the host panicked outside of an event's pipeline.
    fn panicked(&self) -> Rejection {
        self.log.panicked();
        Rejection(EventError::Host.error_type())
    }

    /// Handles and reports one event. Returns the rejection if nobody has the user.
    async fn process(
        &self,
        members: &Object<'_>,
        payload: &RawValue,
        context: &Context,
        trace: &Trace,
    ) -> Option<Rejection> {
        let deadlines = self.clock.event(context.deadline);
        let event = Event::from_members(members, payload, &context.request_id);
        let handled = self.pipeline.handle(&event, trace, &deadlines).await;
        let lost = match &handled.end {
            End::Undelivered { error, .. } => Some(Rejection(error.error_type())),
            End::Delivered(_) | End::Skipped(_) | End::Queued(_) => None,
        };
        self.report(event, handled, context, deadlines, None);
        lost
    }

    /// Does what comes after every event, from Cognito or from the queue: it reports the event and
    /// leaves it to be compared after the answer.
    fn report(
        &self,
        event: Event,
        handled: Handled,
        context: &Context,
        deadlines: Deadlines,
        redelivery: Option<Redelivery<'_>>,
    ) {
        if let Some(told) = &self.told {
            told(&event, &handled, &self.pipeline);
        } else {
            let mapper = self.pipeline.mapper().map(Mapper::identity);
            let start_up = self.clock.start_up();
            let request_id = &context.request_id;
            let invocation = Invocation { request_id, deadlines, start_up, redelivery, mapper };
            self.log.handled(&event, &handled, &invocation);
            self.report_output(&event, handled.plan.call.as_ref());
            self.report_output(&event, handled.follow_up.as_ref().map(|it| &it.call));
        }
        match (&self.shadow, handled.plan.action) {
            // The mapper has made nothing of it that could be compared.
            (None, _) | (_, Err(EventError::Record | EventError::Host)) => {}
            (Some(shadow), action) => {
                shadow.enqueue(event, action, handled.follow_up, deadlines.answer);
            }
        }
    }

    /// Logs what the mapper wrote, if the operator has asked for it.
    fn report_output(&self, event: &Event, call: Option<&MapperCall>) {
        if let Some(call) = call.filter(|_| self.mapper_logs) {
            self.log.mapper_output(event, &call.output);
        }
    }

    /// Does what waits for the answer to an invocation: it compares what the shadow mapper makes of
    /// the events, and makes the sandbox of the next event.
    pub async fn after_answer(&self) {
        let mapper = self.pipeline.mapper();
        if let Some(mapper) = mapper {
            // Before a shadow mapper takes memory, too.
            mapper.drop_used();
        }
        if let Some(shadow) = &self.shadow {
            // Neither its failure nor its panic may harm an event.
            let _ = catch_panic(Box::pin(shadow.compare(&self.pipeline, &self.log))).await;
        }
        if let Some(mapper) = mapper {
            let _ = catch_panic(mapper.prepare()).await;
        }
    }
}
