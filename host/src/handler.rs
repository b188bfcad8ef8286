//! The one way of an event: map it, check the request, deliver it, keep what could not be delivered.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant, SystemTime};

use futures_util::FutureExt;
use reqwest::StatusCode;
use thiserror::Error;

use crate::aws;
use crate::backend::{Backend, Delivery, Prepared, Trace};
use crate::client::BuildError;
use crate::config::{Config, OnUndelivered};
use crate::deadline::Time;
use crate::error::Error;
use crate::event::Event;
use crate::mapper::{self, Mapper, Outcome, Said};
use crate::report::Log;
use crate::shadow::Shadow;
use crate::undelivered::{self, Queue, Reason};

/// What handles the events of this process.
pub struct Handler {
    /// The mapper, or why there is none.
    pub(crate) mapper: Result<Mapper, String>,
    pub(crate) backend: Backend,
    queue: Option<Queue>,
    pub(crate) shadow: Option<Shadow>,
    pub(crate) log: Log,
    pub(crate) mapper_logs: bool,
    pub(crate) on_undelivered: OnUndelivered,
}

/// Why events can't be handled.
#[derive(Debug, Error)]
pub enum StartError {
    /// The mapper.
    #[error(transparent)]
    Mapper(#[from] mapper::LoadError),
    /// The backend's client.
    #[error(transparent)]
    Backend(#[from] BuildError),
    /// The thread that loads the mapper while secrets are fetched.
    #[error("the mapper could not be loaded beside the secrets")]
    Thread(#[from] tokio::task::JoinError),
}

/// What is to be done with an event, and what the mapper said about it.
pub struct Plan {
    /// The request or the skip, or why there is neither.
    pub step: Result<Step, Error>,
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

/// How far an event came.
pub struct Way {
    /// What the mapper made of it; nothing where the host failed before it was over.
    pub plan: Option<Plan>,
    /// What became of the request, where there was one.
    pub delivery: Option<Delivery>,
    /// The good end, or why there is none.
    pub result: Result<Done, Error>,
}

/// The good ends of an event.
#[derive(Debug)]
pub enum Done {
    /// The backend has the user.
    Delivered(StatusCode),
    /// The mapper wants nothing delivered.
    Skipped(String),
}

/// How an event ended.
pub struct Ended {
    /// How far it came.
    pub way: Way,
    /// Who has it where the backend does not.
    pub kept: Option<Kept>,
    /// How long the queue took, where it was asked.
    pub queueing: Option<Duration>,
}

/// Who has an event that the backend does not have.
#[derive(Debug, PartialEq, Eq)]
pub enum Kept {
    /// The queue.
    Queued,
    /// Nobody; and why not the queue, where there is one.
    Undelivered(Option<undelivered::Failure>),
}

impl Handler {
    /// Loads the mapper and makes the client. Where a secret has to be fetched, that goes on meanwhile and afterwards.
    ///
    /// # Errors
    /// What keeps every event from being handled. A secret that can't be fetched is not such a thing, and neither is a
    /// mapper that can't be loaded where there is a queue: it takes the events.
    pub async fn start(config: Config) -> Result<Handler, StartError> {
        let secrets = config.backend.secrets.clone();
        if !secrets.are_remote() {
            return Handler::new(config);
        }
        tokio::spawn(async move { secrets.fetch_ahead().await });
        tokio::task::spawn_blocking(|| Handler::new(config)).await?
    }

    /// Like `start`, without asking anyone for anything.
    ///
    /// # Errors
    /// As for `start`.
    pub fn new(config: Config) -> Result<Handler, StartError> {
        let mapper = match Mapper::load(config.mapper) {
            Ok(mapper) => Ok(mapper),
            // A function that does not start loses every user. This one keeps them until the mapper is mended.
            Err(error) if config.queue_url.is_some() => Err(config.log.no_mapper(&error)),
            Err(error) => return Err(error.into()),
        };
        Ok(Handler {
            mapper,
            backend: Backend::new(config.backend)?,
            queue: config.queue_url.map(|url| Queue::new(url, config.aws)),
            shadow: config.shadow.map(Shadow::new),
            log: config.log,
            mapper_logs: config.mapper_logs,
            on_undelivered: config.on_undelivered,
        })
    }

    /// The mapper of this process, where there is one.
    pub fn mapper(&self) -> Option<&Mapper> {
        self.mapper.as_ref().ok()
    }

    /// The backend of this process.
    pub fn backend(&self) -> &Backend {
        &self.backend
    }

    /// Takes `event` to its end: to the backend, or else into the queue.
    pub async fn handle(&self, event: &Event, trace: &Trace, time: &Time) -> Ended {
        let Some(queue) = &self.queue else {
            let way = self.go(event, trace, time.for_the_last()).await;
            let kept = way.result.is_err().then_some(Kept::Undelivered(None));
            return Ended { way, kept, queueing: None };
        };
        let way = self.go(event, trace, time.before_queue()).await;
        let Err(error) = &way.result else { return Ended { way, kept: None, queueing: None } };

        let delivery = way.delivery.as_ref();
        let reason = Reason {
            error_type: error.error_type(),
            attempts: delivery.map_or(0, |delivery| delivery.attempts.len()),
            first_failed: delivery.and_then(|delivery| delivery.first_failed).unwrap_or_else(SystemTime::now),
            retry_after: delivery.and_then(|delivery| delivery.retry_after).unwrap_or_default(),
        };
        let started = Instant::now();
        let put = caught(queue.put(event, &reason, time.for_the_last())).await;
        let put = put.unwrap_or_else(|error| Err(aws::Error::Refused(error.to_string()).into()));
        let kept = put.map_or_else(|failure| Kept::Undelivered(Some(failure)), |()| Kept::Queued);
        Ended { way, kept: Some(kept), queueing: Some(started.elapsed()) }
    }

    /// Takes `event` to the backend before `until`.
    async fn go(&self, event: &Event, trace: &Trace, until: Instant) -> Way {
        match caught(self.plan(event, trace, until)).await {
            Ok(plan) => self.carry_out_safely(plan, until).await,
            Err(error) => Way::without_plan(error),
        }
    }

    /// Like `carry_out`, and a fault of the host ends like any other.
    pub(crate) async fn carry_out_safely(&self, plan: Plan, until: Instant) -> Way {
        caught(self.carry_out(plan, until)).await.unwrap_or_else(Way::without_plan)
    }

    /// What is to be done with `event`: the way of an event as far as it goes without the backend.
    pub async fn plan(&self, event: &Event, trace: &Trace, until: Instant) -> Plan {
        let mapper = match &self.mapper {
            Ok(mapper) => mapper,
            Err(reason) => return Plan::failed(Error::NoMapper(reason.clone())),
        };
        if Instant::now() >= until {
            return Plan::failed(Error::OutOfTime);
        }
        let call = mapper.transform(event, until).await;
        let step = match call.result {
            Ok(outcome) => step(&self.backend, outcome, event, trace),
            // The mapper had less time than was promised to it.
            Err(mapper::Failure::TimedOut) if Instant::now() >= until => Err(Error::OutOfTime),
            Err(failure) => Err(failure.into()),
        };
        Plan { step, said: call.said, mapping: call.took, memory: call.memory }
    }

    /// Does what `plan` says, before `until`.
    pub async fn carry_out(&self, plan: Plan, until: Instant) -> Way {
        let (result, delivery) = match &plan.step {
            Ok(Step::Deliver(request)) => {
                let delivery = self.backend.deliver(request, until).await;
                (delivery.result.clone().map(Done::Delivered).map_err(Error::from), Some(delivery))
            }
            Ok(Step::Skip(code)) => (Ok(Done::Skipped(code.clone())), None),
            Err(error) => (Err(error.clone()), None),
        };
        Way { plan: Some(plan), delivery, result }
    }
}

impl Plan {
    /// How much of memory it holds, in bytes, but for what every plan does.
    pub(crate) fn held(&self) -> usize {
        let Said { stdout, stderr, message, backtrace } = &self.said;
        let said = [Some(stdout), Some(stderr), message.as_ref(), backtrace.as_ref()];
        self.step.as_ref().map_or(0, Step::held) + said.into_iter().flatten().map(String::len).sum::<usize>()
    }

    /// The plan for an event that no mapper saw.
    fn failed(error: Error) -> Plan {
        Plan { step: Err(error), said: Said::default(), mapping: Duration::ZERO, memory: 0 }
    }
}

impl Step {
    /// How much of memory it holds, in bytes.
    pub(crate) fn held(&self) -> usize {
        match self {
            Step::Deliver(request) => request.held(),
            Step::Skip(code) => code.len(),
        }
    }
}

impl Way {
    /// The way of an event that never began.
    pub(crate) fn without_plan(error: Error) -> Way {
        Way { plan: None, delivery: None, result: Err(error) }
    }
}

/// What `work` makes, or that it panicked. The panic's message is not read, it may hold anything.
pub(crate) async fn caught<T>(work: impl Future<Output = T>) -> Result<T, Error> {
    AssertUnwindSafe(work).catch_unwind().await.map_err(|_| Error::Host)
}

/// What a mapper's outcome asks for, checked.
pub(crate) fn step(backend: &Backend, outcome: Outcome, event: &Event, trace: &Trace) -> Result<Step, Error> {
    match outcome {
        Outcome::Deliver(request) => Ok(Step::Deliver(Box::new(backend.prepare(request, &event.id, trace)?))),
        Outcome::Skip(code) => Ok(Step::Skip(code)),
    }
}
