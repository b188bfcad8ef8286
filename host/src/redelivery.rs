//! A batch from the queue: its records are mapped and delivered in portions, so that no batch holds more memory than one
//! portion, and the queue is told which of them have to stay.

use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use lambda_runtime::Context;
use serde_json::value::RawValue;

use crate::backend::Trace;
use crate::deadline::{Clock, Time};
use crate::error::Error;
use crate::handler::{Ended, Handler, Kept, Plan, Way, caught};
use crate::undelivered::{self, Batch, Record};

/// The most records that are delivered at once: all of a batch of the usual size.
const AT_ONCE: usize = 10;
/// As much of what mappers made is held at a time, in bytes, and one more answer: a batch of the usual size is one
/// portion unless its requests are large.
const PORTION: usize = 8 * 1024 * 1024;

/// A record that is mapped.
struct Mapped {
    record: Record,
    time: Time,
    plan: Result<Plan, Error>,
}

/// The records of a batch that are still to be mapped.
struct Waiting<I> {
    records: I,
    whole: Time,
    /// How long mapping has taken so far.
    mapping: Duration,
}

impl Handler {
    /// Handles and reports the records of `batch`, and says which have to stay in the queue.
    pub(crate) async fn redeliver(
        &self,
        batch: Batch,
        context: &Context,
        trace: &Trace,
        clock: &Clock,
    ) -> Option<Box<RawValue>> {
        let whole = clock.batch(context.deadline);
        let records = batch.records.into_iter().enumerate();
        let mut waiting = Waiting { records, whole, mapping: Duration::ZERO };
        let mut stay = Vec::new();
        while waiting.records.len() > 0 {
            let portion = self.map_portion(&mut waiting, trace).await;
            // One that hangs has the share of its portion, and the next portion has its own.
            let until = whole.portion(portion.len(), waiting.records.len());
            let ends = portion.into_iter().map(async |mapped| self.end(mapped, until, context, clock).await);
            let ends: Vec<Option<String>> = stream::iter(ends).buffer_unordered(AT_ONCE).collect().await;
            stay.extend(ends.into_iter().flatten());
        }
        undelivered::answer(&stay)
    }

    /// Maps the next records until a portion is full. They are mapped one after the other and all before the portion's
    /// first request: a mapper that loops keeps the thread to itself, and nobody else's request may wait for it.
    async fn map_portion(
        &self,
        waiting: &mut Waiting<impl ExactSizeIterator<Item = (usize, Record)>>,
        trace: &Trace,
    ) -> Vec<Mapped> {
        let mut portion = Vec::new();
        let mut held = 0;
        while held < PORTION {
            let (left, whole) = (waiting.records.len(), waiting.whole);
            let Some((place, record)) = waiting.records.next() else { break };
            // What began with the process is the first record.
            let time = Time { cold: whole.cold && place == 0, since: Instant::now(), ..whole };
            let plan = if record.readable {
                let until = whole.share(left, waiting.mapping);
                caught(self.plan(&record.event, trace, until)).await
            } else {
                Err(Error::Record)
            };
            waiting.mapping += time.since.elapsed();
            held += plan.as_ref().map_or(0, Plan::held);
            portion.push(Mapped { record, time, plan });
        }
        portion
    }

    /// Does what is planned for a record before `until` and reports how it ended. Returns the record's id if it has to
    /// stay in the queue. Nothing else is kept of it, unless a shadow mapper has to see it.
    async fn end(&self, mapped: Mapped, until: Instant, context: &Context, clock: &Clock) -> Option<String> {
        let Mapped { record, time, plan } = mapped;
        let way = match plan {
            Ok(plan) => self.carry_out_safely(plan, until).await,
            Err(error) => Way::without_plan(error),
        };
        let kept = way.result.is_err().then_some(Kept::Queued);
        let ended = Ended { way, kept, queueing: None };
        self.report(&record.event, &ended, context, time, clock, Some(&record));
        let stays = ended.kept.is_some();
        self.hand_to_shadow(record.event, ended.way, time.until);
        stays.then_some(record.message_id)
    }
}
