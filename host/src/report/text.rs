//! The lines of the log as people read them.

use std::fmt::{Display, Formatter, Result};

use super::Level;
use super::line::{Attempt, Event, Fault, Head, Said, Shadow};

impl Display for Level {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let name = match self {
            Level::Trace => "TRACE",
            Level::Debug => "DEBUG",
            Level::Info => "INFO",
            Level::Warn => "WARN",
            Level::Error => "ERROR",
            Level::Fatal => "FATAL",
        };
        f.pad(name)
    }
}

impl Display for Head {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{} {:5} {}", self.timestamp, self.level, self.message)
    }
}

impl Display for Event<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{}: {} {} in {}", self.head, self.end, self.trigger_source, self.user_pool_id)?;
        if let Some(code) = self.code {
            write!(f, ", {code}")?;
        }
        for (error_type, error) in [(self.error_type, &self.error), (self.queue_error_type, &self.queue_error)] {
            if let (Some(error_type), Some(error)) = (error_type, error) {
                write!(f, ", {error_type} ({error})")?;
            }
        }
        if let Some(sub) = self.sub {
            write!(f, ", sub {sub:?}")?;
        }
        for attempt in &self.attempts {
            write!(f, ", {attempt}")?;
        }
        let times = &self.milliseconds;
        for (step, time) in [("start", times.start), ("mapping", times.mapping), ("queue", times.queue)] {
            if let Some(time) = time {
                write!(f, ", {step} {time} ms")?;
            }
        }
        write!(f, ", total {} ms, {}", times.total, self.event_id)?;
        if let (Some(message), count) = (self.message_id, self.receive_count.unwrap_or_default()) {
            write!(f, ", message {message} for the {count}. time")?;
        }
        write!(f, ", request {}", self.request_id)
    }
}

impl Display for Attempt {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match (self.status, self.error_type) {
            (Some(status), _) => write!(f, "{status} after {} ms", self.milliseconds),
            (None, error_type) => {
                let (error_type, cause) = (error_type.unwrap_or_default(), self.cause.unwrap_or_default());
                write!(f, "{error_type} ({cause}) after {} ms", self.milliseconds)
            }
        }
    }
}

/// What a mapper writes may hold line breaks and controls, which must not look like lines of the host.
impl Display for Said<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{} of {}", self.head, self.event_id)?;
        for (title, text) in [
            ("message", self.error_message),
            ("stdout", Some(self.stdout)),
            ("stderr", Some(self.stderr)),
            ("backtrace", self.backtrace),
        ] {
            if let Some(text) = text.filter(|text| !text.is_empty()) {
                write!(f, ", {title} {text:?}")?;
            }
        }
        Ok(())
    }
}

impl Display for Shadow<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{}: {}", self.head, self.event_id)?;
        self.differences.iter().try_for_each(|difference| write!(f, ", {difference}"))
    }
}

impl Display for Fault {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{}: {}", self.head, self.error)
    }
}
