//! Which addresses a session may be sent to, and which IP addresses are public. Pure: no name is resolved here.
//! The application checks when a destination is saved, the relay checks again when it connects.

use std::{fmt, net::IpAddr, str::FromStr};

mod ip;
mod port;
pub use ip::is_public;
use port::is_service_port;

/// Why an address is not used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressRefused {
    /// Not an address of the right shape.
    #[error("the address must look like rtmps://host/application: {0}")]
    Malformed(&'static str),
    /// A host that can only be inside this network.
    #[error("{0} is inside this network; only the operator can allow it")]
    PrivateHost(String),
    /// The host resolves to an IP address that is not public.
    #[error("{host} resolves to {ip}, which is not a public address; only the operator can allow it")]
    PrivateIp {
        /// The host as typed.
        host: String,
        /// The address it resolves to.
        ip: IpAddr,
    },
    /// The host resolves to the machine that would connect.
    #[error("{0} is the machine that this studio runs on; only the operator can allow it")]
    OwnMachine(String),
    /// A port on which other services listen.
    #[error("port {0} is that of another service than a streaming server; only the operator can allow it")]
    ServicePort(u16),
}

/// The parts of an RTMP(S) address: server and application. Never holds a stream key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IngestTarget {
    /// `rtmps` instead of `rtmp`.
    pub tls: bool,
    /// A DNS name in lower case, or an IP address without brackets.
    pub host: String,
    /// Given, or 1935 (RTMP) or 443 (RTMPS).
    pub port: u16,
    /// Path without slashes at its ends, parameters and all; several parts are fine.
    pub application: String,
}

impl IngestTarget {
    /// The host of an address, in lower case and unchecked; empty if there is none.
    pub fn host_in(address: &str) -> String {
        let authority = address.split_once("://").map_or("", |(_, rest)| rest.split('/').next().unwrap_or_default());
        split_port(authority).map_or("", |(host, _)| host).to_ascii_lowercase()
    }

    /// The host as an IP address, if it is one.
    pub fn ip(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }

    /// `rtmp(s)://host[:port]/application`, the port left out where it is the default.
    pub fn url(&self) -> String {
        let (scheme, default) = if self.tls { ("rtmps", 443) } else { ("rtmp", 1935) };
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        let port = if self.port == default { String::new() } else { format!(":{}", self.port) };
        format!("{scheme}://{host}{port}/{}", self.application)
    }
}

/// `host:port` pairs that the operator allows although they are private: `FOOTLIGHT_ALLOW_PRIVATE_DESTINATIONS`. All others are refused
/// if they are private, of this machine, or on a port of other services.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowList {
    pairs: Vec<(String, u16)>,
    own: Vec<IpAddr>,
}

/// An entry of the allow-list that is not `host:port`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("host:port, separated by commas")]
pub struct MalformedAllowList;

impl FromStr for AllowList {
    type Err = MalformedAllowList;

    fn from_str(text: &str) -> Result<Self, MalformedAllowList> {
        let entry = |entry: &str| {
            let (host, port) = entry.rsplit_once(':').ok_or(MalformedAllowList)?;
            let port = port.parse().ok().filter(|port| *port > 0).ok_or(MalformedAllowList)?;
            host_of(host).map(|host| (host, port)).map_err(|_| MalformedAllowList)
        };
        text.split(',')
            .map(str::trim)
            .filter(|text| !text.is_empty())
            .map(entry)
            .collect::<Result<_, _>>()
            .map(|pairs| Self { pairs, own: Vec::new() })
    }
}

impl AllowList {
    /// The same on a machine with these addresses: whoever connects to one of them is behind its firewall.
    #[must_use]
    pub fn on_machine(mut self, own: Vec<IpAddr>) -> Self {
        self.own = own.into_iter().map(|ip| ip.to_canonical()).collect();
        self
    }

    fn names(&self, host: &str, port: u16) -> bool {
        self.pairs.iter().any(|(name, number)| name == host && *number == port)
    }
}

impl fmt::Display for AllowList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pair = |(host, port): &(String, u16)| if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
        f.write_str(&self.pairs.iter().map(pair).collect::<Vec<_>>().join(","))
    }
}

