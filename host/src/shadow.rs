//! A second mapper that maps every event after Cognito has its answer. Nothing of it is sent: only
//! whether and how its requests differ is logged, so that a new mapper can be watched on real
//! events before it is swapped in.

mod compare;

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use tokio::sync::OnceCell;

use crate::backend::{Backend, Trace};
use crate::error::Error;
use crate::event::Event;
use crate::mapper::{Mapper, Settings};
use crate::outcome::Action;
use crate::pipeline::action;
use crate::report::Log;

/// The most memory that events and requests hold while they wait, in bytes. One event may hold more.
const ROOM: usize = 8 * 1024 * 1024;

/// The shadow mapper of this process.
pub struct Shadow {
    settings: Mutex<Option<Settings>>,
    mapper: OnceCell<Option<Mapper>>,
    pending: Mutex<Pending>,
}

/// What was left to be compared since the last time.
#[derive(Default)]
struct Pending {
    events: Vec<PendingEvent>,
    /// How much of memory they hold, in bytes.
    held: usize,
}

/// An event that was left to be compared, and what the mapper made of it.
struct PendingEvent {
    event: Event,
    action: Result<Action, Error>,
    until: Instant,
}

impl Shadow {
    /// The shadow mapper of `settings`, which is not loaded before its first event is compared.
    pub fn new(settings: Settings) -> Shadow {
        Shadow {
            settings: Mutex::new(Some(settings)),
            mapper: OnceCell::new(),
            pending: Mutex::default(),
        }
    }

    /// Leaves `event`, for which the mapper planned `action`, to be compared before `until`. Of a
    /// batch as much is left as there is room for: a sample of it will do.
    pub fn enqueue(&self, event: Event, action: Result<Action, Error>, until: Instant) {
        let held = event.size() + action.as_ref().map_or(0, Action::size);
        let mut left = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        if left.events.is_empty() || left.held + held <= ROOM {
            left.held += held;
            left.events.push(PendingEvent { event, action, until });
        }
    }

    /// Compares all that was left for which there is still time, and logs it.
    pub async fn compare(&self, backend: &Backend, log: &Log) {
        let left =
            std::mem::take(&mut *self.pending.lock().unwrap_or_else(PoisonError::into_inner))
                .events;
        let Some(mapper) = self.mapper.get_or_init(async || self.load(log)).await else { return };
        for PendingEvent { event, action: planned, until } in left {
            if Instant::now() >= until {
                continue;
            }
            let (result, _) = mapper.transform(&event, until).await;
            // The trace is the host's, so it would be the same.
            let shadow = match result {
                Ok(outcome) => action(backend, outcome, &event, &Trace::default()),
                Err(error) => Err(error.into()),
            };
            log.shadow(&event, mapper.identity(), &compare::actions(&event, &planned, &shadow));
        }
        // The memory is the mapper's when the next event comes.
        mapper.drop_used();
    }

    fn load(&self, log: &Log) -> Option<Mapper> {
        let settings = self.settings.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        Mapper::load(settings).map_err(|error| log.no_shadow(&error)).ok()
    }
}
