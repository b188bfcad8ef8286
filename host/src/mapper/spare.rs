//! The sandbox outside of events: the last event's until it is dropped, then the next one's until that comes. There is
//! never more than one, so that a mapper may take all the memory that the function has.

use std::sync::{Mutex, PoisonError};

use wasmtime::Store;

use super::bindings;
use super::sandbox::Sandbox;

/// The sandbox that no event is in.
#[derive(Default)]
pub(super) struct Spare(Mutex<State>);

#[derive(Default)]
enum State {
    #[default]
    Nothing,
    /// An event was in it. It is good for nothing but dropping, which takes some time.
    Used(Box<Store<Sandbox>>),
    /// An event was in it, and it is gone: another one is to be made.
    Due,
    /// No event was in it.
    Ready(Box<(Store<Sandbox>, bindings::Mapper)>),
}

impl Spare {
    /// The one that is ready. A used one goes, to make room for what is made in its place.
    pub(super) fn take_ready(&self) -> Option<(Store<Sandbox>, bindings::Mapper)> {
        match self.replace(State::Nothing) {
            State::Ready(ready) => Some(*ready),
            State::Used(_) | State::Due | State::Nothing => None,
        }
    }

    /// Drops the one that was used, where there is one.
    pub(super) fn drop_used(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *state = match std::mem::take(&mut *state) {
            State::Used(used) => {
                drop(used);
                State::Due
            }
            other => other,
        };
    }

    /// Whether another one is to be made; from now on it is not.
    pub(super) fn take_due(&self) -> bool {
        self.drop_used();
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let due = matches!(*state, State::Due);
        if due {
            *state = State::Nothing;
        }
        due
    }

    pub(super) fn put_used(&self, store: Store<Sandbox>) {
        self.replace(State::Used(Box::new(store)));
    }

    pub(super) fn put_ready(&self, store: Store<Sandbox>, mapper: bindings::Mapper) {
        self.replace(State::Ready(Box::new((store, mapper))));
    }

    fn replace(&self, state: State) -> State {
        std::mem::replace(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner), state)
    }
}
