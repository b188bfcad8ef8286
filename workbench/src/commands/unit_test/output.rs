//! What a test writes: the two standard streams together as its author reads them, and the end of each for itself.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

/// As much as is shown of a test, in bytes. What is more is swallowed: a talkative test is not wrong.
const SHOWN: usize = 1024 * 1024;
/// As much as is kept of the end of each stream, where libtest's result and a panic's text stand.
const END: usize = 64 * 1024;
/// As much as a test may write at once; WASI's own streams say the same.
const AT_ONCE: usize = 64 * 1024;

/// One of the two streams.
#[derive(Clone, Copy)]
pub enum Stream {
    Out,
    Error,
}

#[derive(Default)]
struct Kept {
    both: Vec<u8>,
    ends: [Vec<u8>; 2],
}

/// What was written to the two streams of one run. Clones share it.
#[derive(Clone, Default)]
pub struct Output(Arc<Mutex<Kept>>);

impl Output {
    /// The end of the run where one of the streams is written.
    pub fn stream(&self, stream: Stream) -> Writer {
        Writer { output: self.clone(), stream }
    }

    /// All that was written, in its order.
    pub fn both(&self) -> String {
        String::from_utf8_lossy(&self.kept().both).into_owned()
    }

    /// The end of one stream.
    pub fn end(&self, stream: Stream) -> String {
        String::from_utf8_lossy(&self.kept().ends[stream as usize]).into_owned()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where one stream is written.
#[derive(Clone)]
pub struct Writer {
    output: Output,
    stream: Stream,
}

impl Writer {
    fn keep(&self, bytes: &[u8]) {
        let mut kept = self.output.kept();
        let room = SHOWN - kept.both.len();
        kept.both.extend_from_slice(&bytes[..bytes.len().min(room)]);
        let end = &mut kept.ends[self.stream as usize];
        end.extend_from_slice(bytes);
        if end.len() > 2 * END {
            end.drain(..end.len() - END);
        }
    }
}

impl IsTerminal for Writer {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Writer {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Writer {
    async fn ready(&mut self) {}
}

impl OutputStream for Writer {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.keep(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(AT_ONCE)
    }
}

impl AsyncWrite for Writer {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.keep(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
