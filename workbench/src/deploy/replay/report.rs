//! What `mapper replay` has found, for people and for machines: numbers, and no values, unless they
//! were asked for.

use std::collections::BTreeMap;
use std::path::Path;

use post_confirmation_host::printable;
use serde::Serialize;

use super::keep::Kept;
use super::outcome::{InFull, Outcome, Replayed};
use super::peek::Seen;
use crate::deploy::answer;
use crate::deploy::talk::say;

/// The most ids of messages that one line names.
const NAMED: usize = 3;

/// All of it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report<'a> {
    mapper: &'a Path,
    queues: Vec<Queue<'a>>,
    /// How many queues were not read, because there were enough messages.
    #[serde(skip)]
    unread: usize,
    delivered: usize,
    /// By code.
    skipped: BTreeMap<&'a str, usize>,
    failed: Vec<Failed<'a>>,
    deployed: Compared<'a>,
    kept: Vec<Kept>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    messages: Vec<&'a InFull>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Queue<'a> {
    name: &'a str,
    messages: usize,
    /// About how many more are there.
    more: u64,
    /// About how many somebody else had received.
    in_flight: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_receive_count: Option<u64>,
    /// How many were handed over that often, so that SQS makes them dead letters the next time.
    used_up: usize,
}

/// Messages that would fail in the same way.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Failed<'a> {
    error_type: &'static str,
    error: &'a str,
    count: usize,
    message_ids: Vec<&'a str>,
}

/// The deployed mapper beside the other one.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Compared<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    not_compared: Option<String>,
    events: usize,
    same: usize,
    /// How many events have each kind of difference.
    differences: BTreeMap<&'a str, usize>,
}

impl<'a> Report<'a> {
    /// Counts what would become of the messages `replayed` of the queues `seen` with the mapper in
    /// `file`. So many queues are `unread`.
    pub fn new(
        file: &'a Path,
        seen: &'a [Seen],
        unread: usize,
        replayed: &'a [Replayed],
        not_compared: Option<String>,
        kept: Vec<Kept>,
    ) -> Report<'a> {
        let mut compared =
            Compared { not_compared, events: 0, same: 0, differences: BTreeMap::new() };
        let (mut delivered, mut skipped, mut failed) = (0, BTreeMap::new(), BTreeMap::new());
        for each in replayed {
            match &each.outcome {
                Outcome::Delivered => delivered += 1,
                Outcome::Skipped(code) => *skipped.entry(code.as_str()).or_default() += 1,
                Outcome::Failed { error_type, error } => failed
                    .entry((*error_type, error.as_str()))
                    .or_insert_with(Vec::new)
                    .push(each.message.id.as_str()),
            }
            if let Some(deployed) = &each.deployed {
                compared.add(&deployed.differences);
            }
        }
        let failed = failed.into_iter().map(|((error_type, error), message_ids)| Failed {
            error_type,
            error,
            count: message_ids.len(),
            message_ids,
        });
        Report {
            mapper: file,
            queues: seen.iter().map(Queue::new).collect(),
            unread,
            delivered,
            skipped,
            failed: failed.collect(),
            deployed: compared,
            kept,
            messages: replayed.iter().filter_map(|each| each.shown.as_ref()).collect(),
        }
    }

    /// Whether no message would still fail.
    pub fn is_good(&self) -> bool {
        self.failed.is_empty()
    }

    /// Tells the person.
    pub fn say(&self) {
        self.messages.iter().for_each(|message| message.say());
        self.queues.iter().for_each(Queue::say);
        let read: usize = self.queues.iter().map(|queue| queue.messages).sum();
        if self.unread > 0 {
            say("the queue was not read: the dead letters were enough for --at-most");
        }
        if read == 0 {
            return;
        }
        say(format!("\nof {read} messages, with {}:", self.mapper.display()));
        if self.delivered > 0 {
            say(format!("{:6} {}", self.delivered, Outcome::Delivered));
        }
        for (code, count) in &self.skipped {
            say(format!("{count:6} {}", Outcome::Skipped((*code).to_owned())));
        }
        self.failed.iter().for_each(Failed::say);
        self.deployed.say();
        if !self.kept.is_empty() {
            say("");
        }
        self.kept.iter().for_each(Kept::say);
        say(if self.is_good() {
            "\n`mapper swap` makes this mapper live; then `mapper redrive` moves the dead letters back"
        } else {
            "\n`--show` shows the events, user data included; `--keep N` makes cases of them, without user data"
        });
    }
}

impl<'a> Queue<'a> {
    fn new(seen: &'a Seen) -> Queue<'a> {
        let handed_over = seen.messages.iter().map(|message| {
            answer::number_in_text(&message["Attributes"], "ApproximateReceiveCount").unwrap_or(0)
        });
        let used_up = handed_over.filter(|count| seen.receives.is_some_and(|most| *count >= most));
        Queue {
            name: &seen.queue,
            messages: seen.messages.len(),
            more: seen.more,
            in_flight: seen.in_flight,
            max_receive_count: seen.receives,
            used_up: used_up.count(),
        }
    }

    fn say(&self) {
        let mut line = format!("{}: {} messages were looked at", self.name, self.messages);
        if self.more > 0 {
            line += &format!(", and about {} more are there (--at-most)", self.more);
        }
        if self.in_flight > 0 {
            line += &format!("; about {} are just being delivered", self.in_flight);
        }
        say(line);
        if let Some(most) = self.max_receive_count.filter(|_| self.messages > 0) {
            say(format!("  SQS counts this look as one of {most} attempts (--dead-letters)"));
        }
        if self.used_up > 0 {
            say(format!(
                "  {} have no attempt left and become dead letters, which `mapper redrive` moves back",
                self.used_up
            ));
        }
    }
}

impl Failed<'_> {
    fn say(&self) {
        let Failed { error_type, error, count, message_ids } = self;
        let mut ids = message_ids[..NAMED.min(message_ids.len())].join(", ");
        if message_ids.len() > NAMED {
            ids += &format!(" and {} more", message_ids.len() - NAMED);
        }
        let outcome = Outcome::Failed { error_type, error: (*error).to_owned() };
        say(format!("{count:6} {outcome}\n       (message {ids})"));
    }
}

impl<'a> Compared<'a> {
    fn add(&mut self, differences: &'a [String]) {
        self.events += 1;
        self.same += usize::from(differences.is_empty());
        for difference in differences {
            *self.differences.entry(difference.as_str()).or_default() += 1;
        }
    }

    fn say(&self) {
        if let Some(why) = &self.not_compared {
            say(format!("\nwhat differs from the deployed mapper can't be shown: {why}"));
            return;
        }
        if self.events == 0 {
            return;
        }
        say(format!("\nbeside the deployed mapper, of {} events:", self.events));
        for (difference, count) in &self.differences {
            say(format!("{count:6} {difference}"));
        }
        say(format!("{:6} the same", self.same));
    }
}

impl InFull {
    fn say(&self) {
        let InFull { message_id, received_at, event, mapped } = self;
        anstream::println!(
            "---- message {}, received {received_at} ----\n{}\n{mapped}",
            printable::line(message_id),
            printable::shown(event.get())
        );
    }
}
