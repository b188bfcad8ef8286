//! One connection to the backend that fails.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy, sink};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::{Fault, Request, Shared};
use crate::canary;

/// The pause between two bytes of a head that drips. A whole head takes about a second.
pub(super) const DRIP: Duration = Duration::from_millis(20);
/// How much later than its head a body comes: less than a client waits for one.
const BODY_LATER: Duration = Duration::from_millis(100);

pub(super) async fn handle(mut connection: TcpStream, fault: Fault, shared: &Shared) {
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
        Fault::Takes => taken(shared, &request),
        Fault::TakesAfter(time) => {
            sleep(time).await;
            taken(shared, &request)
        }
        Fault::TakesTogether(barrier) => {
            barrier.wait().await;
            taken(shared, &request)
        }
        Fault::Wants(authorization) => {
            let wanted = request.header("authorization") == authorization;
            head(
                if wanted { shared.take(&request) } else { 401 },
                "connection: close\r\ncontent-length: 0",
            )
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
            let header =
                header.map(|(name, value)| format!("{name}: {value}\r\n")).unwrap_or_default();
            head(status, &format!("{header}connection: close\r\ncontent-length: 0"))
        }
    };
    let _ = connection.write_all(answer.as_bytes()).await;
    let _ = connection.shutdown().await;
    wait_for_the_client(connection).await;
}

/// Takes the user, and says what the user is here: the same each time, and nothing that may be
/// logged.
fn taken(shared: &Shared, request: &Request) -> String {
    let id = format!("{}-{}", canary::MARK, request.header("idempotency-key"));
    let body = json!({ "id": id, "group": "members" }).to_string();
    let headers = format!(
        "x-canary: {}\r\nconnection: close\r\ncontent-length: {}",
        canary::MARK,
        body.len()
    );
    head(shared.take(request), &headers) + &body
}

fn head(status: u16, headers: &str) -> String {
    format!("HTTP/1.1 {status} Status\r\n{headers}\r\n\r\n")
}

/// Closes with RST instead of FIN.
pub(super) fn reset(connection: TcpStream) {
    let _ = connection.set_zero_linger();
}

/// Holds the connection as long as the client does.
async fn wait_for_the_client(mut connection: TcpStream) {
    let _ = copy(&mut connection, &mut sink()).await;
}

/// Reads one request whole; None if the client gives up earlier.
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
