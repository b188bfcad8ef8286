//! Why an event was not delivered, grouped by who failed, with fixed names.
//!
//! Nothing here holds user data, so everything here may be logged. What the caller gets is less
//! still: a name and one constant sentence, because Cognito shows the sentence to the person who
//! signs up.

use crate::{aws, backend, credentials, effects, mapper, queue};
use lambda_runtime::Diagnostic;

pub use crate::client::Cause;

/// The one sentence that a person who signs up may see.
pub const SENTENCE: &str =
    "Your account is confirmed, but setting it up could not be finished. Please contact support.";

/// Why an event was not delivered.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// There is no mapper; why.
    #[error("the mapper can't be loaded: {0}")]
    NoMapper(String),
    /// The mapper failed.
    #[error(transparent)]
    Mapper(#[from] mapper::Error),
    /// The mapper's request breaks a rule of the contract.
    #[error("the mapper's request was refused: {0}")]
    Request(#[from] backend::Violation),
    /// The backend did not take it.
    #[error(transparent)]
    Backend(#[from] backend::Error),
    /// The backend has the user, and what is to be done with the Cognito user is not done.
    #[error(transparent)]
    Effect(#[from] effects::Error),
    /// A record of the queue that is not an event.
    #[error("the record's body is not an event of Cognito")]
    Record,
    /// The event came too late, or the function started or was answered too slowly.
    #[error("there was no time left to call the mapper")]
    OutOfTime,
    /// A fault of the host itself.
    #[error("the host panicked")]
    Host,
}

impl Error {
    /// The fixed name of this error, `errorType` in logs and towards Lambda. `docs/reference.md`
    /// lists them; monitoring depends on them.
    pub fn error_type(&self) -> &'static str {
        match self {
            Error::NoMapper(_) => MAPPER_REFUSED,
            Error::Mapper(mapper::Error::Returned(_) | mapper::Error::ReturnedInvalidCode) => {
                MAPPER_FAILED
            }
            Error::Mapper(mapper::Error::Trapped(_)) => "Mapper.Trapped",
            Error::Mapper(mapper::Error::Exited) => "Mapper.Exited",
            Error::Mapper(mapper::Error::TimedOut) => "Mapper.TimedOut",
            Error::Mapper(mapper::Error::OutOfMemory) => "Mapper.OutOfMemory",
            Error::Mapper(mapper::Error::Unreadable) => "Mapper.AnswerUnreadable",
            Error::Mapper(mapper::Error::SkippedInvalidCode) | Error::Request(_) => {
                "Mapper.AnswerRefused"
            }
            Error::Backend(error) => backend_error_type(error),
            Error::Effect(error) => effect_error_type(error),
            Error::Record => "Queue.RecordUnreadable",
            Error::OutOfTime => OUT_OF_TIME,
            Error::Host => "Host.Panicked",
        }
    }

    /// Why there was no answer, by a fixed name. None if there was one, or if nobody was asked.
    pub fn cause(&self) -> Option<Cause> {
        match self {
            Error::Backend(error) => error.cause(),
            Error::Effect(effects::Error::Aws(error)) => error.cause(),
            _ => None,
        }
    }
}

/// The fixed name of why the backend did not take a request.
pub fn backend_error_type(error: &backend::Error) -> &'static str {
    match error {
        backend::Error::OutOfTime => OUT_OF_TIME,
        backend::Error::Credentials(credentials::Error::Unavailable(..)) => SECRET_UNAVAILABLE,
        backend::Error::Credentials(credentials::Error::Invalid(..)) => "Secret.Invalid",
        backend::Error::Unreachable(_) => "Backend.Unreachable",
        backend::Error::TimedOut(_) => "Backend.TimedOut",
        backend::Error::Unavailable(_) => "Backend.Unavailable",
        backend::Error::Refused(_) => "Backend.Refused",
        backend::Error::AnswerTooLarge => "Backend.AnswerTooLarge",
    }
}

/// The fixed name of why effects are not done.
fn effect_error_type(error: &effects::Error) -> &'static str {
    match error {
        effects::Error::NotAllowed(_) => "Effect.NotAllowed",
        effects::Error::Aws(aws::Error::Unreachable(_)) => "Effect.Unreachable",
        effects::Error::Aws(aws::Error::TimedOut(_)) => "Effect.TimedOut",
        effects::Error::Aws(aws::Error::Unavailable(_)) => "Effect.Unavailable",
        effects::Error::Aws(aws::Error::Refused(_)) => "Effect.Refused",
    }
}

/// The fixed name of why the queue does not have an event.
pub fn queue_error_type(error: &queue::Error) -> &'static str {
    match error {
        queue::Error::TooLarge => "Queue.TooLarge",
        queue::Error::Aws(aws::Error::Unreachable(_)) => "Queue.Unreachable",
        queue::Error::Aws(aws::Error::TimedOut(_)) => "Queue.TimedOut",
        queue::Error::Aws(aws::Error::Unavailable(_)) => "Queue.Unavailable",
        queue::Error::Aws(aws::Error::Refused(_)) => "Queue.Refused",
        queue::Error::Panicked => "Host.Panicked",
    }
}

