//! A backend that fails as backends and networks do. It speaks for itself on raw sockets, because
//! no HTTP server can be made to reset a connection or to stop in the middle of a line. It keeps
//! its users as a backend should that honours the idempotency key, so that a test can count how
//! often a user arrived.

mod connection;

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime};

use serde_json::Value;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Barrier;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::PATIENCE;
use connection::{DRIP, reset};

/// What the backend does to one connection.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Takes the user: 201, or 409 if it has the key already.
    Takes,
    /// The same, after this time.
    TakesAfter(Duration),
    /// The same, when everyone has come whom the barrier waits for.
    TakesTogether(Arc<Barrier>),
    /// The same, a byte of the head at a time.
    TakesBitByBit,
    /// The same if the `authorization` header is this, else 401.
    Wants(&'static str),
    /// The same, and keeps the connection until `reset_kept`.
    Keeps,
    /// Takes the user, and then this happens, so that only the answer is lost.
    Taken(Box<Fault>),
    /// Resets the connection before it has read anything.
    ResetsUnread,
    /// Reads the request and resets the connection.
    Resets,
    /// Reads the request and closes the connection in order.
    Closes,
    /// Reads the request and never answers.
    Hangs,
    /// Answers with this status, and stops in the middle of the body that it promised.
    HangsInBody(u16),
    /// Takes the user and answers a byte of the head at a time, but never the last one.
    Drips,
    /// Answers with these bytes, whatever they are.
    Writes(Vec<u8>),
    /// Answers 201, and sends the body when the client has had time to go away.
    BodyLater,
    /// Answers with these bytes again and again, as fast as they are read.
    Floods(&'static str),
    /// Answers with this status and this further header, if any.
    Answers(u16, Option<(&'static str, String)>),
}

/// A complete request as it came.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub headers: HashMap<String, String>,
    pub body: Vec<u8>,
    /// When its last byte came.
    pub at: SystemTime,
}

/// A backend that fails, until it is dropped.
pub struct FaultyBackend {
    pub url: String,
    address: SocketAddr,
    shared: Arc<Shared>,
    server: Mutex<Option<JoinHandle<()>>>,
    /// Holds the port while nobody listens, so that no other test gets it.
    reserved: Mutex<Option<TcpSocket>>,
}

struct Shared {
    script: Mutex<VecDeque<Fault>>,
    afterwards: Mutex<Fault>,
    requests: Mutex<Vec<Request>>,
    /// The distinct idempotency keys that were taken for each user.
    users: Mutex<HashMap<String, BTreeSet<String>>>,
    kept: Mutex<Vec<TcpStream>>,
    /// How many clients went away before the body.
    cut_short: AtomicUsize,
}

impl FaultyBackend {
    /// A backend that does `script`, connection by connection, and `afterwards` to all that follow.
    pub async fn start(
        script: impl IntoIterator<Item = Fault>,
        afterwards: Fault,
    ) -> FaultyBackend {
        let reserved = reserve("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = reserved.local_addr().unwrap();
        let shared = Arc::new(Shared {
            script: Mutex::new(script.into_iter().collect()),
            afterwards: Mutex::new(afterwards),
            requests: Mutex::default(),
            users: Mutex::default(),
            kept: Mutex::default(),
            cut_short: AtomicUsize::new(0),
        });
        let (url, reserved) = (format!("http://{address}/api/"), Mutex::new(Some(reserved)));
        let backend = FaultyBackend { url, address, shared, server: Mutex::default(), reserved };
        backend.up();
        backend
    }

    /// Replaces what is left of the script.
    pub fn plan(&self, script: impl IntoIterator<Item = Fault>, afterwards: Fault) {
        *self.shared.script.lock().unwrap() = script.into_iter().collect();
        *self.shared.afterwards.lock().unwrap() = afterwards;
    }

    /// Refuses connections from now on.
    pub async fn down(&self) {
        let server = self.server.lock().unwrap().take();
        if let Some(server) = server {
            server.abort();
            let _ = server.await;
            // A process that another test starts may hold the listener for a moment longer.
            let reserved = loop {
                match reserve(self.address) {
                    Ok(reserved) => break reserved,
                    Err(_) => tokio::task::yield_now().await,
                }
            };
            *self.reserved.lock().unwrap() = Some(reserved);
        }
    }

    /// Takes connections again.
    pub fn up(&self) {
        if let Some(reserved) = self.reserved.lock().unwrap().take() {
            let listener = reserved.listen(1024).unwrap();
            *self.server.lock().unwrap() = Some(serve(listener, self.shared.clone()));
        }
    }

    /// Resets the next connection that `Fault::Keeps` keeps or has kept.
    pub async fn reset_kept(&self) {
        loop {
            if let Some(connection) = self.shared.kept.lock().unwrap().pop() {
                return reset(connection);
            }
            tokio::task::yield_now().await;
        }
    }

    /// Waits until so many complete requests have come.
    pub async fn until_requests(&self, number: usize) {
        let come = async {
            while self.requests().len() < number {
                sleep(DRIP).await;
            }
        };
        timeout(PATIENCE, come).await.expect("they don't come");
    }

    /// How many clients went away before the body that `Fault::BodyLater` sends.
    pub fn cut_short(&self) -> usize {
        self.shared.cut_short.load(Ordering::Relaxed)
    }

    /// Every complete request that came.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.requests.lock().unwrap().clone()
    }

    /// The idempotency keys of the requests, in their order.
    pub fn keys(&self) -> Vec<String> {
        self.shared
            .requests
            .lock()
            .unwrap()
            .iter()
            .map(|request| request.header("idempotency-key"))
            .collect()
    }

    /// How often `user` was taken under another key: what a backend that honours the key would
    /// count. The user is the body's `username`, or the whole body if it is not JSON.
    pub fn times(&self, user: &str) -> usize {
        self.shared.users().get(user).map_or(0, BTreeSet::len)
    }
}

impl Drop for FaultyBackend {
    fn drop(&mut self) {
        if let Some(server) = self.server.lock().unwrap().take() {
            server.abort();
        }
    }
}

impl Request {
    /// The value of the header `name`, empty if there is none.
    pub fn header(&self, name: &str) -> String {
        self.headers.get(name).cloned().unwrap_or_default()
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Fault {
    /// The same, but the user was taken before.
    pub fn taken(self) -> Fault {
        Fault::Taken(Box::new(self))
    }

    /// A status that asks to be left alone for a while.
    pub fn retry_after(status: u16, value: impl ToString) -> Fault {
        Fault::Answers(status, Some(("retry-after", value.to_string())))
    }

    /// A status without any further header.
    pub fn status(status: u16) -> Fault {
        Fault::Answers(status, None)
    }
}

impl Shared {
    fn next(&self) -> Fault {
        self.script
            .lock()
            .unwrap()
            .pop_front()
            .unwrap_or_else(|| self.afterwards.lock().unwrap().clone())
    }

    fn users(&self) -> MutexGuard<'_, HashMap<String, BTreeSet<String>>> {
        self.users.lock().unwrap()
    }

    /// Takes the user of `request`, and answers with the status that a backend would.
    fn take(&self, request: &Request) -> u16 {
        let json: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let user = json["username"].as_str().map_or_else(|| request.text(), str::to_owned);
        let new = self.users().entry(user).or_default().insert(request.header("idempotency-key"));
        if new { 201 } else { 409 }
    }
}

/// The port of `address`, without listening: connections are refused, and no other test gets the
/// port.
fn reserve(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

fn serve(listener: TcpListener, shared: Arc<Shared>) -> JoinHandle<()> {
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            let (fault, shared) = (shared.next(), shared.clone());
            tokio::spawn(async move { connection::handle(connection, fault, &shared).await });
        }
    })
}
