//! A backend on a real socket: it records what it gets and answers what it is told.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// What a backend answers.
#[derive(Clone)]
pub enum Answer {
    /// This status, with an empty body.
    Status(u16),
    /// A redirect to this address.
    Redirect(String),
    /// 201 with a body of so many bytes.
    Long(usize),
    /// This status and this body, as JSON.
    Json(u16, String),
    /// Nothing.
    Silence,
    /// 201, and a body that never ends.
    Endless,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Recorded {
    pub method: String,
    pub path: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// A backend that runs until it is dropped.
pub struct Backend {
    pub url: String,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

struct Shared {
    answer: Answer,
    requests: Mutex<Vec<Recorded>>,
}

impl Backend {
    /// A backend that answers `answer` to everything.
    pub async fn answering(answer: Answer) -> Backend {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/api/", listener.local_addr().unwrap());
        let shared = Arc::new(Shared { answer, requests: Mutex::default() });
        let router = Router::new().fallback(record).with_state(shared.clone());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Backend { url, shared, server }
    }

    /// A backend that takes every user.
    pub async fn start() -> Backend {
        Backend::answering(Answer::Status(201)).await
    }

    /// Everything that came.
    pub fn requests(&self) -> Vec<Recorded> {
        self.shared.requests.lock().unwrap().clone()
    }

    /// The one request that came.
    pub fn request(&self) -> Recorded {
        let requests = self.requests();
        assert_eq!(requests.len(), 1, "{requests:?}");
        requests[0].clone()
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn record(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let recorded = Recorded {
        method: parts.method.to_string(),
        path: parts.uri.path_and_query().unwrap().to_string(),
        headers: parts.headers,
        body: to_bytes(body, usize::MAX).await.unwrap(),
    };
    shared.requests.lock().unwrap().push(recorded);
    match &shared.answer {
        Answer::Status(status) => StatusCode::from_u16(*status).unwrap().into_response(),
        Answer::Redirect(to) => {
            (StatusCode::FOUND, [(header::LOCATION, to.clone())]).into_response()
        }
        Answer::Long(bytes) => (StatusCode::CREATED, vec![b'x'; *bytes]).into_response(),
        Answer::Json(status, body) => (
            StatusCode::from_u16(*status).unwrap(),
            [(header::CONTENT_TYPE, "application/json"), (header::SET_COOKIE, "a=b")],
            body.clone(),
        )
            .into_response(),
        Answer::Silence => {
            tokio::time::sleep(Duration::from_secs(3600)).await;
            StatusCode::CREATED.into_response()
        }
        Answer::Endless => {
            let chunks = futures_util::stream::unfold((), async |()| {
                tokio::time::sleep(Duration::from_millis(10)).await;
                Some((Ok::<_, std::io::Error>(Bytes::from_static(b"x")), ()))
            });
            (StatusCode::CREATED, Body::from_stream(chunks)).into_response()
        }
    }
}
