//! Opens connections to destinations: resolves the name, checks every IP address, and shakes hands with an allowed one.

use crate::{
    domain::address::{AllowList, IngestTarget, check_address, check_ip},
    media::rtmp::{
        handshake::{self, NotRtmp},
        publisher::Transport,
    },
    net::{self, tls_error},
    relay::connection_error::{ConnectionError, ErrorRank, Failure, os_message},
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
    time::{Instant, timeout},
};
use tokio_rustls::TlsConnector;

/// Kernel send buffer of one destination in bytes: about a second of video, so that written bytes are nearly sent bytes.
const SEND_BUFFER: u32 = 192 * 1024;
/// All addresses of a host together may take this many times as long as one step with one of them.
const MAX_STEPS: u32 = 4;
/// How long it may take to find out what a port speaks.
const PROBE_TIMEOUT: Duration = Duration::from_secs(3);

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

    /// The target of a redirect, checked like an address that somebody typed.
    ///
    /// # Errors
    /// It is malformed or private.
    pub fn redirect(&self, from: &IngestTarget, address: &str) -> Result<IngestTarget, ConnectionError> {
        let refused = |why: &dyn std::fmt::Display| {
            ConnectionError::Permanent(format!("the server sends to another address, which cannot be used: {why}. Ask its operator for it"))
        };
        let target = check_address(address, &self.allow).map_err(|error| refused(&error))?;
        if from.tls && !target.tls {
            return Err(refused(&format!("{} without encryption", target.host)));
        }
        Ok(target)
    }

    /// Connects to the first address of the host that is allowed and speaks RTMP. Addresses in `avoid` come last; those that fail
    /// are added to it.
    ///
    /// # Errors
    /// `ConnectionError` with a sentence for people.
    pub async fn open(&self, target: &IngestTarget, avoid: &mut Vec<IpAddr>) -> Result<(Box<dyn Transport>, IpAddr), ConnectionError> {
        let deadline = Instant::now() + self.connect * MAX_STEPS;
        let mut clearest = (ErrorRank::Unknown, ConnectionError::Transient(format!("{} has no address", target.host)));
        let mut addresses = self.addresses(target).await?;
        addresses.sort_by_key(|ip| avoid.iter().position(|bad| bad == ip).map_or(0, |at| at + 1));
        for ip in addresses {
            if Instant::now() >= deadline {
                break;
            }
            match self.open_at(ip, target).await {
                Ok(transport) => return Ok((transport, ip)),
                Err(error) => {
                    avoid_next(avoid, ip);
                    if error.0 > clearest.0 {
                        clearest = error;
                    }
                }
            }
        }
        Err(clearest.1)
    }

    async fn open_at(&self, ip: IpAddr, target: &IngestTarget) -> Result<Box<dyn Transport>, Failure> {
        let forbidden = |refused: &dyn std::fmt::Display| (ErrorRank::Forbidden, ConnectionError::Permanent(refused.to_string()));
        check_ip(ip, target, &self.allow).map_err(|refused| forbidden(&refused))?;
        let address = SocketAddr::new(ip, target.port);
        let tcp = match timeout(self.connect, self.dial(address)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {
                return Err((ErrorRank::Answered, ConnectionError::Permanent("connection refused".into())));
            }
            Ok(Err(error)) => {
                return Err((ErrorRank::Unreachable, ConnectionError::Transient(format!("connection failed: {}", os_message(&error)))));
            }
            Err(_) => return Err((ErrorRank::NoAnswer, ConnectionError::Transient("the connection timed out".into()))),
        };
        let mut transport: Box<dyn Transport> = if target.tls { self.secure(tcp, target, address).await? } else { Box::new(tcp) };
        match timeout(self.connect, handshake::as_client(&mut transport)).await {
            Ok(Ok(())) => Ok(transport),
            Ok(Err(error)) => Err((ErrorRank::Connected, self.handshake_error(&error, target, address).await)),
            Err(_) => Err((ErrorRank::Connected, ConnectionError::Transient("the RTMP handshake timed out".into()))),
        }
    }

    async fn secure(&self, tcp: TcpStream, target: &IngestTarget, address: SocketAddr) -> Result<Box<dyn Transport>, Failure> {
        let name = ServerName::try_from(target.host.clone());
        let Ok(name) = name else {
            return Err((ErrorRank::Connected, ConnectionError::Permanent("the host is not a valid TLS server name".into())));
        };
        let outcome = timeout(self.connect, self.tls.connect(name, tcp)).await;
        let reason = match outcome {
            Ok(Ok(stream)) => return Ok(Box::new(stream)),
            Ok(Err(error)) => tls_error::reason(&error, &target.host).map_or_else(
                || ConnectionError::Doubtful("the server hung up in the TLS handshake: check the host and the port behind it".into()),
                ConnectionError::Permanent,
            ),
            Err(_) => ConnectionError::Transient("the TLS handshake timed out".into()),
        };
        // RTMP servers wait for more, or hang up, when they are greeted in TLS.
        if !matches!(reason, ConnectionError::Permanent(_)) && self.speaks_rtmp(address).await {
            let plain = "this port speaks RTMP without TLS: use rtmp:// instead of rtmps://";
            return Err((ErrorRank::Connected, ConnectionError::Permanent(plain.into())));
        }
        Err((ErrorRank::Connected, reason))
    }

    /// Many servers that speak TLS only hang up on anything else without a word.
    async fn handshake_error(&self, error: &io::Error, target: &IngestTarget, address: SocketAddr) -> ConnectionError {
        match NotRtmp::in_error(error) {
            Some(other) => ConnectionError::Permanent(other.to_string()),
            None if !target.tls && self.speaks_tls(target, address).await => ConnectionError::Permanent(NotRtmp::Tls.to_string()),
            None => ConnectionError::Doubtful("the server hung up in the RTMP handshake: check the host and the port behind it".into()),
        }
    }

    async fn speaks_tls(&self, target: &IngestTarget, address: SocketAddr) -> bool {
        let Ok(name) = ServerName::try_from(target.host.clone()) else { return false };
        let hello = async {
            match self.tls.connect(name, self.dial(address).await?).await {
                Ok(_) => Ok(true),
                Err(error) => Ok::<_, io::Error>(tls_error::is_tls(&error)),
            }
        };
        matches!(timeout(PROBE_TIMEOUT, hello).await, Ok(Ok(true)))
    }

    async fn speaks_rtmp(&self, address: SocketAddr) -> bool {
        let hello = async { handshake::as_client(&mut self.dial(address).await?).await };
        matches!(timeout(PROBE_TIMEOUT, hello).await, Ok(Ok(())))
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

/// Puts an address behind all others for the next time.
pub fn avoid_next(avoid: &mut Vec<IpAddr>, ip: IpAddr) {
    const MOST: usize = 16;
    avoid.retain(|other| *other != ip);
    avoid.push(ip);
    if avoid.len() > MOST {
        avoid.remove(0);
    }
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
            assert_eq!(connector.open(&target, &mut Vec::new()).await.err(), Some(expected), "{addresses:?}");
        }
    }
}
