//! How far a recipe has come: an error after its first change says what is left, and how to go on.

use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Error, anyhow};

/// What an error leaves behind; None before the first change.
static LEFT: Mutex<Option<String>> = Mutex::new(None);

/// From now on things are changed, and an interruption is an error of the next call.
///
/// `left` says what an error leaves behind, and how to go on. It is empty if the errors say so
/// themselves.
pub fn leave(left: impl Into<String>) {
    *locked() = Some(left.into());
}

/// Whether something may be changed already.
pub fn begun() -> bool {
    locked().is_some()
}

/// The error that ends a recipe, with what is left.
pub fn told(error: Error) -> Error {
    match locked().as_deref() {
        None | Some("") => error,
        Some(left) => anyhow!("{error:#}\n{left}"),
    }
}

fn locked() -> MutexGuard<'static, Option<String>> {
    LEFT.lock().unwrap_or_else(PoisonError::into_inner)
}
