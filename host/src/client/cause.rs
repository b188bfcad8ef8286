//! Why there is no answer, by fixed names that may be logged: they hold no address and nothing of
//! the request.

use std::error::Error;
use std::fmt;
use std::io;

use rustls::{CertificateError, Error as TlsError};

/// Why there is no answer. Its text is the `cause` of a line in the log; monitoring depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names and `docs/reference.md` say it")]
pub enum Cause {
    NameNotFound,
    Refused,
    NoRoute,
    ConnectTimedOut,
    CertificateUnknownIssuer,
    CertificateExpired,
    CertificateNotYetValid,
    CertificateName,
    CertificateUnsupported,
    Tls,
    Reset,
    Closed,
    AnswerTimedOut,
    AnswerEndless,
    AnswerUnreadable,
    Other,
}

impl Cause {
    /// Every cause.
    pub const ALL: [Cause; 16] = [
        Cause::NameNotFound,
        Cause::Refused,
        Cause::NoRoute,
        Cause::ConnectTimedOut,
        Cause::CertificateUnknownIssuer,
        Cause::CertificateExpired,
        Cause::CertificateNotYetValid,
        Cause::CertificateName,
        Cause::CertificateUnsupported,
        Cause::Tls,
        Cause::Reset,
        Cause::Closed,
        Cause::AnswerTimedOut,
        Cause::AnswerEndless,
        Cause::AnswerUnreadable,
        Cause::Other,
    ];

    /// The fixed name.
    pub fn name(self) -> &'static str {
        match self {
            Cause::NameNotFound => "name-not-found",
            Cause::Refused => "refused",
            Cause::NoRoute => "no-route",
            Cause::ConnectTimedOut => "connect-timed-out",
            Cause::CertificateUnknownIssuer => "certificate-unknown-issuer",
            Cause::CertificateExpired => "certificate-expired",
            Cause::CertificateNotYetValid => "certificate-not-yet-valid",
            Cause::CertificateName => "certificate-name",
            Cause::CertificateUnsupported => "certificate-unsupported",
            Cause::Tls => "tls",
            Cause::Reset => "reset",
            Cause::Closed => "closed",
            Cause::AnswerTimedOut => "answer-timed-out",
            Cause::AnswerEndless => "answer-endless",
            Cause::AnswerUnreadable => "answer-unreadable",
            Cause::Other => "other",
        }
    }

    /// Whether something took too long.
    pub(crate) fn is_timeout(self) -> bool {
        matches!(self, Cause::ConnectTimedOut | Cause::AnswerTimedOut | Cause::AnswerEndless)
    }
}

impl Error for Cause {}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The host's name was not resolved. It stands in the chain of a connection's errors.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the name is not resolved")]
pub(super) struct Unresolved {
    /// The fault of the system that kept the resolver from being asked, if there was one.
    pub(super) fault: Option<io::ErrorKind>,
}

/// Why no connection of TCP was made.
pub(super) fn of_tcp(error: &(dyn Error + 'static)) -> Cause {
    if let Some(Unresolved { fault }) = find::<Unresolved>(error) {
        return fault.map_or(Cause::NameNotFound, of_kind);
    }
    find::<io::Error>(error).map_or(Cause::Other, |error| of_kind(error.kind()))
}

/// Why TLS was not agreed on.
pub(super) fn of_tls(error: &io::Error) -> Cause {
    match find::<TlsError>(error) {
        Some(TlsError::InvalidCertificate(error)) => of_certificate(error),
        // An answer that is not TLS, an alert of the server, or nothing in common with it.
        Some(_) => Cause::Tls,
        None => of_kind(error.kind()),
    }
}

/// Why there is no answer over a connection.
pub(super) fn of_http(error: &hyper::Error) -> Cause {
    if error.is_parse() {
        return Cause::AnswerUnreadable;
    }
    if error.is_incomplete_message() {
        return Cause::Closed;
    }
    match find::<io::Error>(error) {
        Some(error) => of_tls(error),
        None => Cause::Other,
    }
}

fn of_kind(kind: io::ErrorKind) -> Cause {
    match kind {
        io::ErrorKind::ConnectionRefused => Cause::Refused,
        io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable => Cause::NoRoute,
        io::ErrorKind::TimedOut => Cause::ConnectTimedOut,
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => Cause::Reset,
        io::ErrorKind::UnexpectedEof => Cause::Closed,
        _ => Cause::Other,
    }
}

fn of_certificate(error: &CertificateError) -> Cause {
    match error {
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            Cause::CertificateUnknownIssuer
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            Cause::CertificateExpired
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            Cause::CertificateNotYetValid
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            Cause::CertificateName
        }
        // An algorithm, a purpose or a form that this client does not take, whoever issued it.
        _ => Cause::CertificateUnsupported,
    }
}

/// The first error of the type `E` in the chain of `error`.
fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        // An error of the system tells its cause as its own message, not as its source.
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = match inner {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_has_a_row_in_the_reference() {
        let reference = include_str!("../../../docs/reference.md");
        for cause in Cause::ALL {
            assert!(reference.contains(&format!("\n| `{cause}` |")), "{cause}");
        }
    }
}
