//! Why a mapper's call has no outcome.

use wasmtime::{Trap, WasmBacktrace};
use wasmtime_wasi::I32Exit;

use super::MAX_OUTPUT;
use super::bindings::Failed;
use super::call::MapperOutput;
use super::code::Code;
use super::sandbox::{Sandbox, TimeIsUp};
use crate::printable;

/// The most that is kept of a function's name, in bytes.
const MAX_NAME: usize = 256;

/// Why a call has no outcome. Nothing in it but a code comes from the mapper, so it holds no user
/// data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It returned an error.
    #[error("the mapper failed: {0}")]
    Returned(Code),
    /// It returned an error whose code is not a code.
    #[error(
        "the mapper failed, and its error code is not of 1 to 64 lower-case letters, digits and hyphens"
    )]
    ReturnedInvalidCode,
    /// It panicked, overflowed its stack or broke a rule of WebAssembly or WASI.
    #[error("the mapper trapped: {0}")]
    Trapped(String),
    /// It called `exit`.
    #[error("the mapper exited")]
    Exited,
    /// It ran or slept too long.
    #[error("the mapper did not answer in time")]
    TimedOut,
    /// It needed more memory than it may have.
    #[error("the mapper ran out of memory")]
    OutOfMemory,
    /// It returned what can't be read: far too much, or not what the contract says.
    #[error("the mapper's answer is too large or broken")]
    Unreadable,
    /// It skipped the event for a reason that is not a code.
    #[error("the mapper's skip code is not of 1 to 64 lower-case letters, digits and hyphens")]
    SkippedInvalidCode,
}

impl Error {
    /// The error that the mapper returned. Its words go to `output`.
    pub(super) fn returned(failed: Failed, output: &mut MapperOutput) -> Error {
        output.message = Some(printable::cut(&failed.message, MAX_OUTPUT).to_owned());
        Code::parse(failed.code).map_or(Error::ReturnedInvalidCode, Error::Returned)
    }

    /// How a call in `sandbox` ended with the engine's `error`.
    pub(super) fn from_engine(error: &wasmtime::Error, sandbox: &Sandbox) -> Error {
        if error.is::<TimeIsUp>() {
            Error::TimedOut
        } else if error.is::<I32Exit>() {
            Error::Exited
        } else if sandbox.ran_out_of_memory() {
            // An allocator that gets no memory aborts, which is a trap like any other.
            Error::OutOfMemory
        } else if let Some(trap) = error.downcast_ref::<Trap>() {
            Error::Trapped(trap.to_string())
        } else if error.is::<WasmBacktrace>() {
            // The error arose below the mapper's own functions, so in a call to WASI.
            Error::Trapped("a call to WASI broke a limit".to_owned())
        } else {
            Error::Unreadable
        }
    }
}

/// The names of the functions in which a trap arose. The author of the component chooses them, with
/// any length: they are not interpreted here, and each is cut.
pub(super) fn backtrace(backtrace: &WasmBacktrace) -> String {
    let mut text = String::new();
    for frame in backtrace.frames() {
        let name = frame.func_name().unwrap_or("a function without a name");
        text.push_str(&printable::line(printable::cut(name, MAX_NAME)));
        text.push('\n');
    }
    printable::cut(&text, MAX_OUTPUT).to_owned()
}
