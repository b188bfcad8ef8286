//! A batch from the queue: its records are mapped and delivered in portions, so that a batch holds
//! no more memory than one portion, and the queue is told which records have to stay.

use std::iter::Enumerate;
use std::time::{Duration, Instant};
use std::vec::IntoIter;

use futures_util::{StreamExt, stream};
use lambda_runtime::Context;
use serde_json::value::RawValue;

use super::Function;
use crate::backend::{Answer, Trace};
use crate::deadline::Deadlines;
use crate::error::Error;
use crate::outcome::{End, Handled, Plan};
use crate::pipeline::catch_panic;
use crate::queue::{self, Batch, Record};
use crate::report::Redelivery;

/// The most records that are delivered at once: all of a batch of the usual size.
const MAX_CONCURRENT: usize = 10;
/// A portion is full if its plans, and the answers that may come, hold this much memory, in bytes.
/// A batch of the usual size is one portion unless its requests are large.
const PORTION: usize = 8 * 1024 * 1024;

/// A record that is mapped.
struct Mapped {
    record: Record,
    deadlines: Deadlines,
    plan: Plan,
}

/// A record whose request has been sent.
struct Sent {
    record: Record,
    deadlines: Deadlines,
    handled: Handled,
}

/// The records of a batch that are still to be mapped.
struct Remaining {
    records: Enumerate<IntoIter<Record>>,
    batch: Deadlines,
    /// How long mapping has taken so far.
    spent: Duration,
}

impl Function {
    /// Handles and reports the records of `batch`, and says which have to stay in the queue.
    pub(super) async fn redeliver(
        &self,
        batch: Batch,
        context: &Context,
        trace: &Trace,
    ) -> Option<Box<RawValue>> {
        let deadlines = self.clock.batch(context.deadline);
        let records = batch.records.into_iter().enumerate();
        let mut remaining = Remaining { records, batch: deadlines, spent: Duration::ZERO };
        let mut failed = Vec::new();
        while remaining.records.len() > 0 {
            let portion = self.map_portion(&mut remaining, trace).await;
            // A request that hangs uses up the time of its portion alone.
            let until = deadlines.portion(portion.len(), remaining.records.len());
            let requests =
                if self.pipeline.wants_answer() { Deadlines::requests(until) } else { until };
            let sent = portion.into_iter().map(async |mapped| self.send(mapped, requests).await);
            let mut sent = stream::iter(sent).buffer_unordered(MAX_CONCURRENT);
            let mut answered = Vec::new();
            while let Some(sent) = sent.next().await {
                if sent.handled.is_answered() {
                    answered.push(sent);
                } else {
                    failed.extend(self.finish(sent, until, context).await);
                }
            }
            // One after the other and between the requests, for the same reason as mapping.
            let left = (1..=answered.len()).rev();
            for (left, Sent { record, handled, .. }) in left.zip(&mut answered) {
                let until = Deadlines::follow_up(left, until);
                self.pipeline.ask_follow_up(&record.event, handled, until).await;
            }
            let ends =
                answered.into_iter().map(async |sent| self.finish(sent, until, context).await);
            let ends: Vec<Option<String>> =
                stream::iter(ends).buffer_unordered(MAX_CONCURRENT).collect().await;
            failed.extend(ends.into_iter().flatten());
        }
        queue::answer(&failed)
    }

    /// Maps the next records until a portion is full. They are mapped one after the other and
    /// before the portion's first request: a mapper that loops keeps the thread to itself, and no
    /// request may wait for it.
    async fn map_portion(&self, remaining: &mut Remaining, trace: &Trace) -> Vec<Mapped> {
        let mut portion = Vec::new();
        let mut size = 0;
        // The answers of a portion are held until all of its requests are over.
        let answer = if self.pipeline.wants_answer() { Answer::MAX_SIZE } else { 0 };
        while size < PORTION {
            let left = remaining.records.len();
            let Some((index, record)) = remaining.records.next() else { break };
            // Only the first record is the one that began with the process.
            let cold = remaining.batch.cold && index == 0;
            let deadlines = Deadlines { cold, started: Instant::now(), ..remaining.batch };
            let plan = if record.readable {
                let until = remaining.batch.mapping(left, remaining.spent);
                let plan = self.pipeline.plan(&record.event, trace, until);
                catch_panic(plan).await.unwrap_or_else(Plan::failed)
            } else {
                Plan::failed(Error::Record)
            };
            remaining.spent += deadlines.started.elapsed();
            size += plan.size() + answer;
            portion.push(Mapped { record, deadlines, plan });
        }
        portion
    }

    async fn send(&self, mapped: Mapped, until: Instant) -> Sent {
        let Mapped { record, deadlines, plan } = mapped;
        Sent { record, deadlines, handled: self.pipeline.deliver(plan, until).await }
    }

    /// Does what is to follow a record's delivery before `until`, and reports how it ended. Returns
    /// the record's id if it has to stay in the queue.
    async fn finish(&self, sent: Sent, until: Instant, context: &Context) -> Option<String> {
        let Sent { record, deadlines, mut handled } = sent;
        self.pipeline.carry_out(&record.event, &mut handled, until).await;
        let (end, stays) = match handled.end {
            // It is in the queue already, and stays there.
            End::Undelivered { error, .. } => (End::Queued(error), true),
            end => (end, false),
        };
        let handled = Handled { end, ..handled };
        let Record { event, message_id, receive_count, .. } = record;
        let record = Redelivery { message_id: &message_id, receive_count };
        self.report(event, handled, context, deadlines, Some(record));
        stays.then_some(message_id)
    }
}
