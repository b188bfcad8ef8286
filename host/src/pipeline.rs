//! The path of one event: map it, check the request, deliver it, and keep what could not be
//! delivered. It knows no log and no settings.

use std::panic::AssertUnwindSafe;
use std::time::{Instant, SystemTime};

use futures_util::FutureExt;

use crate::backend::{Backend, Delivery, Trace};
use crate::deadline::Deadlines;
use crate::error::Error;
use crate::event::Event;
use crate::mapper::{self, Mapper, Outcome};
use crate::outcome::{Action, End, Handled, Plan};
use crate::queue::{self, Queue, QueueAttributes};

/// The parts that every event of this process goes through.
pub struct Pipeline {
    mapper: Result<Mapper, String>,
    backend: Backend,
    queue: Option<Queue>,
}

impl Pipeline {
    /// A pipeline with this mapper, or with the reason why there is no mapper.
    pub fn new(mapper: Result<Mapper, String>, backend: Backend, queue: Option<Queue>) -> Pipeline {
        Pipeline { mapper, backend, queue }
    }

    /// The mapper of this process, if there is one.
    pub fn mapper(&self) -> Option<&Mapper> {
        self.mapper.as_ref().ok()
    }

    /// The backend of this process.
    pub fn backend(&self) -> &Backend {
        &self.backend
    }

    /// Takes `event` to its end: to the backend, or else into the queue.
    pub async fn handle(&self, event: &Event, trace: &Trace, deadlines: &Deadlines) -> Handled {
        let until = self.delivery_deadline(deadlines);
        let plan = catch_panic(self.plan(event, trace, until)).await.unwrap_or_else(Plan::failed);
        let handled = self.deliver(plan, until).await;
        self.keep(event, handled, deadlines).await
    }

    /// When the backend must have an event with these `deadlines`.
    pub fn delivery_deadline(&self, deadlines: &Deadlines) -> Instant {
        if self.queue.is_some() { deadlines.delivery() } else { deadlines.last() }
    }

    /// What is to be done with `event`: everything short of contacting the backend, before `until`.
    pub async fn plan(&self, event: &Event, trace: &Trace, until: Instant) -> Plan {
        let mapper = match &self.mapper {
            Ok(mapper) => mapper,
            Err(reason) => return Plan::failed(Error::NoMapper(reason.clone())),
        };
        if Instant::now() >= until {
            return Plan::failed(Error::OutOfTime);
        }
        let (result, call) = mapper.transform(event, until).await;
        let action = match result {
            Ok(outcome) => action(&self.backend, outcome, event, trace),
            // The mapper had less time than was promised to it.
            Err(mapper::Error::TimedOut) if Instant::now() >= until => Err(Error::OutOfTime),
            Err(error) => Err(error.into()),
        };
        Plan { action, call: Some(call) }
    }

    /// Does what `plan` says, before `until`. What the backend does not take is undelivered until a
    /// queue has it.
    pub async fn deliver(&self, plan: Plan, until: Instant) -> Handled {
        let (end, delivery) = match catch_panic(self.carry_out(&plan, until)).await {
            Ok(done) => done,
            Err(error) => (undelivered(error), None),
        };
        Handled { end, plan, delivery, queue_time: None }
    }

    /// Puts `event` into the queue, if there is one and nobody has the event.
    pub async fn keep(&self, event: &Event, handled: Handled, deadlines: &Deadlines) -> Handled {
        let Some(queue) = &self.queue else { return handled };
        let End::Undelivered { error, .. } = handled.end else { return handled };
        let delivery = handled.delivery.as_ref();
        let attributes = QueueAttributes {
            error_type: error.error_type(),
            attempts: delivery.map_or(0, |delivery| delivery.attempts.len()),
            first_failed: delivery
                .and_then(|delivery| delivery.first_failed)
                .unwrap_or_else(SystemTime::now),
            retry_after: delivery.and_then(|delivery| delivery.retry_after).unwrap_or_default(),
        };
        let started = Instant::now();
        let put = catch_panic(queue.put(event, &attributes, deadlines.last())).await;
        let end = match put.unwrap_or(Err(queue::Error::Panicked)) {
            Ok(()) => End::Queued(error),
            Err(refused) => End::Undelivered { error, queue: Some(refused) },
        };
        Handled { end, queue_time: Some(started.elapsed()), ..handled }
    }

    async fn carry_out(&self, plan: &Plan, until: Instant) -> (End, Option<Delivery>) {
        let request = match &plan.action {
            Ok(Action::Deliver(request)) => request,
            Ok(Action::Skip(code)) => return (End::Skipped(code.clone()), None),
            Err(error) => return (undelivered(error.clone()), None),
        };
        let delivery = self.backend.deliver(request, until).await;
        let end = match &delivery.result {
            Ok(status) => End::Delivered(*status),
            Err(error) => undelivered(error.clone().into()),
        };
        (end, Some(delivery))
    }
}

/// What a mapper's outcome asks for, checked.
pub(crate) fn action(
    backend: &Backend,
    outcome: Outcome,
    event: &Event,
    trace: &Trace,
) -> Result<Action, Error> {
    match outcome {
        Outcome::Deliver(request) => {
            Ok(Action::Deliver(Box::new(backend.prepare(request, &event.id, trace)?)))
        }
        Outcome::Skip(code) => Ok(Action::Skip(code)),
    }
}

/// What `work` returns, or that it panicked. The panic's message is not read: it may hold user
/// data.
pub(crate) async fn catch_panic<T>(work: impl Future<Output = T>) -> Result<T, Error> {
    AssertUnwindSafe(work).catch_unwind().await.map_err(|_| Error::Host)
}

/// The end of an event that no queue has been asked to keep.
fn undelivered(error: Error) -> End {
    End::Undelivered { error, queue: None }
}
