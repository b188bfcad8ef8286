//! A sample backend. It takes every POST, PUT and PATCH, remembers it, and shows at `GET /requests` what it got. It
//! answers 201, and 409 where it has seen the `idempotency-key` before: what a real backend does with a unique column.
//!
//! Its argument is the address to listen on, `127.0.0.1:0` unless given. It remembers for as long as it runs.

use std::collections::HashSet;
use std::env;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// What the backend has got.
#[derive(Default)]
struct Received {
    requests: Vec<Value>,
    idempotency_keys: HashSet<Vec<u8>>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:0".to_owned());
    let listener = TcpListener::bind(&address).await.with_context(|| format!("can't listen on `{address}`"))?;
    println!("listening on http://{}/", listener.local_addr()?);
    let app = Router::new().fallback(answer).with_state(Arc::default());
    axum::serve(listener, app).await.context("the server ended")
}

async fn answer(
    State(received): State<Arc<Mutex<Received>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut received = received.lock().unwrap_or_else(PoisonError::into_inner);
    match method {
        Method::POST | Method::PUT | Method::PATCH => {
            received.requests.push(record(&method, &uri, &headers, &body));
            let key = headers.get("idempotency-key").map(|key| key.as_bytes().to_vec());
            let new = key.is_none_or(|key| received.idempotency_keys.insert(key));
            if new { StatusCode::CREATED } else { StatusCode::CONFLICT }.into_response()
        }
        Method::GET if uri.path() == "/requests" => {
            let requests = Value::from(received.requests.clone()).to_string();
            ([(CONTENT_TYPE, "application/json")], requests).into_response()
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

/// A request as JSON. The headers have the form of `mapper run --json`, in the order in which they came.
fn record(method: &Method, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Value {
    let headers = headers.iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes());
        json!({ "name": name.as_str(), "value": value })
    });
    json!({
        "method": method.as_str(),
        "path": uri.path_and_query().map_or("/", |path| path.as_str()),
        "headers": headers.collect::<Vec<_>>(),
        "body": serde_json::from_slice(body).unwrap_or_else(|_| Value::from(String::from_utf8_lossy(body))),
    })
}
