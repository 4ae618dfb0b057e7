//! At which address browsers send media to our own LiveKit server.

use crate::config::{
    machine::own_addresses,
    up::{self, LiveKit, UpConfig},
};
use anyhow::Context as _;
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};
use tokio::{net::UdpSocket, time::timeout};

const LOOK_UP_WITHIN: Duration = Duration::from_secs(5);

/// The address for media.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Media {
    /// Only browsers on this machine.
    Loopback,
    /// Browsers send to `announced`. It is `bound`, an address of this machine, unless a router translates the one to the other.
    Address { announced: IpAddr, bound: IpAddr },
    /// LiveKit asks STUN servers.
    Asked,
}

/// Finds it out.
///
/// # Errors
/// This machine has no address in a network.
pub(super) async fn find(config: &UpConfig) -> anyhow::Result<Media> {
    let (given, udp_port, tcp_port) = match config.livekit {
        LiveKit::Own { media, udp_port, tcp_port, .. } if config.takes_media_from_elsewhere() => (media, udp_port, tcp_port),
        _ => return Ok(Media::Loopback),
    };
    let candidates = match given {
        up::Media::Asked => return Ok(Media::Asked),
        up::Media::Address(address) => vec![address],
        up::Media::FromHost => resolved(config.public_host()).await,
    };
    let own = own_addresses();
    let outgoing = [outgoing(Ipv4Addr::UNSPECIFIED.into()).await, outgoing(Ipv6Addr::UNSPECIFIED.into()).await];
    let found = choose(&candidates, &own, outgoing).with_context(|| {
        format!("this machine has no address at which browsers reach {}: connect it, or set FOOTLIGHT_NODE_IP", config.address.url)
    })?;
    if let Media::Address { announced, bound } = found {
        if given == up::Media::FromHost && !candidates.contains(&announced) {
            eprintln!("{} leads to no address that browsers elsewhere reach; FOOTLIGHT_NODE_IP sets one.", config.public_host());
        }
        let router = if announced == bound { String::new() } else { format!(", where the router must pass them on to {bound}") };
        println!("Browsers elsewhere send camera and screen to {announced}: open UDP {udp_port} and TCP {tcp_port} there{router}.");
    }
    Ok(found)
}

async fn resolved(host: &str) -> Vec<IpAddr> {
    if let Ok(address) = host.parse() {
        return vec![address];
    }
    match timeout(LOOK_UP_WITHIN, tokio::net::lookup_host((host, 0))).await {
        Ok(Ok(found)) => found.map(|address| address.ip().to_canonical()).collect(),
        Ok(Err(_)) | Err(_) => Vec::new(),
    }
}

/// The address from which packets leave for the internet. Nothing is sent: the system only chooses a route to a documentation address
/// (RFC 5737, RFC 3849).
async fn outgoing(any: IpAddr) -> Option<IpAddr> {
    let far: IpAddr =
        if any.is_ipv4() { Ipv4Addr::new(192, 0, 2, 1).into() } else { Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into() };
    let socket = UdpSocket::bind(SocketAddr::new(any, 0)).await.ok()?;
    socket.connect(SocketAddr::new(far, 9)).await.ok()?;
    socket.local_addr().ok().map(|address| address.ip())
}

/// An own address among the candidates, IPv4 first; else the first candidate that others can reach, for which a router stands in; else
/// the address from which this machine reaches the internet, or any that it has in a network.
fn choose(candidates: &[IpAddr], own: &[IpAddr], outgoing: [Option<IpAddr>; 2]) -> Option<Media> {
    let by_kind = |addresses: &[IpAddr]| {
        let mut usable: Vec<_> = addresses.iter().copied().filter(|address| is_usable(*address)).collect();
        usable.sort_by_key(IpAddr::is_ipv6);
        usable
    };
    let (candidates, networks) = (by_kind(candidates), by_kind(own));
    if let Some(address) = candidates.iter().copied().find(|address| own.contains(address)) {
        return Some(Media::Address { announced: address, bound: address });
    }
    let all = outgoing.into_iter().flatten().chain(networks);
    let own = |v6: bool| all.clone().find(|address| address.is_ipv6() == v6);
    if let Some(announced) = candidates.first().copied() {
        return Some(Media::Address { announced, bound: own(announced.is_ipv6())? });
    }
    own(false).or_else(|| own(true)).map(|address| Media::Address { announced: address, bound: address })
}

/// What a browser on another machine can send to. LiveKit takes no link-local addresses.
fn is_usable(address: IpAddr) -> bool {
    let link_local = match address {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    };
    !address.is_loopback() && !address.is_unspecified() && !address.is_multicast() && !link_local
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::env::Env;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    fn chosen(candidates: &[&str], own: &[&str], outgoing: Option<&str>) -> Option<(String, String)> {
        let all = |texts: &[&str]| texts.iter().map(|text| ip(text)).collect::<Vec<_>>();
        match choose(&all(candidates), &all(own), [outgoing.map(ip), None])? {
            Media::Address { announced, bound } => Some((announced.to_string(), bound.to_string())),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_announced_address_is_one_of_this_machines_where_there_is_one() {
        let own = ["127.0.0.1", "172.17.0.1", "192.168.1.20", "fd00::20", "fe80::1"];
        let both = |text: &str| Some((text.to_owned(), text.to_owned()));
        for (candidates, expected) in [
            (vec!["192.168.1.20"], both("192.168.1.20")),
            (vec!["fd00::20", "192.168.1.20"], both("192.168.1.20")),
            (vec!["fd00::20"], both("fd00::20")),
            (vec!["203.0.113.7"], Some(("203.0.113.7".to_owned(), "192.168.1.20".to_owned()))),
            (vec!["127.0.1.1"], both("192.168.1.20")),
            (vec![], both("192.168.1.20")),
            (vec!["2001:db8::7"], Some(("2001:db8::7".to_owned(), "fd00::20".to_owned()))),
        ] {
            assert_eq!(chosen(&candidates, &own, Some("192.168.1.20")), expected, "{candidates:?}");
        }
        assert_eq!(chosen(&[], &own, None), both("172.17.0.1"), "a network without a way out");
        assert_eq!(chosen(&["203.0.113.7"], &["127.0.0.1", "fe80::1"], None), None, "no network");
    }

    #[tokio::test]
    async fn what_is_set_is_announced_and_a_studio_on_loopback_announces_nothing() {
        let found = async |pairs: &[(&str, &str)]| {
            let env = Env::of_pairs(pairs.iter().copied().chain([("HOME", "/nowhere")]));
            find(&UpConfig::from_env(&env).expect("config")).await.expect("found")
        };
        assert_eq!(found(&[]).await, Media::Loopback);
        assert_eq!(found(&[("PUBLIC_APP_URL", "https://studio.example"), ("FOOTLIGHT_USE_EXTERNAL_IP", "1")]).await, Media::Asked);
        let elsewhere = [("PUBLIC_APP_URL", "https://studio.example"), ("LIVEKIT_URL", "wss://media.example")];
        assert_eq!(found(&elsewhere).await, Media::Loopback, "nothing is started here");
        assert_eq!(resolved("192.0.2.7").await, [ip("192.0.2.7")]);
        assert_eq!(resolved("no-such-host.invalid").await, [] as [IpAddr; 0]);
    }
}
