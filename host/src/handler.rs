//! The one way of an event: map it, check the request, deliver it, report how it ended.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use lambda_runtime::LambdaEvent;
use reqwest::StatusCode;
use serde_json::value::RawValue;
use thiserror::Error;

use crate::backend::{self, Backend, Prepared};
use crate::config::{Config, OnUndelivered};
use crate::deadline::Clock;
use crate::error::{self, Rejection};
use crate::event::Event;
use crate::mapper::{self, Mapper, Outcome, Said};
use crate::report;

/// What handles the events of this process.
pub struct Handler {
    mapper: Mapper,
    backend: Backend,
    mapper_logs: bool,
    on_undelivered: OnUndelivered,
}

/// Why events can't be handled.
#[derive(Debug, Error)]
pub enum StartError {
    /// The mapper.
    #[error(transparent)]
    Mapper(#[from] mapper::LoadError),
    /// The backend's client.
    #[error(transparent)]
    Backend(#[from] backend::BuildError),
}

/// What is to be done with an event, and what the mapper said about it.
pub struct Plan {
    /// The request or the skip, or why there is neither.
    pub step: Result<Step, error::Error>,
    /// What the mapper said, for its author alone.
    pub said: Said,
    /// How long mapping took.
    pub mapping: Duration,
    /// The memory that the mapper had taken, in bytes.
    pub memory: usize,
}

/// What is to be done with an event.
#[derive(Debug)]
pub enum Step {
    /// Deliver this.
    Deliver(Box<Prepared>),
    /// Nothing, for the reason with this code.
    Skip(String),
}

/// How an event ended.
pub struct Ended {
    /// The end.
    pub end: End,
    /// How long mapping took; nothing where the host failed before it was over.
    pub mapping: Option<Duration>,
    /// How long the backend took.
    pub delivery: Option<Duration>,
    /// What the mapper said.
    pub said: Said,
}

/// The ends of an event.
#[derive(Debug)]
pub enum End {
    /// The backend has the user.
    Delivered(StatusCode),
    /// The mapper wants nothing delivered.
    Skipped(String),
    /// Nobody has the user.
    Undelivered(error::Error),
}

impl Handler {
    /// Loads the mapper and makes the client.
    ///
    /// # Errors
    /// What keeps every event from being handled.
    pub fn start(config: Config) -> Result<Handler, StartError> {
        Ok(Handler {
            mapper: Mapper::load(config.mapper)?,
            backend: Backend::new(config.backend)?,
            mapper_logs: config.mapper_logs,
            on_undelivered: config.on_undelivered,
        })
    }

    /// The mapper of this process.
    pub fn mapper(&self) -> &Mapper {
        &self.mapper
    }

    /// Answers one invocation: with the event as it came, or with a rejection where the operator wants one.
    ///
    /// # Errors
    /// The rejection.
    pub async fn invoke(
        &self,
        invocation: LambdaEvent<Box<RawValue>>,
        clock: &Clock,
    ) -> Result<Box<RawValue>, Rejection> {
        let answer = invocation.payload.clone();
        // Where even reading or reporting panics, the runtime would show the panic's message to the caller.
        let ended = AssertUnwindSafe(self.process(invocation, clock)).catch_unwind().await;
        match ended.unwrap_or(Some(error::Error::Host.error_type())) {
            Some(error_type) if self.on_undelivered == OnUndelivered::Reject => Err(Rejection(error_type)),
            Some(_) | None => Ok(answer),
        }
    }

    /// Handles and reports one invocation. Returns the fixed name of the error where the user is undelivered.
    async fn process(&self, invocation: LambdaEvent<Box<RawValue>>, clock: &Clock) -> Option<&'static str> {
        let time = clock.event(invocation.context.deadline);
        let event = Event::read(invocation.payload, &invocation.context.request_id);
        let ended = self.handle(&event, time.until).await;

        report::ended(&event, &ended, &invocation.context.request_id, self.mapper.manifest(), time, clock);
        if self.mapper_logs {
            report::said(&event, &ended.said);
        }
        match ended.end {
            End::Undelivered(error) => Some(error.error_type()),
            End::Delivered(_) | End::Skipped(_) => None,
        }
    }

    /// Takes `event` to its end, before `until`.
    pub async fn handle(&self, event: &Event, until: Instant) -> Ended {
        // A fault of the host must not lose the user either; the panic's message is not read, it may hold anything.
        let way = async { self.carry_out(self.plan(event, until).await, until).await };
        let ended = AssertUnwindSafe(way).catch_unwind().await;
        ended.unwrap_or_else(|_| Ended {
            end: End::Undelivered(error::Error::Host),
            mapping: None,
            delivery: None,
            said: Said::default(),
        })
    }

    /// What is to be done with `event`: the way of an event as far as it goes without the backend.
    pub async fn plan(&self, event: &Event, until: Instant) -> Plan {
        let call = self.mapper.transform(event, until).await;
        let step = match call.result {
            Ok(Outcome::Deliver(request)) => {
                let prepared = self.backend.prepare(request, &event.id);
                prepared.map(|prepared| Step::Deliver(Box::new(prepared))).map_err(error::Error::from)
            }
            Ok(Outcome::Skip(code)) => Ok(Step::Skip(code)),
            Err(failure) => Err(failure.into()),
        };
        Plan { step, said: call.said, mapping: call.took, memory: call.memory }
    }

    /// Does what `plan` says, before `until`.
    pub async fn carry_out(&self, plan: Plan, until: Instant) -> Ended {
        let started = Instant::now();
        let (end, delivery) = match plan.step {
            Ok(Step::Deliver(request)) => match self.backend.send(&request, until).await {
                Ok(status) => (End::Delivered(status), Some(started.elapsed())),
                Err(failure) => (End::Undelivered(failure.into()), Some(started.elapsed())),
            },
            Ok(Step::Skip(code)) => (End::Skipped(code), None),
            Err(error) => (End::Undelivered(error), None),
        };
        Ended { end, mapping: Some(plan.mapping), delivery, said: plan.said }
    }
}
