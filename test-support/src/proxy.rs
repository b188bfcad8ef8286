//! A proxy in front of AWS that fails when it is told to.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy, copy_bidirectional, sink};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::PATIENCE;

/// What a new connection meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// AWS.
    Passes,
    /// A reset before anything is read.
    Resets,
    /// The status 500, which says nothing of use.
    Fails,
    /// Silence.
    Hangs,
    /// AWS, after this time.
    PassesAfter(Duration),
    /// AWS, but the answer is lost: the message is in the queue, and nobody knows.
    LosesAnswers,
}

/// A proxy that runs until it is dropped.
pub struct Proxy {
    pub endpoint: String,
    mode: Arc<Mutex<Mode>>,
    connections: watch::Sender<Connections>,
    server: JoinHandle<()>,
}

/// How many connections there have been, and how many there still are.
#[derive(Default)]
struct Connections {
    all: usize,
    open: usize,
}

impl Proxy {
    /// A proxy in front of `upstream`, `http://HOST:PORT`.
    pub async fn start(upstream: &str, mode: Mode) -> Proxy {
        let upstream = upstream.strip_prefix("http://").unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let mode = Arc::new(Mutex::new(mode));
        let connections = watch::Sender::default();
        let (current, counted) = (mode.clone(), connections.clone());
        let server = tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let (mode, upstream, counted) =
                    (*current.lock().unwrap(), upstream.clone(), counted.clone());
                counted
                    .send_modify(|Connections { all, open }| (*all, *open) = (*all + 1, *open + 1));
                tokio::spawn(async move {
                    handle(connection, mode, &upstream).await;
                    counted.send_modify(|connections| connections.open -= 1);
                });
            }
        });
        Proxy { endpoint, mode, connections, server }
    }

    /// How many connections there have been.
    pub fn connections(&self) -> usize {
        self.connections.borrow().all
    }

    /// Waits until there have been so many connections.
    pub async fn until_connections(&self, number: usize) {
        self.until(|connections| connections.all >= number).await;
    }

    /// Waits until everything that came has gone its way.
    pub async fn until_quiet(&self) {
        self.until(|connections| connections.open == 0).await;
    }

    async fn until(&self, are: impl FnMut(&Connections) -> bool) {
        let mut connections = self.connections.subscribe();
        timeout(PATIENCE, connections.wait_for(are)).await.expect("it does not happen").unwrap();
    }

    /// Changes what new connections meet.
    pub fn set(&self, mode: Mode) {
        *self.mode.lock().unwrap() = mode;
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.server.abort();
    }
}

// Whoever is at the other end may go away at any time, which is no failure here.
async fn handle(mut client: TcpStream, mode: Mode, upstream: &str) {
    match mode {
        Mode::Passes | Mode::PassesAfter(_) => {
            if let Mode::PassesAfter(time) = mode {
                sleep(time).await;
            }
            let mut server = TcpStream::connect(upstream).await.unwrap();
            let _ = copy_bidirectional(&mut client, &mut server).await;
        }
        Mode::Resets => {
            let _ = client.set_zero_linger();
        }
        Mode::Fails => {
            // One read is enough: the connection is held until the client closes it.
            let _ = client.read(&mut [0; 4096]).await;
            let head = "HTTP/1.1 500 Internal Server Error\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
            let _ = client.write_all(head.as_bytes()).await;
            let _ = client.shutdown().await;
            let _ = copy(&mut client, &mut sink()).await;
        }
        Mode::Hangs => {
            let _ = copy(&mut client, &mut sink()).await;
        }
        Mode::LosesAnswers => {
            let server = TcpStream::connect(upstream).await.unwrap();
            let (mut from, mut to) = server.into_split();
            let (mut requests, _client) = client.into_split();
            let answers = tokio::spawn(async move { copy(&mut from, &mut sink()).await });
            let _ = copy(&mut requests, &mut to).await;
            let _ = to.shutdown().await;
            let _ = answers.await;
        }
    }
}
