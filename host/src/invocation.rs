//! One invocation: an event from Cognito, which gets the same bytes back; a batch from the queue, which is told what has
//! to stay there; or a dry run. What an event and a record of a batch have in common is here, too.

use std::time::Instant;

use lambda_runtime::{Context, LambdaEvent};
use serde_json::value::RawValue;

use crate::backend::Trace;
use crate::config::OnUndelivered;
use crate::deadline::{Clock, Time};
use crate::dry_run;
use crate::error::{Error, Rejection};
use crate::event::Event;
use crate::handler::{Ended, Handler, Kept, Way, caught};
use crate::lenient::Object;
use crate::mapper::Mapper;
use crate::report::Invocation;
use crate::undelivered::{Batch, Record};

impl Handler {
    /// Answers one invocation: with the event as it came, or with a rejection where the operator wants one; and a batch
    /// with the records that have to stay. A dry run is answered with what it found.
    ///
    /// # Errors
    /// The rejection, and what a dry run failed of.
    pub async fn invoke(
        &self,
        LambdaEvent { payload, context, .. }: LambdaEvent<Box<RawValue>>,
        clock: &Clock,
    ) -> Result<Box<RawValue>, Rejection> {
        let trace = Trace::of(context.xray_trace_id.as_deref());
        // Where even reading or reporting panics, the runtime would show the panic's message to the caller.
        let members = Object::of(&payload);
        if let Some(batch) = Batch::of(&members) {
            // On the heap, as the dry run below: every event from Cognito would carry their room along.
            let redelivered = Box::pin(self.redeliver(batch, &context, &trace, clock));
            let answer = caught(redelivered).await;
            // Without an answer all of the batch stays in the queue.
            return answer.ok().flatten().ok_or(Rejection(Error::Host.error_type()));
        }
        if let Some(event) = dry_run::of(&members) {
            // Nobody waits for it, as for a batch.
            let time = clock.batch(context.deadline);
            let dry_run = Box::pin(self.dry_run(event, &context, &trace, &time));
            let answer = caught(dry_run).await.flatten();
            return answer.map_err(|error| {
                self.log.dry_run_failed(&error);
                Rejection(error.error_type())
            });
        }
        let processed = self.process(&members, &payload, &context, &trace, clock);
        match caught(processed).await.unwrap_or_else(|error| Some(error.error_type())) {
            Some(error_type) if self.on_undelivered == OnUndelivered::Reject => Err(Rejection(error_type)),
            Some(_) | None => Ok(payload),
        }
    }

    /// Handles and reports one event. Returns the fixed name of the error where nobody has the user.
    async fn process(
        &self,
        members: &Object<'_>,
        payload: &RawValue,
        context: &Context,
        trace: &Trace,
        clock: &Clock,
    ) -> Option<&'static str> {
        let time = clock.event(context.deadline);
        let event = Event::of(members, payload, &context.request_id);
        let ended = self.handle(&event, trace, &time).await;
        self.report(&event, &ended, context, time, clock, None);
        let lost = match (&ended.way.result, &ended.kept) {
            (Err(error), Some(Kept::Undelivered(_))) => Some(error.error_type()),
            _ => None,
        };
        self.hand_to_shadow(event, ended.way, time.until);
        lost
    }

    pub(crate) fn report(
        &self,
        event: &Event,
        ended: &Ended,
        context: &Context,
        time: Time,
        clock: &Clock,
        record: Option<&Record>,
    ) {
        let mapper = self.mapper().map(Mapper::manifest);
        let request_id = &context.request_id;
        let invocation = Invocation { request_id, time, start_up: clock.start_up(), record, mapper };
        self.log.ended(event, ended, &invocation);
        if let Some(plan) = ended.way.plan.as_ref().filter(|_| self.mapper_logs) {
            self.log.said(event, &plan.said);
        }
    }

    /// Leaves what is to be compared for after the answer.
    pub(crate) fn hand_to_shadow(&self, event: Event, way: Way, until: Instant) {
        if let (Some(shadow), Some(plan)) = (&self.shadow, way.plan) {
            shadow.leave(event, plan.step, until);
        }
    }

    /// What is done after an invocation was answered: comparing what the shadow mapper makes of its events, and making
    /// the sandbox of the next one.
    pub async fn after_answer(&self) {
        if let Some(mapper) = self.mapper() {
            // Before a shadow mapper takes memory, too.
            mapper.drop_used();
        }
        if let Some(shadow) = &self.shadow {
            // Its failure harms nothing, and neither does a fault of the host in it.
            let _ = caught(Box::pin(shadow.compare(&self.backend, &self.log))).await;
        }
        if let Some(mapper) = self.mapper() {
            let _ = caught(mapper.prepare()).await;
        }
    }
}
