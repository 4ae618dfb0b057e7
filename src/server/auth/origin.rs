//! The network origin of a request: the peer address, or what a trusted proxy reports.

use crate::config::serve::ServeConfig;
use axum::{
    extract::ConnectInfo,
    http::{HeaderMap, header, request::Parts},
};
use std::net::{IpAddr, SocketAddr};

/// The longest stored user agent.
const LONGEST_BROWSER: usize = 160;

/// The network address and program behind a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// `None` where nothing is known: a request without a connection.
    pub address: Option<IpAddr>,
    /// `User-Agent`, shortened, without control characters.
    pub browser: String,
}

impl Origin {
    /// Reads it. `X-Forwarded-For` counts only when the connection comes from a proxy that the operator named; then the last
    /// address in it that is no such proxy.
    pub fn of(parts: &Parts, config: &ServeConfig) -> Self {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip().to_canonical());
        let browser = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        Self {
            address: peer.map(|peer| behind(peer, &parts.headers, &config.trusted_proxies)),
            browser: browser.chars().filter(|c| !c.is_control()).take(LONGEST_BROWSER).collect(),
        }
    }

    /// The address prefix that rate limits and logs use: an IPv4 address, or an IPv6 network of 64 bits.
    pub fn client_prefix(&self) -> String {
        match self.address {
            None => "unknown".to_owned(),
            Some(IpAddr::V4(ip)) => ip.to_string(),
            Some(IpAddr::V6(ip)) => {
                let [a, b, c, d, ..] = ip.segments();
                format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
            }
        }
    }
}

fn behind(peer: IpAddr, headers: &HeaderMap, proxies: &[IpAddr]) -> IpAddr {
    if !proxies.contains(&peer) {
        return peer;
    }
    let values = headers.get_all("x-forwarded-for").iter().map(|value| value.to_str().unwrap_or("not text"));
    let hops: Vec<&str> = values.flat_map(|text| text.split(',')).collect();
    let mut last = peer;
    // From the nearest hop on. What stands before an entry that is no address was written by nobody whom we trust.
    for hop in hops.into_iter().rev() {
        let Some(ip) = hop_address(hop.trim()) else { return last };
        last = ip;
        if !proxies.contains(&ip) {
            return ip;
        }
    }
    last
}

/// `192.0.2.1`, `192.0.2.1:51234`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:51234`.
fn hop_address(hop: &str) -> Option<IpAddr> {
    let ip = hop.parse::<IpAddr>().or_else(|_| hop.parse::<SocketAddr>().map(|address| address.ip()));
    let bracketed = || hop.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    ip.ok().or_else(bracketed).map(|ip: IpAddr| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forwarded_address_counts_only_from_a_named_proxy() {
        let ip = |text: &str| text.parse::<IpAddr>().expect("an address");
        let mut headers = HeaderMap::new();
        headers.append("x-forwarded-for", "6.6.6.6, 203.0.113.9".parse().expect("a value"));
        headers.append("x-forwarded-for", "10.0.0.2".parse().expect("a value"));
        let proxies = [ip("10.0.0.1"), ip("10.0.0.2")];
        assert_eq!(behind(ip("10.0.0.1"), &headers, &proxies), ip("203.0.113.9"));
        assert_eq!(behind(ip("198.51.100.7"), &headers, &proxies), ip("198.51.100.7"), "an untrusted peer's header is ignored");
        assert_eq!(behind(ip("10.0.0.1"), &HeaderMap::new(), &proxies), ip("10.0.0.1"));
    }

    #[test]
    fn a_hop_is_read_with_its_port_and_one_that_is_no_address_ends_the_walk() {
        let ip = |text: &str| text.parse::<IpAddr>().expect("an address");
        let proxies = [ip("10.0.0.1"), ip("10.0.0.2")];
        let from = |text: &str| {
            let headers = HeaderMap::from_iter([("x-forwarded-for".parse().expect("a name"), text.parse().expect("a value"))]);
            behind(ip("10.0.0.1"), &headers, &proxies)
        };
        assert_eq!(from("6.6.6.6, 203.0.113.9:51234"), ip("203.0.113.9"));
        assert_eq!(from("6.6.6.6, [2001:db8::9]:443"), ip("2001:db8::9"));
        assert_eq!(from("6.6.6.6, [2001:db8::9], 10.0.0.2:80"), ip("2001:db8::9"));
        assert_eq!(from("6.6.6.6, unknown, 10.0.0.2"), ip("10.0.0.2"), "the address before counts");
        assert_eq!(from("6.6.6.6, _hidden"), ip("10.0.0.1"));
        assert_eq!(from("6.6.6.6, 203.0.113.9:port"), ip("10.0.0.1"));
    }

    #[test]
    fn one_client_prefix_is_one_limit() {
        let of = |text: &str| Origin { address: Some(text.parse().expect("an address")), browser: String::new() }.client_prefix();
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), of("2001:db8:1:2:ffff::1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}
