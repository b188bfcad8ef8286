//! One invocation: an event from Cognito, which gets the same bytes back, or a batch from the queue, which is told what
//! has to stay there.

use std::panic::AssertUnwindSafe;
use std::time::Instant;

use futures_util::{FutureExt, StreamExt, stream};
use lambda_runtime::{Context, LambdaEvent};
use serde_json::value::RawValue;

use crate::backend::Trace;
use crate::config::OnUndelivered;
use crate::deadline::{Clock, Time};
use crate::error::{Error, Rejection};
use crate::event::Event;
use crate::handler::{Ended, Handler, Kept, Way};
use crate::report::Invocation;
use crate::undelivered::{self, Batch, Record};

/// The most records of a batch at once: as many users as a backend that has just come back is asked to take at a time
/// by each function that redelivers.
const AT_ONCE: usize = 8;

impl Handler {
    /// Answers one invocation: with the event as it came, or with a rejection where the operator wants one; and a batch
    /// with the records that have to stay.
    ///
    /// # Errors
    /// The rejection.
    pub async fn invoke(
        &self,
        LambdaEvent { payload, context, .. }: LambdaEvent<Box<RawValue>>,
        clock: &Clock,
    ) -> Result<Box<RawValue>, Rejection> {
        let trace = Trace::of(context.xray_trace_id.as_deref());
        // Where even reading or reporting panics, the runtime would show the panic's message to the caller.
        match Batch::read(&payload) {
            Some(batch) => {
                let redelivered = self.redeliver(batch, &context, &trace, clock);
                let answer = AssertUnwindSafe(redelivered).catch_unwind().await;
                // Without an answer all of the batch stays in the queue.
                answer.ok().flatten().ok_or(Rejection(Error::Host.error_type()))
            }
            None => {
                let processed = self.process(payload.clone(), &context, &trace, clock);
                let lost = AssertUnwindSafe(processed).catch_unwind().await;
                match lost.unwrap_or(Some(Error::Host.error_type())) {
                    Some(error_type) if self.on_undelivered == OnUndelivered::Reject => Err(Rejection(error_type)),
                    Some(_) | None => Ok(payload),
                }
            }
        }
    }

    /// Handles and reports one event. Returns the fixed name of the error where nobody has the user.
    async fn process(
        &self,
        payload: Box<RawValue>,
        context: &Context,
        trace: &Trace,
        clock: &Clock,
    ) -> Option<&'static str> {
        let time = clock.event(context.deadline);
        let event = Event::read(payload, &context.request_id);
        let ended = self.handle(&event, trace, &time).await;
        self.report(&event, &ended, context, time, clock, None);
        let lost = match (&ended.way.result, &ended.kept) {
            (Err(error), Some(Kept::Undelivered(_))) => Some(error.error_type()),
            _ => None,
        };
        self.hand_to_shadow(event, ended.way, time.until);
        lost
    }

    /// Handles and reports the records of `batch`, and says which have to stay in the queue.
    async fn redeliver(&self, batch: Batch, context: &Context, trace: &Trace, clock: &Clock) -> Option<Box<RawValue>> {
        let time = clock.batch(context.deadline);
        let records = batch.records.iter();
        let ways = records.map(async |record| {
            let time = Time { since: Instant::now(), ..time };
            let way = self.redeliver_one(record, trace, &time).await;
            let kept = way.result.is_err().then_some(Kept::Queued);
            let ended = Ended { way, kept, queueing: None };
            self.report(&record.event, &ended, context, time, clock, Some(record));
            ended
        });
        let ended: Vec<Ended> = stream::iter(ways).buffered(AT_ONCE).collect().await;

        let stays = batch.records.iter().zip(&ended).filter(|(_, ended)| ended.kept.is_some());
        let stays: Vec<&str> = stays.map(|(record, _)| record.message_id.as_str()).collect();
        let answer = undelivered::answer(&stays);
        for (record, ended) in batch.records.into_iter().zip(ended) {
            self.hand_to_shadow(record.event, ended.way, time.until);
        }
        answer
    }

    async fn redeliver_one(&self, record: &Record, trace: &Trace, time: &Time) -> Way {
        if record.readable {
            self.go(&record.event, trace, time.until).await
        } else {
            Way { plan: None, delivery: None, result: Err(Error::Record) }
        }
    }

    fn report(
        &self,
        event: &Event,
        ended: &Ended,
        context: &Context,
        time: Time,
        clock: &Clock,
        record: Option<&Record>,
    ) {
        let invocation = Invocation { request_id: &context.request_id, time, start_up: clock.start_up(), record };
        self.log.ended(event, ended, &invocation, self.mapper.manifest());
        if let Some(plan) = ended.way.plan.as_ref().filter(|_| self.mapper_logs) {
            self.log.said(event, &plan.said);
        }
    }

    /// Leaves what is to be compared for after the answer.
    fn hand_to_shadow(&self, event: Event, way: Way, until: Instant) {
        if let (Some(shadow), Some(plan)) = (&self.shadow, way.plan) {
            shadow.leave(event, plan.step, until);
        }
    }

    /// What is done after an invocation was answered: comparing what the shadow mapper makes of its events.
    pub async fn after_answer(&self) {
        if let Some(shadow) = &self.shadow {
            // Its failure harms nothing, and neither does a fault of the host in it.
            let _ = AssertUnwindSafe(shadow.compare(&self.backend, &self.log)).catch_unwind().await;
        }
    }
}
