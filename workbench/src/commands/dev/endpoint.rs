//! A stand-in of the deployed function: Lambda's Invoke API on loopback, behind which each event
//! goes through the function of the mapper that was built last.

mod answer;
mod caller;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request};
use hyper_util::rt::{TokioIo, TokioTimer};
use lambda_runtime::{Context, LambdaEvent};
use post_confirmation_host::error::{MAPPER_REFUSED, Rejection};
use post_confirmation_host::function::Function;
use serde_json::value::RawValue;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, oneshot};

use crate::terminal;
use answer::{Answer, Response, TOO_LARGE};

/// The most events at once.
const AT_ONCE: u32 = 4;
/// The sandboxes that they take: one is held between events.
pub const SANDBOXES: u32 = AT_ONCE + 1;
/// How long the head of a request may take to come.
const HEAD: Duration = Duration::from_secs(10);
/// What stands around a function's name in the path of an invocation.
const PATH: (&str, &str) = ("/2015-03-31/functions/", "/invocations");
/// How a caller asks for another kind of invocation.
const KIND: &str = "x-amz-invocation-type";

/// The endpoint, as long as the program runs.
pub struct Endpoint {
    port: u16,
    current: RwLock<Option<Arc<Function>>>,
    room: Semaphore,
    invocations: AtomicU64,
}

impl Endpoint {
    /// Listens on `port` of loopback; any port that is free if it is 0. Until there is a function,
    /// every invocation fails.
    ///
    /// # Errors
    /// The port can't be used.
    pub async fn open(port: u16) -> Result<Arc<Endpoint>> {
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await;
        let listener = listener.with_context(|| {
            format!("port {port} of this machine can't be used; name another with `--port`")
        })?;
        let endpoint = Arc::new(Endpoint {
            port: listener.local_addr()?.port(),
            current: RwLock::default(),
            room: Semaphore::new(AT_ONCE as usize),
            invocations: AtomicU64::default(),
        });
        tokio::spawn(endpoint.clone().accept(listener));
        Ok(endpoint)
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("http://{}:{}", Ipv4Addr::LOCALHOST, self.port)
    }

    /// Puts `function` in the place of the one of before, which ends its own events.
    pub fn swap(&self, function: Arc<Function>) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Some(function);
    }

    fn current(&self) -> Option<Arc<Function>> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn accept(self: Arc<Endpoint>, listener: TcpListener) {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => drop(tokio::spawn(self.clone().serve(stream))),
                // Too many connections are open; some end.
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    }

    async fn serve(self: Arc<Endpoint>, stream: TcpStream) {
        let service = service_fn(|request| {
            let endpoint = self.clone();
            async move {
                Ok::<_, hyper::Error>(endpoint.answer(request).await.unwrap_or_else(Into::into))
            }
        });
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(HEAD);
        // A caller that breaks off gets no answer.
        let _ = http.serve_connection(TokioIo::new(stream), service).await;
    }

    /// The answer to a request, or what Lambda answers instead of calling the function.
    async fn answer(self: Arc<Endpoint>, request: Request<Incoming>) -> Result<Response, Answer> {
        caller::check(request.headers(), self.port)?;
        let (head, body) = request.into_parts();
        let name = head.uri.path().strip_prefix(PATH.0).and_then(|it| it.strip_suffix(PATH.1));
        let is_known = name.is_some_and(|name| !name.is_empty() && !name.contains('/'));
        if head.method != Method::POST || !is_known {
            return Err(Answer::UnknownOperation);
        }
        let body = Limited::new(body, TOO_LARGE).collect().await.map_err(|_| Answer::TooLarge)?;
        let kind = head.headers.get(KIND).map_or("RequestResponse".as_bytes(), |it| it.as_bytes());
        if kind == b"DryRun" {
            return Ok(Answer::DryRun.into());
        }
        let bytes = body.to_bytes();
        // An invocation without a payload has an empty object.
        let payload = if bytes.is_empty() { b"{}" } else { bytes.as_ref() };
        let payload: Box<RawValue> = serde_json::from_slice(payload).map_err(|_| Answer::NoJson)?;
        match kind {
            b"RequestResponse" => {
                let answer = self.invoke(payload).await.map_err(|_| Answer::Died)?;
                Ok(answer.map_or_else(Answer::Failed, Answer::Answered).into())
            }
            b"Event" => {
                drop(self.invoke(payload));
                Ok(Answer::Accepted.into())
            }
            _ => Err(Answer::UnknownKind),
        }
    }

    /// Calls the function with `payload`. What it began it ends, whether or not somebody waits for
    /// the answer.
    fn invoke(
        self: &Arc<Endpoint>,
        payload: Box<RawValue>,
    ) -> oneshot::Receiver<Result<Box<RawValue>, Rejection>> {
        let (answer, answered) = oneshot::channel();
        let endpoint = self.clone();
        tokio::spawn(async move {
            let Ok(_room) = endpoint.room.acquire().await else { return };
            let Some(function) = endpoint.current() else {
                terminal::warn("an event came in before there was a mapper");
                let _ = answer.send(Err(Rejection(MAPPER_REFUSED)));
                return;
            };
            let context = endpoint.context();
            let _ = answer.send(function.invoke(LambdaEvent { payload, context }).await);
            function.after_answer().await;
        });
        answered
    }

    /// What Lambda says of the next invocation.
    fn context(&self) -> Context {
        let mut context = Context::default();
        let number = self.invocations.fetch_add(1, Ordering::Relaxed);
        // Ids of some events depend on it, so it is another one at each start of this program, too.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        context.request_id = format!("dev-{:x}-{number:x}", now.as_nanos());
        context
    }
}
