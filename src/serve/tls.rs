//! TLS of the web server: which certificate it shows, and how connections are taken. A certificate is replaced while connections go on.

mod acme;
mod authority;
mod files;

pub use authority::Authority;

use crate::config::public_address::{LOCAL_AUTHORITY, PublicAddress, Tls};
use anyhow::Context as _;
use parking_lot::RwLock;
use rustls::{
    ServerConfig,
    crypto::ring,
    server::{Acceptor, ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use std::{io, path::Path, sync::Arc};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio_rustls::{LazyConfigAcceptor, server::TlsStream};
use tokio_util::sync::CancellationToken;

/// What is spoken inside of TLS.
const HTTP: &[u8] = b"http/1.1";
/// The protocol of the challenge TLS-ALPN-01 (RFC 8737).
const ACME: &[u8] = b"acme-tls/1";

/// The certificate that is shown now.
#[derive(Debug, Default)]
pub struct Certificates {
    /// `None` until an ACME server has given the first one.
    current: RwLock<Option<Arc<CertifiedKey>>>,
    /// What an ACME server is shown while it checks that the host is ours.
    challenge: RwLock<Option<Arc<ServerConfig>>>,
}

impl Certificates {
    fn show(&self, certified: Arc<CertifiedKey>) {
        *self.current.write() = Some(certified);
    }
}

impl ResolvesServerCert for Certificates {
    /// The same for every name: clients that open an IP address name none.
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.current.read().clone()
    }
}

/// The server's side of TLS handshakes. Cheap to clone.
#[derive(Clone)]
pub struct Handshakes {
    certificates: Arc<Certificates>,
    config: Arc<ServerConfig>,
}

impl Handshakes {
    fn new(certificates: Arc<Certificates>) -> anyhow::Result<Self> {
        let config = Arc::new(server_config(certificates.clone(), HTTP)?);
        Ok(Self { certificates, config })
    }

    /// Takes a connection. `None` after the challenge of an ACME server, which asks nothing more.
    ///
    /// # Errors
    /// The client speaks no TLS of ours, does not trust the certificate, or went away.
    pub async fn accept<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: S) -> io::Result<Option<TlsStream<S>>> {
        let start = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
        if start.client_hello().alpn().is_some_and(|protocols| protocols.eq([ACME])) {
            let challenge = self.certificates.challenge.read().clone();
            let challenge = challenge.ok_or_else(|| io::Error::other("no certificate was asked for"))?;
            start.into_stream(challenge).await?.shutdown().await?;
            return Ok(None);
        }
        start.into_stream(self.config.clone()).await.map(Some)
    }
}

fn server_config(certificates: Arc<dyn ResolvesServerCert>, protocol: &[u8]) -> anyhow::Result<ServerConfig> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(certificates);
    config.alpn_protocols = vec![protocol.to_vec()];
    Ok(config)
}

/// TLS as the studio's address asks for it.
#[derive(Clone)]
pub struct ServerTls {
    pub handshakes: Handshakes,
    /// The local authority, where the certificate is its own.
    pub authority: Option<Arc<Authority>>,
}

impl ServerTls {
    /// Reads, makes or asks for the certificate, and keeps it fresh until `closing`. `None` where the studio does not end TLS.
    ///
    /// # Errors
    /// The certificate files cannot be used, or the data folder cannot be written.
    pub fn open(address: &PublicAddress, data: &Path, closing: &CancellationToken) -> anyhow::Result<Option<Self>> {
        let certificates = Arc::new(Certificates::default());
        let handshakes = Handshakes::new(certificates.clone())?;
        let mut authority = None;
        match &address.tls {
            Tls::Off => return Ok(None),
            Tls::Files(files) => {
                let watched = files::Watched::open(files.clone(), address.host.clone(), certificates).context("FOOTLIGHT_TLS_CERT")?;
                tokio::spawn(closing.clone().run_until_cancelled_owned(watched.run(files::LOOK_EVERY)));
            }
            Tls::Acme(acme) => {
                let order = acme::Orders::open(acme.clone(), address.host.clone(), &data.join("acme"), certificates)?;
                tokio::spawn(closing.clone().run_until_cancelled_owned(order.run()));
            }
            Tls::Local => {
                let made = Arc::new(Authority::open(&data.join(LOCAL_AUTHORITY), &address.host)?);
                certificates.show(made.issue()?);
                tokio::spawn(closing.clone().run_until_cancelled_owned(authority::renew(made.clone(), certificates)));
                authority = Some(made);
            }
        }
        Ok(Some(Self { handshakes, authority }))
    }
}
