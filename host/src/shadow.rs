//! A second mapper that maps every event after Cognito has its answer. Nothing of it is sent or
//! written: only whether and how its requests and effects differ is logged, so that a new mapper
//! can be watched on real events before it is swapped in.

pub mod compare;

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use tokio::sync::OnceCell;

use crate::backend::{Answer, Trace};
use crate::effects::Approved;
use crate::error::Error;
use crate::event::Event;
use crate::mapper::{Mapper, Settings};
use crate::outcome::{Action, FollowUp};
use crate::pipeline::{self, Pipeline};
use crate::report::Log;

/// The most memory that events and requests hold while they wait, in bytes. One event may hold
/// more.
const ROOM: usize = 8 * 1024 * 1024;

/// The shadow mapper of this process.
pub struct Shadow {
    settings: Settings,
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
    /// The backend's answer, and what was to be done after it. None if the mapper was not asked.
    answered: Option<(Answer, Result<Approved, Error>)>,
    until: Instant,
}

impl Shadow {
    /// The shadow mapper of `settings`, which is not loaded before its first event is compared.
    pub fn new(settings: Settings) -> Shadow {
        Shadow { settings, mapper: OnceCell::new(), pending: Mutex::default() }
    }

    /// Leaves `event`, for which the mapper planned `action` and then the `follow_up`, to be
    /// compared before `until`. Of a batch as much is left as there is room for: a sample of it
    /// will do.
    pub fn enqueue(
        &self,
        event: Event,
        action: Result<Action, Error>,
        follow_up: Option<FollowUp>,
        until: Instant,
    ) {
        let answered = follow_up.map(|it| (it.answer, it.effects));
        let held = event.size()
            + action.as_ref().map_or(0, Action::size)
            + answered.as_ref().map_or(0, |(answer, _)| answer.size());
        let mut left = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        if left.events.is_empty() || left.held + held <= ROOM {
            left.held += held;
            left.events.push(PendingEvent { event, action, answered, until });
        }
    }

    /// Compares all that was left for which there is still time, and logs it.
    pub async fn compare(&self, pipeline: &Pipeline, log: &Log) {
        let left =
            std::mem::take(&mut *self.pending.lock().unwrap_or_else(PoisonError::into_inner))
                .events;
        let Some(mapper) = self.mapper.get_or_init(async || self.load(log)).await else { return };
        for pending in left {
            if Instant::now() < pending.until {
                let differences = differences(mapper, pipeline, &pending).await;
                log.shadow(&pending.event, mapper.identity(), &differences);
            }
        }
        // The memory is the mapper's when the next event comes.
        mapper.drop_used();
    }

    fn load(&self, log: &Log) -> Option<Mapper> {
        Mapper::load(self.settings.clone()).map_err(|error| log.no_shadow(&error)).ok()
    }
}

/// How what the shadow `mapper` makes of an event differs from what was made of it.
async fn differences(mapper: &Mapper, pipeline: &Pipeline, pending: &PendingEvent) -> Vec<String> {
    let PendingEvent { event, action: made, answered, until } = pending;
    let (result, _) = mapper.transform(event, *until).await;
    // The trace is the host's, so it would be the same.
    let shadow = match result {
        Ok(outcome) => pipeline::action(pipeline.backend(), outcome, event, &Trace::default()),
        Err(error) => Err(error.into()),
    };
    let mut differences = compare::actions(event, made, &shadow);
    let (own, new) = (pipeline.mapper().is_some_and(Mapper::has_follow_up), mapper.has_follow_up());
    let both = matches!((made, &shadow), (Ok(Action::Deliver(_)), Ok(Action::Deliver(_))));
    if both && new && !own && pipeline.effects().are_wanted() {
        // There is no answer to ask it with.
        differences.push("follow-up: added".to_owned());
    }
    if let (Some((answer, made)), Ok(Action::Deliver(_))) = (answered, &shadow) {
        let concluded =
            if new { mapper.conclude(event, answer, *until).await.0 } else { Ok(Vec::new()) };
        let shadow = pipeline::approved(pipeline.effects(), concluded);
        differences.extend(compare::effects(made, &shadow));
    }
    differences
}
