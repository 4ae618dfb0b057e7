//! The configuration of our own LiveKit server. Its signalling stays on loopback, because the web server passes it on; media are taken
//! where browsers send them. It asks nobody on the internet, unless it is told to.

use super::{
    media::Media,
    secrets::{LIVEKIT_KEY, LIVEKIT_SECRET, Secrets},
};
use crate::config::{
    folder::write_private,
    public_address::Tls,
    up::{LiveKit, UpConfig},
};
use serde_json::{Value, json};
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::{Path, PathBuf},
};

pub(super) fn config_path(data: &Path) -> PathBuf {
    data.join("livekit.yaml")
}

/// Writes it, readable only by its owner because it contains the API secret.
///
/// # Errors
/// The data folder cannot be written.
pub(super) fn write_config(config: &UpConfig, secrets: &Secrets, media: Media) -> anyhow::Result<()> {
    let Some(yaml) = yaml(config, secrets, media) else { return Ok(()) };
    write_private(&config_path(&config.data), &format!("{}\n", serde_json::to_string_pretty(&yaml)?))
}

/// Where its TURN server listens. It has one where the web server ends TLS: that takes TURN's connections at its own port, which is open
/// where no other is, and passes on what was in them. LiveKit tells browsers port 443 whatever it is set to, so no other way in is of use.
pub(super) fn turn(config: &UpConfig, media: Media) -> Option<SocketAddr> {
    let behind_tls = config.address.tls != Tls::Off && is_domain(config.public_host());
    match (&config.livekit, media) {
        (LiveKit::Own { turn_port: Some(port), .. }, Media::Address { bound, .. }) if behind_tls => Some(SocketAddr::new(bound, *port)),
        _ => None,
    }
}

/// JSON is valid YAML and handles quoting. LiveKit refuses unknown keys.
fn yaml(config: &UpConfig, secrets: &Secrets, media: Media) -> Option<Value> {
    let LiveKit::Own { port, tcp_port, udp_port, .. } = config.livekit else { return None };
    let key = secrets.get(LIVEKIT_KEY);
    let mut rtc = json!({
        "tcp_port": tcp_port,
        "udp_port": udp_port,
        "use_external_ip": false,
        // Minimum time between two keyframe requests to the host. Whoever joins just after one waits that long for the
        // first frame; with the default of half a second, one composite start in six had to wait.
        "pli_throttle": { "low_quality": "100ms", "mid_quality": "100ms", "high_quality": "100ms" },
    });
    match media {
        Media::Loopback => {
            rtc["node_ip"] = json!(Ipv4Addr::LOCALHOST);
            rtc["enable_loopback_candidate"] = json!(true);
            rtc["interfaces"] = json!({ "includes": ["lo"] });
            rtc["ips"] = json!({ "includes": ["127.0.0.1/32"] });
        }
        // Every candidate gets `node_ip` as its address, and of those with the same address LiveKit keeps one, whichever socket is
        // behind it. So there must be one only: the egress on this machine sends to it too, and that never leaves the machine.
        Media::Address { announced, bound } => {
            rtc["node_ip"] = json!(announced);
            rtc["enable_loopback_candidate"] = json!(false);
            rtc["ips"] = json!({ "includes": [only(bound)] });
        }
        // Here each of its own addresses has one outside, and loopback stays what it is.
        Media::Asked => {
            rtc["use_external_ip"] = json!(true);
            rtc["advertise_internal_ip"] = json!(true);
            rtc["enable_loopback_candidate"] = json!(true);
        }
    }
    if media != Media::Asked {
        // Nobody answers there. Without one, it would tell browsers to ask others.
        rtc["stun_servers"] = json!(["127.0.0.1:3478"]);
    }
    let mut yaml = json!({
        "port": port,
        "bind_addresses": ["127.0.0.1"],
        "rtc": rtc,
        "keys": { key: secrets.get(LIVEKIT_SECRET) },
        "webhook": { "api_key": key, "urls": [format!("http://{}/api/webhooks/livekit", config.address.local())] },
        "room": { "auto_create": false, "empty_timeout": 60, "departure_timeout": 20 },
        "logging": { "level": "info", "json": true },
    });
    if let (Some(server), Media::Address { announced, .. }) = (turn(config, media), media) {
        yaml["turn"] = json!({
            "enabled": true,
            "domain": config.public_host(),
            "tls_port": server.port(),
            "external_tls": true,
            // Where it relays from, too: from another address than `node_ip`, a browser would take the relay for a path better than TCP.
            "bind_addresses": [server.ip()],
            // It relays to LiveKit's media and to nothing else, whoever has joined a room.
            "allow_restricted_peer_cidrs": [only(announced)],
            "deny_peer_cidrs": all_but(announced),
        });
    }
    Some(yaml)
}

/// What LiveKit takes for TURN's `domain`: a name with a dot, or an IPv4 address.
fn is_domain(host: &str) -> bool {
    host.contains('.') && host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'))
}

/// The network of one address.
fn only(address: IpAddr) -> String {
    format!("{address}/{}", if address.is_ipv4() { 32 } else { 128 })
}

/// The networks of every address but one: for each length, those that differ from it in the last bit.
fn all_but(address: IpAddr) -> Vec<String> {
    match address {
        IpAddr::V4(v4) => {
            let network = |length: u32| Ipv4Addr::from_bits((v4.to_bits() ^ (1 << (32 - length))) & (u32::MAX << (32 - length)));
            let others = (1..=32).map(|length| format!("{}/{length}", network(length)));
            others.chain(["::/0".to_owned()]).collect()
        }
        IpAddr::V6(v6) => {
            let network = |length: u32| Ipv6Addr::from_bits((v6.to_bits() ^ (1 << (128 - length))) & (u128::MAX << (128 - length)));
            let others = (1..=128).map(|length| format!("{}/{length}", network(length)));
            others.chain(["0.0.0.0/0".to_owned()]).collect()
        }
    }
}

#[cfg(test)]
mod tests;
