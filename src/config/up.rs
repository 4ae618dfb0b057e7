//! Configuration of `footlight up`: addresses, programs and folders of a studio. Secrets are generated in `up::secrets`.

use super::{
    env::{ConfigError, Env},
    installed::{self, beside_program},
    origin::is_loopback_url,
    public_address::PublicAddress,
};
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
};

/// The configuration of a studio on one machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpConfig {
    /// The data folder: secrets, store, recordings, logs.
    pub data: PathBuf,
    /// Where people open the studio, and what follows from it.
    pub address: PublicAddress,
    /// At which address the egress browser opens the studio, without a trailing slash.
    pub overlay_url: String,
    /// The relay's control address.
    pub relay: SocketAddr,
    /// The relay's RTMP address.
    pub ingest: SocketAddr,
    /// The local Web Egress.
    pub egress: SocketAddr,
    /// The LiveKit server to start, or the address of an external one.
    pub livekit: LiveKit,
    /// The folder of the browser files.
    pub site: PathBuf,
}

/// Where LiveKit comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LiveKit {
    /// Started as a child process on loopback.
    Own {
        program: PathBuf,
        /// Signalling port.
        port: u16,
        /// Media over TCP.
        tcp_port: u16,
        /// Media over UDP.
        udp_port: u16,
        /// Where its TURN server takes what the web server passes on, unless it is turned off.
        turn_port: Option<u16>,
        media: Media,
    },
    /// An external server, given in `LIVEKIT_URL`; its key and secret are given as well.
    Elsewhere { url: String },
}

/// How the LiveKit server learns at which address browsers send media.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Media {
    /// From the host in `PUBLIC_APP_URL`.
    FromHost,
    /// `FOOTLIGHT_NODE_IP`: this one, which a router may translate to the machine's own.
    Address(IpAddr),
    /// `FOOTLIGHT_USE_EXTERNAL_IP`: it asks STUN servers on the internet.
    Asked,
}

impl Media {
    fn from_env(env: &Env) -> Result<Self, ConfigError> {
        const NODE_IP: &str = "FOOTLIGHT_NODE_IP";
        let address = env.get(NODE_IP).map(|text| text.parse().map_err(|_| Env::malformed(NODE_IP, "an IP address")));
        match (address.transpose()?, env.flag("FOOTLIGHT_USE_EXTERNAL_IP", false)?) {
            (None, false) => Ok(Self::FromHost),
            (Some(address), false) => Ok(Self::Address(address)),
            (None, true) => Ok(Self::Asked),
            (Some(_), true) => Err(Env::malformed(NODE_IP, "not to be set beside FOOTLIGHT_USE_EXTERNAL_IP")),
        }
    }
}

impl UpConfig {
    /// Reads the configuration of a studio.
    ///
    /// # Errors
    /// A variable is malformed, or a folder is unknown.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let ports = Ports::from_env(env)?;
        let public = PublicAddress::from_env(env, ports.serve)?;
        let site = site(env);
        Ok(Self {
            data: env.data_folder()?,
            overlay_url: public.overlay_url(env, env.get("FOOTLIGHT_EGRESS_URL").is_none_or(is_loopback_url))?,
            address: public,
            relay: address(env, "FOOTLIGHT_RELAY_LISTEN", ports.relay)?,
            ingest: address(env, "FOOTLIGHT_RELAY_INGEST", ports.ingest)?,
            egress: address(env, "FOOTLIGHT_EGRESS_LISTEN", ports.egress)?,
            livekit: match env.get("LIVEKIT_URL") {
                Some(url) => LiveKit::Elsewhere { url: url.to_owned() },
                None => LiveKit::Own {
                    program: livekit_program(env)?,
                    port: port(env, "FOOTLIGHT_LIVEKIT_PORT", ports.livekit)?,
                    tcp_port: port(env, "FOOTLIGHT_LIVEKIT_TCP_PORT", ports.livekit_tcp)?,
                    udp_port: port(env, "FOOTLIGHT_LIVEKIT_UDP_PORT", ports.livekit_udp)?,
                    turn_port: match env.get("FOOTLIGHT_TURN_PORT") {
                        Some("off") => None,
                        _ => Some(env.parsed("FOOTLIGHT_TURN_PORT", ports.turn, "a port from 1 to 65535, or off")?),
                    },
                    media: Media::from_env(env)?,
                },
            },
            site,
        })
    }

    /// The host that people open: a name or an IP address, IPv6 without brackets.
    pub fn public_host(&self) -> &str {
        &self.address.host
    }

    /// Whether browsers on other machines are to reach LiveKit's media ports.
    pub fn takes_media_from_elsewhere(&self) -> bool {
        matches!(self.livekit, LiveKit::Own { media, .. } if media != Media::FromHost || !self.address.is_loopback())
    }

    /// LiveKit's address for servers and browsers on this machine.
    pub fn livekit_url(&self) -> String {
        match &self.livekit {
            LiveKit::Own { port, .. } => format!("ws://127.0.0.1:{port}"),
            LiveKit::Elsewhere { url } => url.clone(),
        }
    }
}

/// The default ports, or eight in a row from `FOOTLIGHT_PORT_BASE`, so that several studios fit on one machine.
struct Ports {
    serve: u16,
    relay: u16,
    ingest: u16,
    egress: u16,
    livekit: u16,
    livekit_tcp: u16,
    livekit_udp: u16,
    turn: u16,
}

