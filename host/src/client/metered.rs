//! A connection that never keeps the thread: it pauses after some bytes, and ends if an answer's
//! head does not come to its end.
//!
//! The parser above skips interim answers (103 Early Hints, 100 Continue) in one go for as long as
//! bytes keep coming. On the one thread of this process nothing else happens meanwhile: no timeout
//! fires, and the queue's time passes.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use reqwest::StatusCode;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::connect::Stream;

/// As many bytes are read before other work has its turn. Parsing them takes some milliseconds at
/// the most.
const AT_ONCE: usize = 64 * 1024;
/// The most bytes before the end of the answer's head: the largest head that is read, and as much
/// of interim answers.
const BEFORE_ANSWER: usize = 256 * 1024;
/// The beginning of an answer up to its status and the character behind it: `HTTP/1.1 201 `.
const STATUS_LINE: usize = 13;

/// What is known of the bytes that a connection has read.
#[derive(Clone, Default)]
pub(super) struct Meter(Arc<Mutex<Counts>>);

#[derive(Default)]
struct Counts {
    /// Read since the connection last paused.
    at_once: usize,
    /// Read in all until the head came.
    read: usize,
    head_has_come: bool,
    is_over: bool,
    head: Head,
}

/// The head that is being read: an answer's, or that of an interim one before it.
#[derive(Default)]
struct Head {
    beginning: Vec<u8>,
    /// The bytes of its current line so far, without the line's end.
    line: usize,
}

/// A connection with a meter.
pub(super) struct Metered {
    stream: Stream,
    meter: Meter,
}

impl Meter {
    /// `stream` under this meter.
    pub(super) fn over(&self, stream: Stream) -> Metered {
        Metered { stream, meter: self.clone() }
    }

    /// Notes that the answer's head is complete: its body has another limit.
    pub(super) fn head_has_come(&self) {
        self.counts().head_has_come = true;
    }

    /// Whether the connection was ended because no head came.
    pub(super) fn is_over(&self) -> bool {
        self.counts().is_over
    }

    /// The status of the answer, if its status line has come.
    pub(super) fn status(&self) -> Option<StatusCode> {
        self.counts().head.status().filter(|status| !status.is_informational())
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    fn count(&mut self, bytes: &[u8]) {
        self.at_once += bytes.len();
        if !self.head_has_come {
            self.read += bytes.len();
            bytes.iter().for_each(|byte| self.head.read(*byte));
        }
    }
}

impl Head {
    fn read(&mut self, byte: u8) {
        if self.beginning.len() < STATUS_LINE {
            self.beginning.push(byte);
        }
        match byte {
            b'\r' => {}
            // An empty line ends a head. What follows an interim one is another.
            b'\n'
                if self.line == 0
                    && self.status().is_some_and(|status| status.is_informational()) =>
            {
                *self = Head::default();
            }
            b'\n' => self.line = 0,
            _ => self.line += 1,
        }
    }

    fn status(&self) -> Option<StatusCode> {
        let line = self.beginning.strip_prefix(b"HTTP/1.")?;
        let [_, b' ', status @ .., b' ' | b'\r' | b'\n'] = line else { return None };
        StatusCode::from_bytes(status).ok()
    }
}

impl AsyncRead for Metered {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        {
            let mut counts = self.meter.counts();
            if !counts.head_has_come && counts.read > BEFORE_ANSWER {
                counts.is_over = true;
                return Poll::Ready(Err(io::Error::other("the answer's head has no end")));
            }
            if counts.at_once > AT_ONCE {
                counts.at_once = 0;
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
        }
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        let mut counts = self.meter.counts();
        if polled.is_pending() {
            counts.at_once = 0;
        }
        ready!(polled)?;
        counts.count(&buffer.filled()[before..]);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Metered {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
