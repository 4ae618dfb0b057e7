//! Checks that all addresses are free before anything starts, so that a conflict gives one clear error.

use crate::config::up::{LiveKit, UpConfig};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::{
    net::{TcpListener, UdpSocket},
    time::{Instant, sleep},
};

/// Roles of a studio that was just killed may still be releasing their ports.
const RETRY_FOR: Duration = Duration::from_secs(3);

struct PortCheck {
    what: &'static str,
    address: SocketAddr,
    variable: &'static str,
    udp: bool,
}

/// Checks every address.
///
/// # Errors
/// An address is taken: names the port, its purpose, and the variable that changes it.
pub(super) async fn check(config: &UpConfig) -> anyhow::Result<()> {
    let deadline = Instant::now() + RETRY_FOR;
    for required in required(config) {
        while let Err(error) = bind(&required).await {
            if Instant::now() >= deadline || error.kind() != std::io::ErrorKind::AddrInUse {
                let why = match error.kind() {
                    std::io::ErrorKind::AddrInUse => "is in use".to_owned(),
                    std::io::ErrorKind::PermissionDenied => "needs CAP_NET_BIND_SERVICE, as every port below 1024".to_owned(),
                    _ => format!("cannot be used ({error})"),
                };
                anyhow::bail!(
                    "{} {} for {} {why}: stop the program that uses it, or set {} to another (a second studio: FOOTLIGHT_PORT_BASE moves all eight)",
                    if required.udp { "UDP port" } else { "port" },
                    required.address.port(),
                    required.what,
                    required.variable
                );
            }
            sleep(Duration::from_millis(100)).await;
        }
    }
    Ok(())
}

fn required(config: &UpConfig) -> Vec<PortCheck> {
    let tcp = |what, address, variable| PortCheck { what, address, variable, udp: false };
    let mut required = vec![
        tcp("the web server", config.address.listen, "FOOTLIGHT_LISTEN"),
        tcp("the relay's control", config.relay, "FOOTLIGHT_RELAY_LISTEN"),
        tcp("the relay's RTMP ingest", config.ingest, "FOOTLIGHT_RELAY_INGEST"),
        tcp("the egress", config.egress, "FOOTLIGHT_EGRESS_LISTEN"),
    ];
    if let LiveKit::Own { port, tcp_port, udp_port, turn_port, .. } = config.livekit {
        let elsewhere = config.takes_media_from_elsewhere();
        let media = |port| SocketAddr::from((if elsewhere { Ipv4Addr::UNSPECIFIED } else { Ipv4Addr::LOCALHOST }, port));
        required.push(tcp("LiveKit", SocketAddr::from((Ipv4Addr::LOCALHOST, port)), "FOOTLIGHT_LIVEKIT_PORT"));
        required.push(tcp("LiveKit's media over TCP", media(tcp_port), "FOOTLIGHT_LIVEKIT_TCP_PORT"));
        required.push(PortCheck { what: "LiveKit's media", address: media(udp_port), variable: "FOOTLIGHT_LIVEKIT_UDP_PORT", udp: true });
        if let Some(turn_port) = turn_port.filter(|_| elsewhere) {
            required.push(tcp("LiveKit's TURN server", media(turn_port), "FOOTLIGHT_TURN_PORT"));
        }
    }
    required
}

async fn bind(required: &PortCheck) -> std::io::Result<()> {
    if required.udp { UdpSocket::bind(required.address).await.map(drop) } else { TcpListener::bind(required.address).await.map(drop) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::env::Env;

    #[tokio::test]
    async fn port_in_use_names_its_variable() {
        let taken = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = taken.local_addr().expect("bound").to_string();
        let env = Env::of_pairs([("HOME", "/nowhere"), ("FOOTLIGHT_RELAY_INGEST", &address), ("FOOTLIGHT_LISTEN", "127.0.0.1:0")]);
        let mut config = UpConfig::from_env(&env).expect("config");
        config.relay = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let error = check(&config).await.expect_err("taken").to_string();
        assert!(error.contains(&taken.local_addr().expect("bound").port().to_string()), "{error}");
        assert!(error.contains("FOOTLIGHT_RELAY_INGEST"), "{error}");
    }
}
