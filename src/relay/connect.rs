//! From an address to an open connection: the name is resolved here, every IP address judged, and the connection made to
//! that very address. What goes wrong is either final ([`Trouble::Refused`]) or worth another try ([`Trouble::Lost`]).

use crate::domain::address::{AllowList, IngestTarget, check_ip};
use futures::future::BoxFuture;
use nix::sys::socket::{setsockopt, sockopt};
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject};
use std::{
    io,
    net::{IpAddr, SocketAddr},
    path::Path,
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpSocket, TcpStream},
    time::timeout,
};
use tokio_rustls::{TlsConnector, rustls};

/// Bytes the kernel may hold for one destination: about a second of video, so that "taken" means nearly "sent".
const SEND_BUFFER: u32 = 192 * 1024;

/// Why there is no connection, in words for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// The other side (or the guard) says no; before the first acceptance this is final.
    Refused(String),
    /// Something went wrong on the way; it is tried again.
    Lost(String),
}

/// Names to IP addresses; tests give their own.
pub trait Resolver: Send + Sync {
    /// All addresses of a host, in the order in which to try them.
    fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>>;
}

/// The system's resolver.
pub struct SystemResolver;

impl Resolver for SystemResolver {
    fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        Box::pin(async move { Ok(tokio::net::lookup_host((host, 0)).await?.map(|found| found.ip()).collect()) })
    }
}

/// A byte stream, encrypted or not.
pub trait Link: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Link for T {}

/// Opens connections to destinations.
pub struct Connector {
    resolver: Arc<dyn Resolver>,
    allow: AllowList,
    tls: TlsConnector,
    connect: Duration,
    stall: Duration,
}

impl Connector {
    /// Trusts the public certificate authorities, and `extra_ca` if given.
    ///
    /// # Errors
    /// `extra_ca` cannot be read.
    pub fn new(
        resolver: Arc<dyn Resolver>,
        allow: AllowList,
        extra_ca: Option<&Path>,
        connect: Duration,
        stall: Duration,
    ) -> anyhow::Result<Self> {
        let mut roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        if let Some(path) = extra_ca {
            for certificate in CertificateDer::pem_file_iter(path)? {
                roots.add(certificate?)?;
            }
        }
        let config = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { resolver, allow, tls: TlsConnector::from(Arc::new(config)), connect, stall })
    }

    /// Connects to the first address of the host that is allowed and answers.
    ///
    /// # Errors
    /// [`Trouble`], in words.
    pub async fn open(&self, target: &IngestTarget) -> Result<Box<dyn Link>, Trouble> {
        let tcp = self.tcp(target).await?;
        if !target.tls {
            return Ok(Box::new(tcp));
        }
        let name = ServerName::try_from(target.host.clone()).map_err(|_| Trouble::Refused("the host is no name for TLS".into()))?;
        match timeout(self.connect, self.tls.connect(name, tcp)).await {
            Ok(Ok(stream)) => Ok(Box::new(stream)),
            Ok(Err(error)) if error.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<rustls::Error>) => {
                Err(Trouble::Refused(format!("no TLS with {}: {error}", target.host)))
            }
            Ok(Err(error)) => Err(Trouble::Lost(format!("connection lost in the TLS handshake: {}", plain(&error)))),
            Err(_) => Err(Trouble::Lost("no answer to the TLS handshake".into())),
        }
    }

    async fn tcp(&self, target: &IngestTarget) -> Result<TcpStream, Trouble> {
        let mut trouble = Trouble::Lost(format!("{} has no address", target.host));
        for ip in self.addresses(target).await? {
            if let Err(refused) = check_ip(ip, target, &self.allow) {
                trouble = Trouble::Refused(refused.to_string());
                continue;
            }
            match timeout(self.connect, self.dial(SocketAddr::new(ip, target.port))).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {
                    trouble = Trouble::Refused("connection refused".into());
                }
                Ok(Err(error)) => trouble = Trouble::Lost(format!("no connection: {}", plain(&error))),
                Err(_) => trouble = Trouble::Lost("no answer to the connection".into()),
            }
        }
        Err(trouble)
    }

    async fn addresses(&self, target: &IngestTarget) -> Result<Vec<IpAddr>, Trouble> {
        if let Some(ip) = target.ip() {
            return Ok(vec![ip]);
        }
        match timeout(self.connect, self.resolver.resolve(&target.host)).await {
            Ok(Ok(found)) => Ok(found.into_iter().take(8).collect()),
            Ok(Err(error)) if error.to_string().contains("emporary") => {
                Err(Trouble::Lost(format!("the name {} cannot be looked up right now", target.host)))
            }
            Ok(Err(_)) => Err(Trouble::Refused(format!("there is no host called {}", target.host))),
            Err(_) => Err(Trouble::Lost(format!("the name {} cannot be looked up right now", target.host))),
        }
    }

    async fn dial(&self, address: SocketAddr) -> io::Result<TcpStream> {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.set_send_buffer_size(SEND_BUFFER)?;
        let stream = socket.connect(address).await?;
        stream.set_nodelay(true)?;
        // The kernel gives up on bytes that the other machine has not confirmed for so long.
        setsockopt(&stream, sockopt::TcpUserTimeout, &u32::try_from(self.stall.as_millis()).unwrap_or(u32::MAX))?;
        Ok(stream)
    }
}

/// An error of the operating system without its number.
pub fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_lowercase()
}
