//! The sandbox outside of events: the last event's until it is dropped, then the next one's until
//! that comes. There is never more than one, so that a mapper may take all the memory that the
//! function has.

use std::sync::{Mutex, MutexGuard, PoisonError};

use wasmtime::Store;

use super::bindings;
use super::sandbox::Sandbox;

/// The sandbox that no event is in.
#[derive(Default)]
pub(super) struct Standby(Mutex<State>);

#[derive(Default)]
enum State {
    #[default]
    Nothing,
    /// An event was in it. It can only be dropped, which takes some time, or has been dropped
    /// already.
    Used(Option<Box<Store<Sandbox>>>),
    /// No event was in it.
    Ready(Box<(Store<Sandbox>, bindings::Mapper)>),
}

impl Standby {
    /// The one that is ready. A used one is dropped, to make room for what is made in its place.
    pub(super) fn take_ready(&self) -> Option<(Store<Sandbox>, bindings::Mapper)> {
        match self.replace(State::Nothing) {
            State::Ready(ready) => Some(*ready),
            State::Used(_) | State::Nothing => None,
        }
    }

    /// Drops the one that was used, if there is one.
    pub(super) fn drop_used(&self) {
        if let State::Used(used) = &mut *self.lock() {
            *used = None;
        }
    }

    /// Whether an event was in it, so that another one is to be made. A used one is dropped.
    pub(super) fn needs_refill(&self) -> bool {
        let mut state = self.lock();
        let due = matches!(*state, State::Used(_));
        if due {
            *state = State::Nothing;
        }
        due
    }

    /// Notes that an event was in it, and holds it if it is to be dropped later.
    pub(super) fn retire(&self, store: Option<Store<Sandbox>>) {
        self.replace(State::Used(store.map(Box::new)));
    }

    pub(super) fn put_ready(&self, store: Store<Sandbox>, mapper: bindings::Mapper) {
        self.replace(State::Ready(Box::new((store, mapper))));
    }

    fn replace(&self, state: State) -> State {
        std::mem::replace(&mut *self.lock(), state)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
