//! What is known about one event: what is to be done with it, and how it ended. Pure data, and the
//! only place that knows the names of the ends in the log.

use std::time::Duration;

use reqwest::StatusCode;

use crate::backend::{Answer, Attempt, Delivery, PreparedRequest};
use crate::effects::{Approved, Done};
use crate::error::Error;
use crate::mapper::{Code, MapperCall};
use crate::queue;

const DELIVERED: &str = "delivered";
const SKIPPED: &str = "skipped";
const QUEUED: &str = "queued";
const UNDELIVERED: &str = "undelivered";

/// What is to be done with an event.
#[derive(Debug)]
pub enum Action {
    /// Deliver this.
    Deliver(Box<PreparedRequest>),
    /// Nothing, for the reason with this code.
    Skip(Code),
}

/// What the mapper made of an event.
pub struct Plan {
    /// What is to be done, or why nothing can be.
    pub action: Result<Action, Error>,
    /// The call of the mapper. None if it never ran.
    pub call: Option<MapperCall>,
}

/// How an event ended.
#[derive(Debug)]
pub enum End {
    /// The backend has the user; its answer's status.
    Delivered(StatusCode),
    /// The mapper wants nothing delivered, for the reason with this code.
    Skipped(Code),
    /// The queue has the event, because of this error.
    Queued(Error),
    /// Nobody has the event.
    Undelivered {
        /// Why the backend does not have it.
        error: Error,
        /// Why the queue does not have it. None if there is no queue.
        queue: Option<queue::Error>,
    },
}

/// What the mapper wanted once the backend had the user.
pub struct FollowUp {
    /// The backend's answer.
    pub answer: Answer,
    /// The mapper's call.
    pub call: MapperCall,
    /// What is to be done with the Cognito user, or why nothing can be.
    pub effects: Result<Approved, Error>,
    /// What of it was done.
    pub done: Done,
}

/// What was done with an event.
pub struct Handled {
    /// How it ended.
    pub end: End,
    /// What was to be done with it.
    pub plan: Plan,
    /// The delivery. None if nothing was to be sent.
    pub delivery: Option<Delivery>,
    /// What came after the delivery. None if the mapper was not asked.
    pub follow_up: Option<FollowUp>,
    /// How long the queue took. None if it was not asked.
    pub queue_time: Option<Duration>,
}

impl Handled {
    /// What was done by `plan` so far, without a follow-up and a queue.
    pub fn new(end: End, plan: Plan, delivery: Option<Delivery>) -> Handled {
        Handled { end, plan, delivery, follow_up: None, queue_time: None }
    }

    /// The attempts of the delivery. None if nothing was sent.
    pub fn attempts(&self) -> &[Attempt] {
        self.delivery.as_ref().map(|delivery| delivery.attempts.as_slice()).unwrap_or_default()
    }

    /// Whether the backend has the user, however the event ended.
    pub fn is_at_backend(&self) -> bool {
        self.attempts().last().is_some_and(|last| last.result.is_ok())
    }

    /// What was done after the delivery: nothing if the event failed before the mapper was asked.
    /// None if it was not to be asked.
    pub fn done(&self) -> Option<Done> {
        let unasked = self.is_at_backend() && self.end.error().is_some();
        self.follow_up.as_ref().map(|it| it.done).or_else(|| unasked.then(Done::default))
    }

    /// Whether the backend has answered what the mapper wants to know and does not know yet.
    pub fn is_answered(&self) -> bool {
        self.delivery.as_ref().is_some_and(|delivery| delivery.answer.is_some())
    }
}

impl Plan {
    /// The plan for an event that failed before the mapper finished.
    pub fn failed(error: Error) -> Plan {
        Plan { action: Err(error), call: None }
    }

    /// How much memory it holds, in bytes, apart from what every plan holds.
    pub fn size(&self) -> usize {
        let action = self.action.as_ref().map_or(0, Action::size);
        let output = self.call.as_ref().map_or(0, |call| call.output.size());
        action + output
    }
}

impl Action {
    /// The name of the end that an event has if nothing fails.
    pub fn intended_end(&self) -> &'static str {
        match self {
            Action::Deliver(_) => DELIVERED,
            Action::Skip(_) => SKIPPED,
        }
    }

    /// How much memory it holds, in bytes.
    pub fn size(&self) -> usize {
        match self {
            Action::Deliver(request) => request.size(),
            Action::Skip(code) => code.as_str().len(),
        }
    }
}

impl End {
    /// The fixed name of this end, `end` in the log. Monitoring depends on it.
    pub fn name(&self) -> &'static str {
        match self {
            End::Delivered(_) => DELIVERED,
            End::Skipped(_) => SKIPPED,
            End::Queued(_) => QUEUED,
            End::Undelivered { .. } => UNDELIVERED,
        }
    }

    /// Why the backend does not have the user. None if the event ended well.
    pub fn error(&self) -> Option<&Error> {
        match self {
            End::Delivered(_) | End::Skipped(_) => None,
            End::Queued(error) | End::Undelivered { error, .. } => Some(error),
        }
    }
}
