//! A backend that fails as backends and networks do. It speaks for itself on raw sockets, because no HTTP server can
//! be made to reset a connection or to stop in the middle of a line. It keeps its users as a backend should that honours
//! the idempotency key, so that a test can count how often a user arrived.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy, sink};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Barrier;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::PATIENCE;

/// The pause between two bytes of a head that drips. A whole head takes about a second.
const DRIP: Duration = Duration::from_millis(20);
/// How much later than its head a body comes: less than a client waits for one.
const BODY_LATER: Duration = Duration::from_millis(100);

/// What the backend does to one connection.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Takes the user: 201, or 409 where it has the key already.
    Takes,
    /// The same, after this time.
    TakesAfter(Duration),
    /// The same, when everyone has come whom the barrier waits for.
    TakesTogether(Arc<Barrier>),
    /// The same, a byte of the head at a time.
    TakesBitByBit,
    /// The same where the `authorization` header is this, else 401.
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
    pub async fn start(script: impl IntoIterator<Item = Fault>, afterwards: Fault) -> FaultyBackend {
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
        self.shared.requests.lock().unwrap().iter().map(|request| request.header("idempotency-key")).collect()
    }

    /// How often `user` was taken under another key: what a backend that honours the key would count. The user is the
    /// body's `username`, or the whole body where it is not JSON.
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
    /// The value of the header `name`, empty where there is none.
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
        self.script.lock().unwrap().pop_front().unwrap_or_else(|| self.afterwards.lock().unwrap().clone())
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

/// The port of `address`, without listening: connections are refused, and no other test gets the port.
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
            tokio::spawn(async move { handle(connection, fault, &shared).await });
        }
    })
}

async fn handle(mut connection: TcpStream, fault: Fault, shared: &Shared) {
    if let Fault::ResetsUnread = fault {
        return reset(connection);
    }
    // A client that gave up earlier has made no request.
    let Some(request) = read(&mut connection).await else { return };
    shared.requests.lock().unwrap().push(request.clone());
    let fault = match fault {
        Fault::Taken(then) => {
            shared.take(&request);
            *then
        }
        fault => fault,
    };
    let answer = match fault {
        Fault::Takes => head(shared.take(&request), "connection: close\r\ncontent-length: 0"),
        Fault::TakesAfter(time) => {
            sleep(time).await;
            head(shared.take(&request), "connection: close\r\ncontent-length: 0")
        }
        Fault::TakesTogether(barrier) => {
            barrier.wait().await;
            head(shared.take(&request), "connection: close\r\ncontent-length: 0")
        }
        Fault::Wants(authorization) => {
            let wanted = request.header("authorization") == authorization;
            head(if wanted { shared.take(&request) } else { 401 }, "connection: close\r\ncontent-length: 0")
        }
        Fault::Keeps => {
            let answer = head(shared.take(&request), "content-length: 0");
            let _ = connection.write_all(answer.as_bytes()).await;
            return shared.kept.lock().unwrap().push(connection);
        }
        Fault::Taken(_) | Fault::ResetsUnread | Fault::Resets => return reset(connection),
        Fault::Closes => String::new(),
        Fault::Hangs => return wait_for_the_client(connection).await,
        Fault::HangsInBody(status) => {
            if status < 300 {
                shared.take(&request);
            }
            let half = head(status, "content-length: 1000") + "half of it";
            let _ = connection.write_all(half.as_bytes()).await;
            return wait_for_the_client(connection).await;
        }
        Fault::TakesBitByBit | Fault::Drips => {
            let head = head(shared.take(&request), "connection: close\r\ncontent-length: 0");
            let (all_but_one, last) = head.split_at(head.len() - 1);
            for byte in all_but_one.bytes() {
                if connection.write_all(&[byte]).await.is_err() {
                    return;
                }
                sleep(DRIP).await;
            }
            if let Fault::Drips = fault {
                return wait_for_the_client(connection).await;
            }
            last.to_owned()
        }
        Fault::Writes(bytes) => {
            let _ = connection.write_all(&bytes).await;
            let _ = connection.shutdown().await;
            return wait_for_the_client(connection).await;
        }
        Fault::BodyLater => {
            let _ = connection.write_all(head(201, "content-length: 4").as_bytes()).await;
            let left = timeout(BODY_LATER, connection.read(&mut [0])).await;
            // A client that has gone ends its side, or resets both.
            let gone = left.is_ok() || connection.write_all(b"body").await.is_err();
            shared.cut_short.fetch_add(usize::from(gone), Ordering::Relaxed);
            return;
        }
        Fault::Floods(text) => {
            let many = text.repeat(1000);
            while connection.write_all(many.as_bytes()).await.is_ok() {}
            return;
        }
        Fault::Answers(status, header) => {
            let header = header.map(|(name, value)| format!("{name}: {value}\r\n")).unwrap_or_default();
            head(status, &format!("{header}connection: close\r\ncontent-length: 0"))
        }
    };
    let _ = connection.write_all(answer.as_bytes()).await;
    let _ = connection.shutdown().await;
    wait_for_the_client(connection).await;
}

fn head(status: u16, headers: &str) -> String {
    format!("HTTP/1.1 {status} Status\r\n{headers}\r\n\r\n")
}

/// Closes with RST instead of FIN.
fn reset(connection: TcpStream) {
    let _ = connection.set_zero_linger();
}

/// Holds the connection as long as the client does.
async fn wait_for_the_client(mut connection: TcpStream) {
    let _ = copy(&mut connection, &mut sink()).await;
}

/// Reads one request whole; none where the client gives up earlier.
async fn read(connection: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        if connection.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, path) = (first.next()?.to_owned(), first.next()?.to_owned());
    let named = lines.filter_map(|line| line.split_once(':'));
    let headers: HashMap<_, _> =
        named.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect();
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = bytes.split_off(end + 4);
    while body.len() < length {
        if connection.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    Some(Request { method, path, headers, body, at: SystemTime::now() })
}
