//! Making a connection: the name, TCP, and TLS for `https`.

use std::io;
use std::sync::Arc;

use hyper::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::GaiResolver;
use reqwest::Url;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tower::Service;
use tower::util::MapErr;

use super::cause::{self, Cause, Unresolved};

/// A connection over which HTTP is spoken.
pub(super) type Stream = Box<dyn Duplex>;

/// What reads and writes.
pub(super) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

type Resolver = MapErr<GaiResolver, fn(io::Error) -> Unresolved>;

/// What makes connections.
pub(super) struct Connector {
    tcp: HttpConnector<Resolver>,
    tls: TlsConnector,
}

impl Connector {
    /// Connects with `tls` if an address begins with `https`.
    pub(super) fn new(mut tls: ClientConfig) -> Connector {
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        let mut tcp =
            HttpConnector::new_with_resolver(MapErr::new(GaiResolver::new(), not_found as _));
        tcp.set_nodelay(true);
        tcp.enforce_http(false);
        Connector { tcp, tls: TlsConnector::from(Arc::new(tls)) }
    }

    /// A new connection to the host of `url`.
    ///
    /// # Errors
    /// Why no connection was made.
    pub(super) async fn connect(&self, url: &Url) -> Result<Stream, Cause> {
        let uri: Uri = url.as_str().parse().map_err(|_| Cause::Other)?;
        let tcp = self.tcp.clone().call(uri).await.map_err(|error| cause::of_tcp(&error))?;
        let tcp = tcp.into_inner();
        if url.scheme() != "https" {
            return Ok(Box::new(tcp));
        }
        let host = url.host_str().unwrap_or_default();
        // An address of IPv6 stands in brackets in a URL, and without them in a certificate.
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let name = ServerName::try_from(host).map_err(|_| Cause::NameNotFound)?;
        let tls = self.tls.connect(name, tcp).await.map_err(|error| cause::of_tls(&error))?;
        Ok(Box::new(tls))
    }
}

/// A name without an address has no number of an error; a fault of the system on the way to the
/// resolver has.
fn not_found(error: io::Error) -> Unresolved {
    Unresolved { fault: error.raw_os_error().map(|_| error.kind()) }
}