impl Ports {
    fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let expected = "a port from 1024 to 65528, the first of eight";
        let base: u16 = env.parsed("FOOTLIGHT_PORT_BASE", 0, expected)?;
        match base {
            0 => Ok(Self {
                serve: 3000,
                relay: 3101,
                ingest: 3102,
                egress: 3103,
                livekit: 7880,
                livekit_tcp: 7881,
                livekit_udp: 7882,
                turn: 5349,
            }),
            1024..=65528 => Ok(Self {
                serve: base,
                relay: base + 1,
                ingest: base + 2,
                egress: base + 3,
                livekit: base + 4,
                livekit_tcp: base + 5,
                livekit_udp: base + 6,
                turn: base + 7,
            }),
            _ => Err(Env::malformed("FOOTLIGHT_PORT_BASE", expected)),
        }
    }
}

fn address(env: &Env, name: &'static str, port: u16) -> Result<SocketAddr, ConfigError> {
    env.parsed(name, SocketAddr::from((Ipv4Addr::LOCALHOST, port)), "an address and a port such as 127.0.0.1:3000")
}

fn port(env: &Env, name: &'static str, default: u16) -> Result<u16, ConfigError> {
    env.parsed(name, default, "a port from 1 to 65535")
}

/// The path of the LiveKit server: the one that was installed with this program, else the one that the setup of the sources installs,
/// unless the variable is set.
fn livekit_program(env: &Env) -> Result<PathBuf, ConfigError> {
    if let Some(program) = env.get("FOOTLIGHT_LIVEKIT_SERVER") {
        return Ok(program.into());
    }
    if let Some(program) = beside_program(installed::LIVEKIT_SERVER) {
        return Ok(program);
    }
    let cache = match env.get("XDG_CACHE_HOME") {
        Some(cache) => PathBuf::from(cache),
        None => PathBuf::from(env.required("HOME", "or set FOOTLIGHT_LIVEKIT_SERVER to the LiveKit server program")?).join(".cache"),
    };
    Ok(cache.join("footlight/tools/livekit-server-1.13.5/server"))
}

/// The folder of the browser files: the one that was installed with this program, else the one in which the build puts them.
fn site(env: &Env) -> PathBuf {
    let given = env.get("FOOTLIGHT_SITE").or_else(|| env.get("LEPTOS_SITE_ROOT")).map(PathBuf::from);
    let root = given.or_else(|| beside_program(installed::SITE)).unwrap_or_else(|| PathBuf::from("target/site"));
    std::path::absolute(&root).unwrap_or(root)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(pairs: &[(&str, &str)]) -> Result<UpConfig, ConfigError> {
        UpConfig::from_env(&Env::of_pairs(pairs.iter().copied().chain([("HOME", "/home/streamer")])))
    }

    #[test]
    fn up_defaults_to_the_documented_addresses() {
        let config = config(&[]).expect("defaults");
        assert_eq!(config.address.listen.to_string(), "127.0.0.1:3000");
        assert_eq!(config.address.url, "http://127.0.0.1:3000");
        assert_eq!(config.livekit_url(), "ws://127.0.0.1:7880");
        assert_eq!(config.data, PathBuf::from("/home/streamer/.local/share/footlight"));
    }

    #[test]
    fn port_base_moves_all_ports_and_the_url() {
        let config = config(&[("FOOTLIGHT_PORT_BASE", "20000"), ("FOOTLIGHT_EGRESS_LISTEN", "127.0.0.1:9")]).expect("base");
        assert_eq!(config.address.url, "http://127.0.0.1:20000");
        assert_eq!((config.relay.port(), config.ingest.port(), config.egress.port()), (20001, 20002, 9));
        assert_eq!(config.livekit_url(), "ws://127.0.0.1:20004");
    }

    #[test]
    fn what_up_prints_is_what_browsers_open() {
        let config = config(&[("PUBLIC_APP_URL", "https://Bücher.Example:443/")]).expect("an address");
        assert_eq!(config.public_host(), "xn--bcher-kva.example");
        assert_eq!(config.address.url, "https://xn--bcher-kva.example");
    }

    #[test]
    fn malformed_up_variable_is_named() {
        for name in [
            "PUBLIC_APP_URL",
            "FOOTLIGHT_PORT_BASE",
            "FOOTLIGHT_LISTEN",
            "FOOTLIGHT_RELAY_INGEST",
            "FOOTLIGHT_LIVEKIT_PORT",
            "FOOTLIGHT_TURN_PORT",
            "FOOTLIGHT_NODE_IP",
            "FOOTLIGHT_USE_EXTERNAL_IP",
        ] {
            let error = config(&[(name, "80 or so")]).expect_err(name).to_string();
            assert!(error.starts_with(name), "{error}");
        }
        assert!(config(&[("FOOTLIGHT_PORT_BASE", "65529")]).is_err());
    }

    #[test]
    fn media_come_from_elsewhere_where_people_do() {
        let elsewhere = |pairs: &[(&str, &str)]| config(pairs).expect("complete").takes_media_from_elsewhere();
        let studio = ("PUBLIC_APP_URL", "https://studio.example");
        assert!(!elsewhere(&[]) && elsewhere(&[studio]));
        assert!(elsewhere(&[("FOOTLIGHT_NODE_IP", "192.168.1.20")]), "a proxy elsewhere may open the pages to others");
        assert!(!elsewhere(&[studio, ("LIVEKIT_URL", "wss://media.example")]), "those of another server");
        let both = [("FOOTLIGHT_NODE_IP", "192.168.1.20"), ("FOOTLIGHT_USE_EXTERNAL_IP", "1")];
        assert!(config(&both).expect_err("one of them").to_string().starts_with("FOOTLIGHT_NODE_IP"));
    }

    #[test]
    fn external_livekit_is_not_started() {
        let config = config(&[("LIVEKIT_URL", "wss://media.example")]).expect("elsewhere");
        assert_eq!(config.livekit, LiveKit::Elsewhere { url: "wss://media.example".into() });
    }
}
