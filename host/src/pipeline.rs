//! The path of one event: map it, check the request, deliver it, do what the mapper wants after the
//! answer, and keep what did not come to its end. It knows no log and no settings. `handle` is the
//! whole path; `function/redelivery.rs` takes batches along the same steps in portions, so a new
//! step goes into both.

use std::panic::AssertUnwindSafe;
use std::time::{Instant, SystemTime};

use futures_util::FutureExt;

use crate::backend::{self, Answer, Backend, Delivery, Trace};
use crate::deadline::Deadlines;
use crate::effects::{Allowed, Approved, Done, Effect, Effects};
use crate::error::Error;
use crate::event::Event;
use crate::mapper::{self, Mapper, Outcome};
use crate::outcome::{Action, End, FollowUp, Handled, Plan};
use crate::queue::{self, Queue, QueueAttributes};

/// The parts that every event of this process goes through.
pub struct Pipeline {
    mapper: Result<Mapper, String>,
    backend: Backend,
    effects: Effects,
    queue: Option<Queue>,
}

impl Pipeline {
    /// A pipeline with this mapper, or with the reason why there is no mapper.
    pub fn new(
        mapper: Result<Mapper, String>,
        backend: Backend,
        effects: Effects,
        queue: Option<Queue>,
    ) -> Pipeline {
        Pipeline { mapper, backend, effects, queue }
    }

    /// A pipeline for trying a mapper: it keeps no event, and what a follow-up wants within what is
    /// `allowed` is only shown.
    pub fn for_trying(mapper: Mapper, backend: Backend, allowed: Allowed) -> Pipeline {
        Pipeline::new(Ok(mapper), backend, Effects::only_shown(allowed), None)
    }

    /// The mapper of this process, if there is one.
    pub fn mapper(&self) -> Option<&Mapper> {
        self.mapper.as_ref().ok()
    }

    /// The backend of this process.
    pub fn backend(&self) -> &Backend {
        &self.backend
    }

    /// What may be done with a Cognito user in this process.
    pub fn effects(&self) -> &Effects {
        &self.effects
    }

    /// Takes `event` to its end: to the backend, or else into the queue.
    pub async fn handle(&self, event: &Event, trace: &Trace, deadlines: &Deadlines) -> Handled {
        let until = self.delivery_deadline(deadlines);
        let plan = catch_panic(self.plan(event, trace, until)).await.unwrap_or_else(Plan::failed);
        let mut handled = self.deliver(plan, until).await;
        self.ask_follow_up(event, &mut handled, until).await;
        self.carry_out(event, &mut handled, until).await;
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

    /// Does what `plan` says before `until`. What does not come to its end is undelivered until a
    /// queue has it.
    pub async fn deliver(&self, plan: Plan, until: Instant) -> Handled {
        match catch_panic(self.send(&plan, until)).await {
            Ok((end, delivery)) => Handled::new(end, plan, delivery),
            Err(error) => Handled::new(undelivered(error), plan, None),
        }
    }

    /// If the backend has answered `handled` and the mapper wants to know, lets it say what is to
    /// be done with the Cognito user, before `until`. A mapper that loops keeps the thread to
    /// itself.
    pub async fn ask_follow_up(&self, event: &Event, handled: &mut Handled, until: Instant) {
        let answer = handled.delivery.as_mut().and_then(|delivery| delivery.answer.take());
        let Some(answer) = answer else { return };
        // On the heap: it would enlarge the future of every event.
        let concluded = Box::pin(self.concluded(event, answer, until));
        match catch_panic(concluded).await.flatten() {
            Ok(follow_up) => {
                if let Err(error) = &follow_up.effects {
                    handled.end = undelivered(error.clone());
                }
                handled.follow_up = Some(follow_up);
            }
            Err(error) => handled.end = undelivered(error),
        }
    }

    /// Does what the mapper wants to be done with the Cognito user, before `until`.
    pub async fn carry_out(&self, event: &Event, handled: &mut Handled, until: Instant) {
        let Some(FollowUp { effects: Ok(approved), done, .. }) = &mut handled.follow_up else {
            return;
        };
        let started = Instant::now();
        let carried_out = Box::pin(self.effects.carry_out(event, approved, until, done));
        let ended = catch_panic(carried_out).await;
        done.took += started.elapsed();
        if let Err(error) = ended.and_then(|ended| Ok(ended?)) {
            handled.end = undelivered(error);
        }
    }

    /// What the mapper makes of the backend's `answer`, or why it does not.
    async fn concluded(
        &self,
        event: &Event,
        answer: Result<Answer, backend::Error>,
        until: Instant,
    ) -> Result<FollowUp, Error> {
        let mapper = self.mapper.as_ref().map_err(|reason| Error::NoMapper(reason.clone()))?;
        let answer = answer?;
        if Instant::now() >= until {
            return Err(Error::OutOfTime);
        }
        let (concluded, call) = mapper.conclude(event, &answer, until).await;
        let effects = match concluded {
            // The mapper had less time than was promised to it.
            Err(mapper::Error::TimedOut) if Instant::now() >= until => Err(Error::OutOfTime),
            concluded => approved(&self.effects, concluded),
        };
        let done = Done { took: call.took, ..Done::default() };
        Ok(FollowUp { answer, call, effects, done })
    }

    /// Whether somebody wants the backend's answer: a mapper with a follow-up that may write
    /// something.
    pub fn wants_answer(&self) -> bool {
        self.effects.are_wanted() && self.mapper().is_some_and(Mapper::has_follow_up)
    }

    /// Puts `event` into the queue, if there is one and nobody has the event.
    pub async fn keep(&self, event: &Event, handled: Handled, deadlines: &Deadlines) -> Handled {
        let Some(queue) = &self.queue else { return handled };
        let attempts = handled.attempts().len();
        let End::Undelivered { error, .. } = handled.end else { return handled };
        let delivery = handled.delivery.as_ref();
        let attributes = QueueAttributes {
            error_type: error.error_type(),
            attempts,
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

    async fn send(&self, plan: &Plan, until: Instant) -> (End, Option<Delivery>) {
        let request = match &plan.action {
            Ok(Action::Deliver(request)) => request,
            Ok(Action::Skip(code)) => return (End::Skipped(code.clone()), None),
            Err(error) => return (undelivered(error.clone()), None),
        };
        let delivery = self.backend.deliver(request, self.wants_answer(), until).await;
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

/// What a mapper wants to be done with the Cognito user, checked against what `effects` allow.
pub(crate) fn approved(
    effects: &Effects,
    concluded: Result<Vec<Effect>, mapper::Error>,
) -> Result<Approved, Error> {
    Ok(effects.approve(concluded?)?)
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
