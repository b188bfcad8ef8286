//! Why an event was not delivered, by who failed, and the fixed names of it.
//!
//! Nothing here holds user data, so everything here may be logged. What the caller gets is less still: a name and one
//! constant sentence, because Cognito shows the sentence to the person who signs up.

use lambda_runtime::Diagnostic;
use thiserror::Error;

use crate::{backend, mapper};

/// The one sentence that a person who signs up may see.
pub const SENTENCE: &str = "Your account is confirmed, but setting it up could not be finished. Please contact support.";

/// Why an event was not delivered.
#[derive(Debug, Error)]
pub enum Error {
    /// The mapper made nothing of it.
    #[error(transparent)]
    Mapper(#[from] mapper::Failure),
    /// The mapper's request breaks a rule of the contract.
    #[error("the mapper's request was refused: {0}")]
    Request(#[from] backend::Violation),
    /// The backend did not take it.
    #[error(transparent)]
    Backend(#[from] backend::Failure),
    /// A fault of the host itself.
    #[error("the host panicked")]
    Host,
}

impl Error {
    /// The fixed name of this error, `errorType` in logs and towards Lambda. README lists them; monitoring depends
    /// on them.
    pub fn error_type(&self) -> &'static str {
        match self {
            Error::Mapper(mapper::Failure::Returned(_)) => "Mapper.Failed",
            Error::Mapper(mapper::Failure::Trapped(_)) => "Mapper.Trapped",
            Error::Mapper(mapper::Failure::Exited) => "Mapper.Exited",
            Error::Mapper(mapper::Failure::TimedOut) => "Mapper.TimedOut",
            Error::Mapper(mapper::Failure::OutOfMemory) => "Mapper.OutOfMemory",
            Error::Mapper(mapper::Failure::Unreadable) => "Mapper.AnswerUnreadable",
            Error::Mapper(mapper::Failure::NoCode) | Error::Request(_) => "Mapper.AnswerRefused",
            Error::Backend(backend::Failure::Unreachable) => "Backend.Unreachable",
            Error::Backend(backend::Failure::TimedOut) => "Backend.TimedOut",
            Error::Backend(backend::Failure::Unavailable(_)) => "Backend.Unavailable",
            Error::Backend(backend::Failure::Refused(_)) => "Backend.Refused",
            Error::Host => "Host.Panicked",
        }
    }
}

/// The answer to the caller where a user could not be delivered.
#[derive(Debug)]
pub struct Rejection(pub &'static str);

impl From<Rejection> for Diagnostic {
    fn from(rejection: Rejection) -> Diagnostic {
        Diagnostic { error_type: rejection.0.to_owned(), error_message: SENTENCE.to_owned() }
    }
}
