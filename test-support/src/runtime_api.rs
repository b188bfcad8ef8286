//! Lambda's Runtime API on a real socket, in front of one process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard, mpsc, oneshot};
use tokio::task::JoinHandle;

/// What a function made of an invocation.
#[derive(Debug)]
pub enum Answer {
    /// `/response`, with exactly these bytes.
    Response(Bytes),
    /// `/error`, with this JSON.
    Error(Value),
}

struct Invocation {
    id: String,
    event: Bytes,
    deadline: u64,
}

/// When what happened, as the server saw it.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// The function asked for its first event.
    pub asked: Instant,
    /// The last event was handed over.
    pub handed: Instant,
    /// The last answer was there.
    pub answered: Instant,
}

struct Shared {
    queue: AsyncMutex<mpsc::UnboundedReceiver<Invocation>>,
    waiting: Mutex<HashMap<String, oneshot::Sender<Answer>>>,
    init_error: Mutex<Option<(HeaderMap, Value)>>,
    times: Mutex<Option<Times>>,
    /// Locked while no response is acknowledged.
    acknowledging: Arc<AsyncMutex<()>>,
}

/// A Runtime API that runs until it is dropped.
pub struct RuntimeApi {
    pub address: String,
    queue: mpsc::UnboundedSender<Invocation>,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

impl RuntimeApi {
    pub async fn start() -> RuntimeApi {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (queue, events) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            queue: AsyncMutex::new(events),
            waiting: Mutex::default(),
            init_error: Mutex::default(),
            times: Mutex::default(),
            acknowledging: Arc::default(),
        });
        let invocation = Router::new()
            .route("/next", get(next))
            .route("/{id}/response", post(response))
            .route("/{id}/error", post(error));
        let router = Router::new()
            .nest("/2018-06-01/runtime/invocation", invocation)
            .route("/2018-06-01/runtime/init/error", post(init_error))
            .with_state(shared.clone());
        // What is measured here must not wait for acknowledgements.
        let listener = listener.tap_io(|connection| connection.set_nodelay(true).unwrap());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        RuntimeApi { address, queue, shared, server }
    }

    /// Hands `event` over as the invocation `id`, which Lambda would end after `within`; without it
    /// the deadline is in 1970, as cargo-lambda has it.
    pub fn invoke(
        &self,
        id: &str,
        event: impl Into<Bytes>,
        within: Option<Duration>,
    ) -> oneshot::Receiver<Answer> {
        let (answer, answered) = oneshot::channel();
        self.shared.waiting.lock().unwrap().insert(id.to_owned(), answer);
        let deadline = within.map_or(600_000, |within| {
            (SystemTime::now() + within)
                .duration_since(UNIX_EPOCH)
                .unwrap()
                .as_millis()
                .try_into()
                .unwrap()
        });
        self.queue.send(Invocation { id: id.to_owned(), event: event.into(), deadline }).unwrap();
        answered
    }

    /// Takes responses without acknowledging them until what this returns is dropped, so that the
    /// function can't go on.
    pub async fn hold(&self) -> OwnedMutexGuard<()> {
        self.shared.acknowledging.clone().lock_owned().await
    }

    /// What the function said when it could not start.
    pub fn init_error(&self) -> Option<(HeaderMap, Value)> {
        self.shared.init_error.lock().unwrap().clone()
    }

    /// When what happened; nothing before the function has asked for an event.
    pub fn times(&self) -> Option<Times> {
        *self.shared.times.lock().unwrap()
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn next(State(shared): State<Arc<Shared>>) -> Response {
    let asked = Instant::now();
    shared.times.lock().unwrap().get_or_insert(Times { asked, handed: asked, answered: asked });
    let Some(invocation) = shared.queue.lock().await.recv().await else {
        return StatusCode::GONE.into_response();
    };
    let headers = [
        ("lambda-runtime-aws-request-id", invocation.id),
        ("lambda-runtime-deadline-ms", invocation.deadline.to_string()),
        (
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:eu-central-1:123456789012:function:f".to_owned(),
        ),
        ("lambda-runtime-trace-id", "Root=1-5759e988-bd862e3fe1be46a994272793".to_owned()),
    ];
    if let Some(times) = shared.times.lock().unwrap().as_mut() {
        times.handed = Instant::now();
    }
    (headers, invocation.event).into_response()
}

async fn response(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    body: Bytes,
) -> StatusCode {
    let status = answer(&shared, &id, Answer::Response(body));
    drop(shared.acknowledging.lock().await);
    status
}

async fn error(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    body: Bytes,
) -> StatusCode {
    answer(&shared, &id, Answer::Error(serde_json::from_slice(&body).unwrap()))
}

fn answer(shared: &Shared, id: &str, answer: Answer) -> StatusCode {
    if let Some(times) = shared.times.lock().unwrap().as_mut() {
        times.answered = Instant::now();
    }
    let waiting = shared.waiting.lock().unwrap().remove(id);
    waiting.unwrap().send(answer).unwrap();
    StatusCode::ACCEPTED
}

async fn init_error(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    *shared.init_error.lock().unwrap() = Some((headers, serde_json::from_slice(&body).unwrap()));
    StatusCode::ACCEPTED
}