/// The fixed name of a start that failed because of the settings.
pub const SETTINGS_INVALID: &str = "Settings.Invalid";
/// The fixed name of a mapper that cannot be loaded, at the start or later.
pub const MAPPER_REFUSED: &str = "Mapper.Refused";
/// The fixed name of a start that failed for any other reason.
pub const START_FAILED: &str = "Host.StartFailed";
/// The fixed name of a mapper that returns an error.
pub const MAPPER_FAILED: &str = "Mapper.Failed";
/// The fixed name of a secret that cannot be fetched.
pub const SECRET_UNAVAILABLE: &str = "Secret.Unavailable";
/// The fixed name of an event for which there is no time left.
pub const OUT_OF_TIME: &str = "Host.OutOfTime";

/// The answer to the caller if a user could not be delivered and the operator wants Cognito to
/// know.
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
        use backend::Error::{Credentials, OutOfTime, Refused, TimedOut, Unavailable, Unreachable};
        use credentials::Error::{Invalid, Unavailable as NoSecret};
        use mapper::Error::{
            Exited, OutOfMemory, Returned, ReturnedInvalidCode, SkippedInvalidCode,
        };
        use mapper::Error::{TimedOut as MapperTimedOut, Trapped, Unreadable};
        let code = mapper::Code::parse("code".to_owned()).unwrap();
        for (error, error_type) in [
            (Error::NoMapper("why".to_owned()), "Mapper.Refused"),
            (Returned(code).into(), "Mapper.Failed"),
            (ReturnedInvalidCode.into(), "Mapper.Failed"),
            (Trapped("why".to_owned()).into(), "Mapper.Trapped"),
            (Exited.into(), "Mapper.Exited"),
            (MapperTimedOut.into(), "Mapper.TimedOut"),
            (OutOfMemory.into(), "Mapper.OutOfMemory"),
            (Unreadable.into(), "Mapper.AnswerUnreadable"),
            (SkippedInvalidCode.into(), "Mapper.AnswerRefused"),
            (backend::Violation::PathDots.into(), "Mapper.AnswerRefused"),
            (Unreachable(Cause::Refused).into(), "Backend.Unreachable"),
            (TimedOut(Cause::AnswerTimedOut).into(), "Backend.TimedOut"),
            (Unavailable(StatusCode::BAD_GATEWAY).into(), "Backend.Unavailable"),
            (Refused(StatusCode::NOT_FOUND).into(), "Backend.Refused"),
            (
                Credentials(NoSecret("A", aws::Error::TimedOut(Cause::AnswerTimedOut))).into(),
                "Secret.Unavailable",
            ),
            (Credentials(Invalid("A", credentials::ValueError::Object)).into(), "Secret.Invalid"),
            (backend::Error::AnswerTooLarge.into(), "Backend.AnswerTooLarge"),
            (effects::Error::from(effects::Rule::Twice).into(), "Effect.NotAllowed"),
            (effect(aws::Error::Unreachable(Cause::Refused)), "Effect.Unreachable"),
            (effect(aws::Error::TimedOut(Cause::AnswerTimedOut)), "Effect.TimedOut"),
            (effect(aws::Error::Unavailable("InternalError".to_owned())), "Effect.Unavailable"),
            (effect(aws::Error::Refused("AccessDenied".to_owned())), "Effect.Refused"),
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
        for (error, error_type) in [
            (queue::Error::TooLarge, "Queue.TooLarge"),
            (aws::Error::Unreachable(Cause::Refused).into(), "Queue.Unreachable"),
            (aws::Error::TimedOut(Cause::AnswerTimedOut).into(), "Queue.TimedOut"),
            (aws::Error::Unavailable("InternalError".to_owned()).into(), "Queue.Unavailable"),
            (aws::Error::Refused("AccessDenied".to_owned()).into(), "Queue.Refused"),
            (queue::Error::Panicked, "Host.Panicked"),
        ] {
            assert_eq!(queue_error_type(&error), error_type);
            assert_in_reference(error_type);
        }
    }

    fn effect(error: aws::Error) -> Error {
        effects::Error::from(error).into()
    }

    fn assert_in_reference(error_type: &str) {
        let named = include_str!("../../docs/reference.md").contains(&format!("`{error_type}`"));
        assert!(named, "{error_type} is not in the reference");
    }

    #[test]
    fn the_names_of_a_failed_start_are_in_the_reference() {
        for error_type in [SETTINGS_INVALID, MAPPER_REFUSED, START_FAILED] {
            assert_in_reference(error_type);
        }
    }

    #[test]
    fn a_rejection_says_one_constant_sentence() {
        let diagnostic = Diagnostic::from(Rejection("Backend.Refused"));
        assert_eq!(
            (diagnostic.error_type.as_str(), diagnostic.error_message.as_str()),
            ("Backend.Refused", SENTENCE)
        );
    }
}
