//! What would become of a message, and what does with the deployed mapper. Nothing here but what is
//! to be shown in full holds a value of a user.

use std::fmt;

use post_confirmation_host::compare;
use post_confirmation_host::error::Error;
use post_confirmation_host::outcome::{Action, Plan};
use serde::Serialize;
use serde_json::value::RawValue;

use super::dry::DryMapper;
use super::message::Message;
use crate::render::Shown;

/// How an event would end if the backend took it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// The backend gets it.
    Delivered,
    /// Nothing is sent, for the reason with this code.
    Skipped(String),
    /// It stays in its queue.
    Failed {
        /// As in the function's log.
        error_type: &'static str,
        /// What happens.
        error: String,
    },
}

/// A message that was mapped.
pub struct Replayed {
    /// The message.
    pub message: Message,
    /// How it would end.
    pub outcome: Outcome,
    /// The same with the deployed mapper, and how the two differ. None if that was not tried.
    pub deployed: Option<Deployed>,
    /// All of it, if it is to be shown.
    pub shown: Option<InFull>,
}

/// What the deployed mapper makes of an event.
pub struct Deployed {
    /// How the event ends.
    pub outcome: Outcome,
    /// What the other mapper makes differently, by kind.
    pub differences: Vec<String>,
}

/// An event and what comes of it, user data included.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InFull {
    /// SQS's id of the message.
    pub message_id: String,
    /// When the function first got the event.
    pub received_at: String,
    /// The event.
    pub event: Box<RawValue>,
    /// What comes of it.
    pub mapped: Shown,
}

impl Replayed {
    /// Maps `message` with a mapper, and with the deployed one if there is one to compare with.
    pub fn new(
        message: Message,
        mapper: &DryMapper,
        deployed: Option<&DryMapper>,
        show: bool,
    ) -> Replayed {
        let event = match &message.event {
            Ok(event) => event,
            Err(why) => {
                let (error_type, error) = (Error::Record.error_type(), (*why).to_owned());
                let outcome = Outcome::Failed { error_type, error };
                return Replayed { message, outcome, deployed: None, shown: None };
            }
        };
        let plan = mapper.plan(event);
        let shown = show.then(|| InFull {
            message_id: message.id.clone(),
            received_at: event.received_at_text(),
            event: event.json.clone(),
            mapped: mapper.shown(event, &plan),
        });
        let deployed = deployed.map(|deployed| {
            let made = deployed.plan(event);
            let differences = compare::actions(event, &made.action, &plan.action);
            Deployed { outcome: Outcome::planned(&made), differences }
        });
        Replayed { outcome: Outcome::planned(&plan), message, deployed, shown }
    }
}

impl Outcome {
    /// What comes of `plan` if the backend takes the request.
    pub fn planned(plan: &Plan) -> Outcome {
        match &plan.action {
            Ok(Action::Deliver(_)) => Outcome::Delivered,
            Ok(Action::Skip(code)) => Outcome::Skipped(code.to_string()),
            Err(error) => {
                Outcome::Failed { error_type: error.error_type(), error: error.to_string() }
            }
        }
    }
}

/// As it goes on after a number of messages.
impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Delivered => f.write_str("would be delivered"),
            Outcome::Skipped(code) => write!(f, "would be skipped: {code}"),
            Outcome::Failed { error_type, error } => {
                write!(f, "would still fail: {error_type}: {error}")
            }
        }
    }
}
