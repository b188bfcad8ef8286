//! The HTTP client under everything that the host asks: the backend, the services of AWS, and the
//! Runtime API if the function cannot start. Requests and responses are reqwest's; the connection
//! is made here.
//!
//! Reqwest has no place for code between its connection and the parser of HTTP, and three things
//! need that place: a flood of interim answers must not keep the only thread, an answer with many
//! headers must be read, and an operator must learn why there is no answer. No connection is kept:
//! sign-ups are sparse and Lambda freezes the process between them. A new connection costs about a
//! millisecond of processor time, with TLS; a kept one that went silent meanwhile costs an
//! attempt's whole time.

mod cause;
mod connect;
mod metered;

use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use reqwest::header::{CONTENT_LENGTH, HOST, HeaderMap, HeaderValue};
use reqwest::{Body, Request, Response, StatusCode, Url};
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use thiserror::Error;
use tokio::task::AbortHandle;
use tokio::time::timeout_at;

use connect::{Connector, Stream};
use metered::{Meter, Metered};

pub use cause::Cause;

/// The longest wait for a connection, its TLS handshake included: a backend that is there answers
/// far sooner, and a function in a VPC without a way out hangs here.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(2000);
/// The most headers of an answer. Servers take some 100; nothing is lost by reading more.
const MAX_HEADERS: usize = 1024;
/// The largest head of an answer that is read, in bytes, and as much as is read at once.
const MAX_HEAD: usize = 128 * 1024;

/// Why there is no client.
#[derive(Debug, Error)]
pub enum BuildError {
    /// A root that is not a certificate, or TLS that cannot be set up.
    #[error("TLS cannot be set up")]
    Tls(#[from] rustls::Error),
}

/// An answer whose head has come. Its body can be read until this value is dropped, which ends the
/// connection.
pub struct Answer {
    response: Response,
    _connection: Option<Connection>,
}

/// The client of this process. Nothing is connected yet.
pub struct Client {
    connector: Connector,
}

/// A connection that is driven in the background and ends with this value, so that nothing of it is
/// left in the next event.
struct Connection(AbortHandle);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Client {
    /// A client that trusts the public roots and `roots`, follows no redirect and uses no proxy.
    ///
    /// The public roots are part of the program: reading the system's bundle would cost every cold
    /// start some milliseconds. The provider is ring, which needs no entropy of its own at first
    /// use.
    ///
    /// # Errors
    /// A root that is not a certificate.
    pub fn new(roots: &[CertificateDer<'static>]) -> Result<Client, BuildError> {
        let mut trusted = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        for root in roots {
            trusted.add(root.clone())?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(trusted)
            .with_no_client_auth();
        Ok(Client { connector: Connector::new(tls) })
    }

    /// Connects to the host of `url` before `until`, and sends nothing.
    ///
    /// # Errors
    /// Why there is no connection.
    pub async fn reach(&self, url: &Url, until: Instant) -> Result<(), Cause> {
        self.connect(url, until).await.map(drop)
    }

    async fn connect(&self, url: &Url, until: Instant) -> Result<Stream, Cause> {
        let connected_by = until.min(Instant::now() + CONNECT_TIMEOUT);
        match timeout_at(connected_by.into(), self.connector.connect(url)).await {
            Ok(connected) => connected,
            Err(_) => Err(Cause::ConnectTimedOut),
        }
    }

    /// Sends `request` and waits for the head of its answer until `until`.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn send(&self, request: Request, until: Instant) -> Result<Answer, Cause> {
        let stream = self.connect(request.url(), until).await?;
        let request = on_the_wire(request).ok_or(Cause::Other)?;
        let meter = Meter::default();
        let exchange = exchange(meter.over(stream), request);
        match timeout_at(until.into(), exchange).await {
            Ok(Ok(answer)) => {
                meter.head_has_come();
                Ok(answer)
            }
            Ok(Err(error)) => match meter.status() {
                // The status settles the matter, even if the rest of the head does not come or
                // cannot be read.
                Some(status) => Ok(Answer::of_status(status)),
                None if meter.is_over() => Err(Cause::AnswerEndless),
                None => Err(cause::of_http(&error)),
            },
            Err(_) => Err(Cause::AnswerTimedOut),
        }
    }
}

impl Answer {
    /// The answer of a server whose status line was read and nothing else.
    fn of_status(status: StatusCode) -> Answer {
        let mut response = hyper::Response::new(Body::default());
        *response.status_mut() = status;
        Answer { response: response.into(), _connection: None }
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.response.status()
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// The whole body. None if it has more than `most` bytes.
    ///
    /// # Errors
    /// The connection broke.
    pub async fn body(&mut self, most: usize) -> reqwest::Result<Option<Vec<u8>>> {
        let mut body = Vec::new();
        while let Some(chunk) = self.response.chunk().await? {
            if body.len() + chunk.len() > most {
                return Ok(None);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Some(body))
    }
}

/// Sends `request` over `stream`, which is connected.
async fn exchange(stream: Metered, request: hyper::Request<Body>) -> hyper::Result<Answer> {
    let (mut sender, connection) = http1::Builder::new()
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEAD)
        .handshake(TokioIo::new(stream))
        .await?;
    let connection = Connection(tokio::spawn(async { drop(connection.await) }).abort_handle());
    let response = sender.send_request(request).await?;
    Ok(Answer { response: response.map(Body::wrap).into(), _connection: Some(connection) })
}

/// `request` as it stands in HTTP/1.1: the path alone in its first line, and the host in a header,
/// which comes first as most clients send it. None if it cannot be written so, which no checked
/// request is.
fn on_the_wire(mut request: Request) -> Option<hyper::Request<Body>> {
    let url = request.url();
    let host = match url.port() {
        Some(port) => format!("{}:{port}", url.host_str()?),
        None => url.host_str()?.to_owned(),
    };
    let target = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    let mut wire = hyper::Request::new(request.body_mut().take().unwrap_or_default());
    *wire.method_mut() = request.method().clone();
    *wire.uri_mut() = target.parse().ok()?;
    wire.headers_mut().insert(HOST, HeaderValue::from_str(&host).ok()?);
    wire.headers_mut().extend(std::mem::take(request.headers_mut()));
    if wire.body().as_bytes().is_some_and(<[u8]>::is_empty) {
        // Some front ends answer 411 without it.
        wire.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    Some(wire)
}