/// Parses an ingest address and refuses malformed and private ones. A name's IP addresses are checked with [`check_ip`]
/// by the code that resolves it.
///
/// # Errors
/// [`AddressRefused`] with a message for the person who typed it; the message repeats the host, never the path.
pub fn check_address(text: &str, allow: &AllowList) -> Result<IngestTarget, AddressRefused> {
    use AddressRefused::Malformed;
    let text = text.trim();
    if text.len() > 1024 || text.chars().any(|c| c.is_whitespace() || c.is_control() || c == '\\' || c == '#') {
        return Err(Malformed("it must not contain spaces, control characters, `\\` or `#`"));
    }
    let (scheme, rest) = text.split_once("://").ok_or(Malformed("`rtmp://` or `rtmps://` is missing"))?;
    let tls = match scheme.to_ascii_lowercase().as_str() {
        "rtmp" => false,
        "rtmps" => true,
        _ => return Err(Malformed("only rtmp:// and rtmps:// are supported")),
    };
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    if authority.contains('@') {
        return Err(Malformed("before the host there may be `user:password@`, with `/`, `?` and `@` in them as %2F, %3F and %40"));
    }
    let (host, port) = split_port(authority)?;
    let host = host_of(host)?;
    let port = port.unwrap_or(if tls { 443 } else { 1935 });
    let application = application_of(&host, path)?;
    let target = IngestTarget { tls, host, port, application };
    if allow.names(&target.host, port) {
        return Ok(target);
    }
    match target.ip() {
        Some(ip) => check_ip(ip, &target, allow)?,
        None if only_local(&target.host) => return Err(AddressRefused::PrivateHost(target.host)),
        None if is_service_port(port) => return Err(AddressRefused::ServicePort(port)),
        None => {}
    }
    Ok(target)
}

/// Whether `target` may be connected at `ip`, which its host resolves to: public, on another machine and on no port of other services,
/// or allowed by the operator under the host's name or the IP address.
///
/// # Errors
/// [`AddressRefused::PrivateIp`], [`AddressRefused::OwnMachine`], [`AddressRefused::ServicePort`].
pub fn check_ip(ip: IpAddr, target: &IngestTarget, allow: &AllowList) -> Result<(), AddressRefused> {
    let ip = ip.to_canonical();
    let listed = allow.names(&target.host, target.port) || allow.names(&ip.to_string(), target.port);
    if listed && !ip.is_unspecified() && !ip.is_multicast() {
        return Ok(());
    }
    if !is_public(ip) {
        return Err(AddressRefused::PrivateIp { host: target.host.clone(), ip });
    }
    if allow.own.contains(&ip) {
        return Err(AddressRefused::OwnMachine(target.host.clone()));
    }
    if is_service_port(target.port) { Err(AddressRefused::ServicePort(target.port)) } else { Ok(()) }
}

fn split_port(authority: &str) -> Result<(&str, Option<u16>), AddressRefused> {
    let bracket = authority.rfind(']').map_or(0, |at| at + 1);
    let Some(colon) = authority[bracket..].find(':') else { return Ok((authority, None)) };
    let (host, port) = authority.split_at(bracket + colon);
    let digits = &port[1..];
    let number = digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok()).flatten();
    match number {
        Some(port) if port > 0 => Ok((host, Some(port))),
        _ => Err(AddressRefused::Malformed("the port must be a number from 1 to 65535")),
    }
}

/// A host in its one spelling. Numbers that C libraries would take for IPv4 (`127.1`, `0x7f000001`, `017700000001`) are refused.
fn host_of(text: &str) -> Result<String, AddressRefused> {
    use AddressRefused::Malformed;
    if let Some(inner) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
        let ip: std::net::Ipv6Addr = inner.parse().map_err(|_| Malformed("this is no IPv6 address"))?;
        return Ok(IpAddr::V6(ip).to_canonical().to_string());
    }
    let host = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
    let label = |label: &str| (1..=63).contains(&label.len()) && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if host.is_empty() || host.len() > 253 || !host.split('.').all(label) {
        return Err(Malformed("the host must be a name or an IP address"));
    }
    let last = host.rsplit('.').next().unwrap_or_default();
    let numeric = last.bytes().all(|b| b.is_ascii_digit()) || last.starts_with("0x");
    if numeric && host.parse::<std::net::Ipv4Addr>().is_err() {
        return Err(Malformed("this is no IPv4 address"));
    }
    Ok(host)
}

fn application_of(host: &str, path: &str) -> Result<String, AddressRefused> {
    let path = path.trim_matches('/');
    if path.is_empty() && host.ends_with(".live-video.net") {
        return Ok("app".to_owned()); // Kick's dashboard shows its server without the application.
    }
    if path.is_empty() || path.starts_with('?') {
        return Err(AddressRefused::Malformed("the application behind the host is missing"));
    }
    let steps = path.split('?').next().unwrap_or_default().split('/');
    if steps.clone().any(|step| step.is_empty() || step == "." || step == "..") {
        return Err(AddressRefused::Malformed("the application has an empty or dotted part"));
    }
    Ok(path.to_owned())
}

fn only_local(host: &str) -> bool {
    const LOCAL: [&str; 8] = ["localhost", "local", "internal", "lan", "home", "intranet", "corp", "arpa"];
    !host.contains('.') || host.rsplit('.').next().is_some_and(|last| LOCAL.contains(&last))
}

#[cfg(test)]
mod tests;
