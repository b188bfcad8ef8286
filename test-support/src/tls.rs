//! A backend that speaks TLS with a certificate of its own authority.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy, sink};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// A backend that takes every user over TLS, until it is dropped.
pub struct TlsBackend {
    pub url: String,
    /// The authority's certificate, PEM.
    pub authority: String,
    server: JoinHandle<()>,
}

/// What is wrong with a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    Nothing,
    Expired,
    NotYetValid,
    AnotherName,
    /// The server shows the authority's own certificate.
    IsTheAuthority,
}

impl TlsBackend {
    pub async fn start() -> TlsBackend {
        TlsBackend::with(Flaw::Nothing).await
    }

    /// A backend whose certificate has this flaw.
    pub async fn with(flaw: Flaw) -> TlsBackend {
        let mut authority = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority_key = KeyPair::generate().unwrap();
        let authority_der = authority_key.serialize_der();
        let authority = CertifiedIssuer::self_signed(authority, authority_key).unwrap();
        let key = KeyPair::generate().unwrap();
        let name = if flaw == Flaw::AnotherName { "example.com" } else { "localhost" };
        let mut certificate = CertificateParams::new(vec![name.to_owned()]).unwrap();
        match flaw {
            Flaw::Expired => certificate.not_after = date_time_ymd(2020, 1, 1),
            Flaw::NotYetValid => certificate.not_before = date_time_ymd(2090, 1, 1),
            Flaw::Nothing | Flaw::AnotherName | Flaw::IsTheAuthority => {}
        }
        let certificate = certificate.signed_by(&key, &authority).unwrap();
        let (chain, key) = match flaw {
            Flaw::IsTheAuthority => (authority.der().clone(), authority_der),
            _ => (certificate.der().clone(), key.serialize_der()),
        };
        let config =
            ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_no_client_auth()
                .with_single_cert(vec![chain], PrivateKeyDer::Pkcs8(key.into()))
                .unwrap();

        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://localhost:{}/", listener.local_addr().unwrap().port());
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let server = tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                // A client that does not trust the certificate ends here.
                let Ok(mut connection) = acceptor.accept(connection).await else { continue };
                let mut request = [0; 4096];
                let _ = connection.read(&mut request).await;
                let _ = connection
                    .write_all(b"HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n")
                    .await;
                let _ = connection.shutdown().await;
                // What is not read when a connection is closed would take the answer away.
                let _ = copy(&mut connection, &mut sink()).await;
            }
        });
        TlsBackend { url, authority: authority.pem(), server }
    }
}

impl Drop for TlsBackend {
    fn drop(&mut self) {
        self.server.abort();
    }
}
