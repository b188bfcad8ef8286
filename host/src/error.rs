//! Why an event was not delivered, by who failed, and the fixed names of it.
//!
//! Nothing here holds user data, so everything here may be logged. What the caller gets is less still: a name and one
//! constant sentence, because Cognito shows the sentence to the person who signs up.

use lambda_runtime::Diagnostic;
use thiserror::Error;

use crate::client::Cause;
use crate::{aws, backend, mapper, secrets, undelivered};

/// The one sentence that a person who signs up may see.
pub const SENTENCE: &str =
    "Your account is confirmed, but setting it up could not be finished. Please contact support.";

/// Why an event was not delivered.
#[derive(Debug, Clone, Error)]
pub enum Error {
    /// There is no mapper; why.
    #[error("the mapper can't be loaded: {0}")]
    NoMapper(String),
    /// The mapper made nothing of it.
    #[error(transparent)]
    Mapper(#[from] mapper::Failure),
    /// The mapper's request breaks a rule of the contract.
    #[error("the mapper's request was refused: {0}")]
    Request(#[from] backend::Violation),
    /// The backend did not take it.
    #[error(transparent)]
    Backend(#[from] backend::Failure),
    /// A record of the queue that is no event.
    #[error("the record's body is no event of Cognito")]
    Record,
    /// The event came too late, or the function started too slowly.
    #[error("there was no time left to map the event")]
    OutOfTime,
    /// A fault of the host itself.
    #[error("the host panicked")]
    Host,
}

impl Error {
    /// The fixed name of this error, `errorType` in logs and towards Lambda. `docs/reference.md` lists them; monitoring depends
    /// on them.
    pub fn error_type(&self) -> &'static str {
        match self {
            Error::NoMapper(_) => "Mapper.Refused",
            Error::Mapper(mapper::Failure::Returned(_) | mapper::Failure::ReturnedNoCode) => "Mapper.Failed",
            Error::Mapper(mapper::Failure::Trapped(_)) => "Mapper.Trapped",
            Error::Mapper(mapper::Failure::Exited) => "Mapper.Exited",
            Error::Mapper(mapper::Failure::TimedOut) => "Mapper.TimedOut",
            Error::Mapper(mapper::Failure::OutOfMemory) => "Mapper.OutOfMemory",
            Error::Mapper(mapper::Failure::Unreadable) => "Mapper.AnswerUnreadable",
            Error::Mapper(mapper::Failure::NoCode) | Error::Request(_) => "Mapper.AnswerRefused",
            Error::Backend(backend::Failure::Unreachable(_)) => "Backend.Unreachable",
            Error::Backend(backend::Failure::TimedOut(_)) => "Backend.TimedOut",
            Error::Backend(backend::Failure::Unavailable(_)) => "Backend.Unavailable",
            Error::Backend(backend::Failure::Refused(_)) => "Backend.Refused",
            Error::Backend(backend::Failure::Secret(secrets::Failure::Unavailable(..))) => "Secret.Unavailable",
            Error::Backend(backend::Failure::Secret(secrets::Failure::Invalid(..))) => "Secret.Invalid",
            Error::Record => "Queue.RecordUnreadable",
            Error::OutOfTime | Error::Backend(backend::Failure::OutOfTime) => "Host.OutOfTime",
            Error::Host => "Host.Panicked",
        }
    }
}

impl Error {
    /// Why there was no answer, by a fixed name. None if there was one, or if nobody was asked.
    pub fn cause(&self) -> Option<Cause> {
        match self {
            Error::Backend(failure) => failure.cause(),
            _ => None,
        }
    }
}

/// The fixed name of why the queue does not have an event.
pub fn queue_error_type(failure: &undelivered::Failure) -> &'static str {
    match failure {
        undelivered::Failure::TooLarge => "Queue.TooLarge",
        undelivered::Failure::Aws(aws::Error::Unreachable(_)) => "Queue.Unreachable",
        undelivered::Failure::Aws(aws::Error::TimedOut(_)) => "Queue.TimedOut",
        undelivered::Failure::Aws(aws::Error::Unavailable(_)) => "Queue.Unavailable",
        undelivered::Failure::Aws(aws::Error::Refused(_)) => "Queue.Refused",
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

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::StatusCode;

    #[test]
    fn error_types_are_fixed_because_monitoring_depends_on_them() {
        use backend::Failure::{OutOfTime, Refused, Secret, TimedOut, Unavailable, Unreachable};
        use mapper::Failure::{Exited, NoCode, OutOfMemory, Returned, ReturnedNoCode};
        use mapper::Failure::{TimedOut as MapperTimedOut, Trapped, Unreadable};
        use secrets::Failure::{Invalid, Unavailable as NoSecret};
        for (error, error_type) in [
            (Error::NoMapper("why".to_owned()), "Mapper.Refused"),
            (Returned("code".to_owned()).into(), "Mapper.Failed"),
            (ReturnedNoCode.into(), "Mapper.Failed"),
            (Trapped("why".to_owned()).into(), "Mapper.Trapped"),
            (Exited.into(), "Mapper.Exited"),
            (MapperTimedOut.into(), "Mapper.TimedOut"),
            (OutOfMemory.into(), "Mapper.OutOfMemory"),
            (Unreadable.into(), "Mapper.AnswerUnreadable"),
            (NoCode.into(), "Mapper.AnswerRefused"),
            (backend::Violation::PathDots.into(), "Mapper.AnswerRefused"),
            (Unreachable(Cause::Refused).into(), "Backend.Unreachable"),
            (TimedOut(Cause::AnswerTimedOut).into(), "Backend.TimedOut"),
            (Unavailable(StatusCode::BAD_GATEWAY).into(), "Backend.Unavailable"),
            (Refused(StatusCode::NOT_FOUND).into(), "Backend.Refused"),
            (Secret(NoSecret("A", aws::Error::TimedOut(Cause::AnswerTimedOut))).into(), "Secret.Unavailable"),
            (Secret(Invalid("A", secrets::ValueError::Object)).into(), "Secret.Invalid"),
            (Error::Record, "Queue.RecordUnreadable"),
            (Error::OutOfTime, "Host.OutOfTime"),
            (OutOfTime.into(), "Host.OutOfTime"),
            (Error::Host, "Host.Panicked"),
        ] {
            assert_eq!(error.error_type(), error_type);
            assert_in_reference(error_type);
        }
    }

    #[test]
    fn so_are_the_names_of_what_keeps_an_event_from_the_queue() {
        for (failure, error_type) in [
            (undelivered::Failure::TooLarge, "Queue.TooLarge"),
            (aws::Error::Unreachable(Cause::Refused).into(), "Queue.Unreachable"),
            (aws::Error::TimedOut(Cause::AnswerTimedOut).into(), "Queue.TimedOut"),
            (aws::Error::Unavailable("InternalError".to_owned()).into(), "Queue.Unavailable"),
            (aws::Error::Refused("AccessDenied".to_owned()).into(), "Queue.Refused"),
        ] {
            assert_eq!(queue_error_type(&failure), error_type);
            assert_in_reference(error_type);
        }
    }

    fn assert_in_reference(error_type: &str) {
        let named = include_str!("../../docs/reference.md").contains(&format!("`{error_type}`"));
        assert!(named, "{error_type} is not in the reference");
    }

    #[test]
    fn the_names_of_a_failed_start_are_in_the_reference() {
        for error_type in ["Settings.Invalid", "Mapper.Refused", "Host.StartFailed"] {
            assert!(include_str!("init.rs").contains(error_type), "{error_type}");
            assert_in_reference(error_type);
        }
    }

    #[test]
    fn a_rejection_says_one_constant_sentence() {
        let diagnostic = Diagnostic::from(Rejection("Backend.Refused"));
        assert_eq!((diagnostic.error_type.as_str(), diagnostic.error_message.as_str()), ("Backend.Refused", SENTENCE));
    }
}
