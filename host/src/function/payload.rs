//! What an invocation is about: its payload tells events, batches and dry runs apart.

use serde_json::value::RawValue;

use crate::lenient::Object;
use crate::queue::Batch;

/// The one member of a dry run's payload; it holds the event. Cognito's own events have other
/// members, whatever a user writes into them.
const DRY_RUN: &str = "dryRun";

/// The payload of an invocation.
pub(super) enum Payload<'a> {
    /// An event from Cognito, by its members. Reading never fails: whatever is nothing else is an
    /// event.
    Event(Object<'a>),
    /// A batch from the queue.
    Batch(Batch),
    /// An event that is only to be tried.
    DryRun(&'a RawValue),
}

impl Payload<'_> {
    pub(super) fn parse(json: &RawValue) -> Payload<'_> {
        let members = Object::parse(json);
        if let Some(batch) = Batch::parse(&members) {
            return Payload::Batch(batch);
        }
        match members.get(DRY_RUN) {
            Some(event) if members.is_single() => Payload::DryRun(event),
            _ => Payload::Event(members),
        }
    }
}
