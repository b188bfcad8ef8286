//! Putting many events into the queue: if SQS refuses one, all others are still queued.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};

use super::answer;
use super::aws::{self, AwsError};
use super::functions::pause;

/// The most entries and bytes that SendMessageBatch takes: 1 MiB, and 256 KiB before August 2025.
const BATCH: usize = 10;
const BATCH_SIZE: usize = 256 * 1024;
/// How many batches are sent at once, and how often each message is tried.
const AT_ONCE: usize = 4;
const TRIES: u32 = 4;
/// The codes with which SQS refuses a whole request because of one message, or because of its size.
const CONTENT: [&str; 4] = [
    "BatchRequestTooLong",
    "InvalidMessageContents",
    "InvalidParameterValue",
    "InvalidParameterValueException",
];

/// An event that is to be queued.
#[derive(Clone)]
pub struct Entry {
    /// Whose it is.
    pub sub: String,
    /// The event.
    pub body: String,
}

/// A message that SQS did not take, and its code for the reason.
type Refusal<'a> = (&'a Entry, String);

/// Puts events into a queue.
pub struct Queueing<'a> {
    url: &'a str,
    queued: AtomicUsize,
    refused: Mutex<Vec<(String, String)>>,
}

impl<'a> Queueing<'a> {
    /// Into the queue at `url`. Nothing is queued yet.
    pub fn new(url: &'a str) -> Queueing<'a> {
        Queueing { url, queued: AtomicUsize::new(0), refused: Mutex::default() }
    }

    /// How many are queued.
    pub fn queued(&self) -> usize {
        self.queued.load(Ordering::SeqCst)
    }

    /// Each refused sub with SQS's code.
    pub fn refused(&self) -> MutexGuard<'_, Vec<(String, String)>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts entries into the queue.
    ///
    /// # Errors
    /// SQS refuses for another reason than a message.
    pub fn put(&self, entries: &[Entry]) -> Result<()> {
        for several in batches(entries).chunks(AT_ONCE) {
            // All of them finish before the first error counts, so the count is right.
            let sent: Vec<Result<()>> = thread::scope(|threads| {
                let sending: Vec<_> =
                    several.iter().map(|batch| threads.spawn(|| self.send(batch))).collect();
                sending.into_iter().filter_map(|thread| thread.join().ok()).collect()
            });
            sent.into_iter().collect::<Result<()>>()?;
        }
        Ok(())
    }

    /// Queues a batch, and retries each entry alone that SQS did not take.
    fn send(&self, batch: &[Entry]) -> Result<()> {
        let mut missing = self.try_once(batch)?;
        let mut alone = batch.len() == 1;
        for attempt in 1..TRIES {
            if alone {
                // SQS will never take these.
                let (never, others) = missing.into_iter().partition(is_for_content);
                self.refuse(never);
                missing = others;
            }
            if !missing.iter().all(is_for_content) {
                pause(Duration::from_secs((1 << attempt) - 1))?;
            }
            let mut again = Vec::new();
            for (entry, _) in missing {
                again.extend(self.try_once(std::slice::from_ref(entry))?);
            }
            (missing, alone) = (again, true);
        }
        self.refuse(missing);
        Ok(())
    }

    /// Records users whom SQS does not take.
    fn refuse(&self, missing: Vec<Refusal<'_>>) {
        let subs = missing.into_iter().map(|(entry, code)| (entry.sub.clone(), code));
        self.refused().extend(subs);
    }

    /// Sends a batch once. Returns the entries that SQS did not take.
    fn try_once<'b>(&self, batch: &'b [Entry]) -> Result<Vec<Refusal<'b>>, AwsError> {
        let sent = batch.iter().enumerate();
        let sent =
            sent.map(|(id, entry)| json!({ "Id": id.to_string(), "MessageBody": entry.body }));
        let given = json!({ "QueueUrl": self.url, "Entries": sent.collect::<Vec<Value>>() });
        let found = match aws::call("sqs", "send-message-batch", given) {
            Err(error) if is_content(error.code()) => {
                let refused = batch.iter().map(|entry| (entry, error.code().to_owned()));
                return Ok(refused.collect());
            }
            found => found?,
        };
        let mut missing = Vec::new();
        for (id, entry) in batch.iter().enumerate() {
            if about(id, &found, "Successful").is_some() {
                self.queued.fetch_add(1, Ordering::SeqCst);
            } else {
                let failed = about(id, &found, "Failed");
                let code = failed.and_then(|failed| failed["Code"].as_str());
                missing.push((entry, code.unwrap_or("NoAnswer").to_owned()));
            }
        }
        Ok(missing)
    }
}

/// What SQS says in a `list` of the answer `found` about the message `id` of a batch.
fn about<'a>(id: usize, found: &'a Value, list: &str) -> Option<&'a Value> {
    answer::items(found, list).iter().find(|it| it["Id"] == id.to_string().as_str())
}

fn is_for_content((_, code): &Refusal<'_>) -> bool {
    is_content(code)
}

/// Whether a code, which may have a prefix, says that a message is at fault.
fn is_content(code: &str) -> bool {
    CONTENT.iter().any(|content| code.ends_with(content))
}

/// The entries in batches that SQS takes.
fn batches(entries: &[Entry]) -> Vec<Vec<Entry>> {
    let mut batches: Vec<Vec<Entry>> = Vec::new();
    let mut size = 0;
    for entry in entries {
        match batches.last_mut() {
            Some(batch) if batch.len() < BATCH && size + entry.body.len() <= BATCH_SIZE => {
                batch.push(entry.clone());
                size += entry.body.len();
            }
            _ => {
                batches.push(vec![entry.clone()]);
                size = entry.body.len();
            }
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::{BATCH_SIZE, Entry, batches};

    /// How many entries the batches have of so many with this body.
    fn sizes(body: &str, number: usize) -> Vec<usize> {
        let entry = Entry { sub: "sub".to_owned(), body: body.to_owned() };
        batches(&vec![entry; number]).iter().map(Vec::len).collect()
    }

    #[test]
    fn batches_fit_into_sqs() {
        assert_eq!(sizes(&"x".repeat(100_000), 5), [2, 2, 1]);
        assert_eq!(sizes(&"ä".repeat(BATCH_SIZE / 20), 11), [10, 1]);
        assert_eq!(sizes(&"ä".repeat(BATCH_SIZE / 20 + 1), 11), [9, 2]);
        assert_eq!(sizes(&"x".repeat(BATCH_SIZE + 1), 2), [1, 1]);
        assert_eq!(sizes("", 0), [0; 0]);
    }
}
