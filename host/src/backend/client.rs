//! The HTTP client: one for the life of the process.

use std::sync::Arc;
use std::time::Duration;

use reqwest::redirect;
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use thiserror::Error;

/// The longest wait for a connection, its TLS handshake included: a backend that is there answers far sooner, and a
/// function in a VPC without a way out hangs here.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(2000);

/// Why there is no client.
#[derive(Debug, Error)]
pub enum BuildError {
    /// A certificate that is none, or TLS that can't be set up.
    #[error("TLS can't be set up")]
    Tls(#[from] rustls::Error),
    /// The client itself.
    #[error("the HTTP client can't be made")]
    Client(#[from] reqwest::Error),
}

/// A client that trusts the public roots and `roots`, follows no redirect and uses no proxy.
///
/// The public roots are part of the program: reading the system's bundle would cost every cold start some
/// milliseconds. The provider is ring, which needs no entropy of its own at first use.
pub fn build(roots: &[CertificateDer<'static>]) -> Result<reqwest::Client, BuildError> {
    let mut trusted = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    for root in roots {
        trusted.add(root.clone())?;
    }
    let tls = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(trusted)
        .with_no_client_auth();
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(redirect::Policy::none())
        .no_proxy()
        .connect_timeout(CONNECT_TIMEOUT)
        // Sign-ups are sparse and Lambda freezes the process between them. A new connection costs about a millisecond of
        // processor time, with TLS; a kept one that went silent meanwhile costs an attempt's whole time.
        .pool_max_idle_per_host(0)
        .tcp_nodelay(true)
        .build()?;
    Ok(client)
}
