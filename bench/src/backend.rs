//! The backend of the measurements, in a process of its own: it takes every user at once, or so
//! many a second, one after the other, as a server does that has so many workers.

use std::env;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::serve::ListenerExt;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};

/// What makes this program a backend; the rate comes after it.
pub const ARGUMENT: &str = "--as-backend-of";
/// As the rate: no limit.
pub const UNLIMITED: u32 = 0;

/// A backend that runs until it is dropped.
pub struct Backend {
    pub url: String,
    _process: Child,
}

impl Backend {
    /// Starts a backend that takes `per_second` users.
    pub async fn start(per_second: u32) -> Result<Backend> {
        let mut process = Command::new(env::current_exe()?)
            .args([ARGUMENT, &per_second.to_string()])
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let mut url = String::new();
        let stdout = process.stdout.take().context("the backend has no output")?;
        BufReader::new(stdout).read_line(&mut url).await?;
        Ok(Backend { url: url.trim().to_owned(), _process: process })
    }
}

/// When the next worker is free.
type Line = Arc<Mutex<Instant>>;

/// Serves until the process ends.
pub async fn serve(per_second: u32) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}/", listener.local_addr()?);
    let app = if per_second == UNLIMITED {
        Router::new().fallback(async |_: Bytes| created())
    } else {
        let each = Duration::from_secs(1) / per_second;
        let line = Line::new(Mutex::new(Instant::now()));
        Router::new()
            .fallback(async move |State(line): State<Line>, _: Bytes| take(&line, each).await)
            .with_state(line)
    };
    let listener = listener.tap_io(|connection| {
        // Without it the answer could wait for an acknowledgement, and so would every figure.
        let _ = connection.set_nodelay(true);
    });
    axum::serve(listener, app).await.context("the backend ended")
}

/// Waits in line for the one who takes users, who needs `each` for a user. Who has gone meanwhile
/// takes no time.
async fn take(line: &Mutex<Instant>, each: Duration) -> Response {
    let mut free = line.lock().await;
    sleep_until(*free).await;
    *free = Instant::now().max(*free) + each;
    let done = *free;
    drop(free);
    sleep_until(done).await;
    created()
}

/// The answer, which goes for one of Cognito's as well.
fn created() -> Response {
    (StatusCode::CREATED, r#"{"id":42,"group":"members"}"#).into_response()
}
