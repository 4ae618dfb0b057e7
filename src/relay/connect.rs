//! Opens connections to destinations: resolves the name, checks every IP address, and connects to an allowed one.
//! An error is either [`ConnectionError::Permanent`] or worth a retry ([`ConnectionError::Transient`]).

use crate::{
    domain::address::{AllowList, IngestTarget, check_ip},
    media::rtmp::publisher::Transport,
    net,
};
use anyhow::Context;
use futures::future::BoxFuture;
use nix::sys::socket::{setsockopt, sockopt};
use rustls_pki_types::ServerName;
use std::{
    io,
    net::{IpAddr, SocketAddr},
    path::Path,
    sync::Arc,
    time::Duration,
};
use tokio::{
    net::{TcpSocket, TcpStream},
    time::timeout,
};
use tokio_rustls::{TlsConnector, rustls};

/// Kernel send buffer of one destination in bytes: about a second of video, so that written bytes are nearly sent bytes.
const SEND_BUFFER: u32 = 192 * 1024;

/// Why there is no connection, as a sentence for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectionError {
    /// The server or the address check refuses; final unless the platform has accepted the stream before.
    Permanent(String),
    /// A network error, which is retried.
    Transient(String),
}

/// How informative the error of one of several addresses is; the highest rank is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum ErrorRank {
    Unknown,
    /// There is no route, often because there is no IPv6.
    Unreachable,
    Forbidden,
    NoAnswer,
    Answered,
}

/// Resolves names to IP addresses; tests bring their own.
pub trait Resolver: Send + Sync {
    /// All addresses of a host, in the order in which they are tried.
    fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>>;
}

pub struct SystemResolver;

impl Resolver for SystemResolver {
    fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        Box::pin(async move { Ok(tokio::net::lookup_host((host, 0)).await?.map(|found| found.ip()).collect()) })
    }
}

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
        let config = match extra_ca {
            Some(file) => net::tls::client_trusting(file).context("FOOTLIGHT_RELAY_CA cannot be read")?,
            None => net::tls::client(),
        };
        Ok(Self { resolver, allow, tls: TlsConnector::from(Arc::new(config)), connect, stall })
    }

    /// Connects to the first address of the host that is allowed and answers.
    ///
    /// # Errors
    /// [`ConnectionError`] with a sentence for people.
    pub async fn open(&self, target: &IngestTarget) -> Result<Box<dyn Transport>, ConnectionError> {
        let tcp = self.tcp(target).await?;
        if !target.tls {
            return Ok(Box::new(tcp));
        }
        let name = ServerName::try_from(target.host.clone())
            .map_err(|_| ConnectionError::Permanent("the host is not a valid TLS server name".into()))?;
        match timeout(self.connect, self.tls.connect(name, tcp)).await {
            Ok(Ok(stream)) => Ok(Box::new(stream)),
            Ok(Err(error)) if error.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<rustls::Error>) => {
                Err(ConnectionError::Permanent(format!("TLS with {} failed: {error}", target.host)))
            }
            Ok(Err(error)) => Err(ConnectionError::Transient(format!("connection lost in the TLS handshake: {}", os_message(&error)))),
            Err(_) => Err(ConnectionError::Transient("the TLS handshake timed out".into())),
        }
    }

    async fn tcp(&self, target: &IngestTarget) -> Result<TcpStream, ConnectionError> {
        let mut clearest = (ErrorRank::Unknown, ConnectionError::Transient(format!("{} has no address", target.host)));
        for ip in self.addresses(target).await? {
            let error = if let Err(refused) = check_ip(ip, target, &self.allow) {
                (ErrorRank::Forbidden, ConnectionError::Permanent(refused.to_string()))
            } else {
                match timeout(self.connect, self.dial(SocketAddr::new(ip, target.port))).await {
                    Ok(Ok(stream)) => return Ok(stream),
                    Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {
                        (ErrorRank::Answered, ConnectionError::Permanent("connection refused".into()))
                    }
                    Ok(Err(error)) => {
                        (ErrorRank::Unreachable, ConnectionError::Transient(format!("connection failed: {}", os_message(&error))))
                    }
                    Err(_) => (ErrorRank::NoAnswer, ConnectionError::Transient("the connection timed out".into())),
                }
            };
            if error.0 > clearest.0 {
                clearest = error;
            }
        }
        Err(clearest.1)
    }

    async fn addresses(&self, target: &IngestTarget) -> Result<Vec<IpAddr>, ConnectionError> {
        if let Some(ip) = target.ip() {
            return Ok(vec![ip]);
        }
        match timeout(self.connect, self.resolver.resolve(&target.host)).await {
            Ok(Ok(found)) => Ok(found.into_iter().take(8).collect()),
            Ok(Err(error)) if error.to_string().contains("emporary") => {
                Err(ConnectionError::Transient(format!("{} cannot be resolved right now", target.host)))
            }
            Ok(Err(_)) => Err(ConnectionError::Permanent(format!("unknown host {}", target.host))),
            Err(_) => Err(ConnectionError::Transient(format!("{} cannot be resolved right now", target.host))),
        }
    }

    async fn dial(&self, address: SocketAddr) -> io::Result<TcpStream> {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.set_send_buffer_size(SEND_BUFFER)?;
        let stream = socket.connect(address).await?;
        stream.set_nodelay(true)?;
        // The kernel closes the connection if bytes stay unconfirmed for this long.
        setsockopt(&stream, sockopt::TcpUserTimeout, &u32::try_from(self.stall.as_millis()).unwrap_or(u32::MAX))?;
        Ok(stream)
    }
}

/// An operating system error without its number, to be continued in a sentence.
pub fn os_message(error: &io::Error) -> String {
    net::os_message(error).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::address::check_address;

    struct FixedResolver(Vec<IpAddr>);

    impl Resolver for FixedResolver {
        fn resolve<'a>(&'a self, _host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
            Box::pin(async { Ok(self.0.clone()) })
        }
    }

    #[tokio::test]
    async fn connect_reports_the_most_informative_error() {
        let closed = std::net::TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port").port();
        // One address is allowed but closed, one is private, one is the broadcast address, to which nobody can connect.
        let allow: AllowList = format!("127.0.0.1:{closed},255.255.255.255:{closed}").parse().expect("a list");
        let target = check_address(&format!("rtmp://several.example.com:{closed}/live"), &allow).expect("an address");
        let refused = ConnectionError::Permanent("connection refused".into());
        for (addresses, expected) in [
            (vec!["127.0.0.1", "10.1.2.3", "255.255.255.255"], refused.clone()),
            (vec!["255.255.255.255", "10.1.2.3", "127.0.0.1"], refused.clone()),
            (vec!["10.1.2.3", "127.0.0.1", "255.255.255.255"], refused),
            (
                vec!["10.1.2.3", "255.255.255.255"],
                ConnectionError::Permanent(
                    "several.example.com resolves to 10.1.2.3, which is not a public address; only the operator can allow it".into(),
                ),
            ),
            (vec![], ConnectionError::Transient("several.example.com has no address".into())),
        ] {
            let ips = addresses.iter().map(|ip| ip.parse().expect("an address")).collect();
            let second = Duration::from_secs(5);
            let connector = Connector::new(Arc::new(FixedResolver(ips)), allow.clone(), None, second, second).expect("a connector");
            assert_eq!(connector.open(&target).await.err(), Some(expected), "{addresses:?}");
        }
    }
}
