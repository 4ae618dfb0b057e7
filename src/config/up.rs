//! Configuration of `footlight up`: addresses, programs and folders of a studio. Secrets are generated in `up::secrets`.

use super::{
    env::{ConfigError, Env},
    installed::{self, beside_program},
    origin::app_url,
};
use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
};

/// The configuration of a studio on one machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpConfig {
    /// The data folder: secrets, store, recordings, logs.
    pub data: PathBuf,
    pub listen: SocketAddr,
    /// The address at which people and the egress browser open the studio, without a trailing slash.
    pub public_url: String,
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
    },
    /// An external server, given in `LIVEKIT_URL`; its key and secret are given as well.
    Elsewhere { url: String },
}

impl UpConfig {
    /// Reads the configuration of a studio.
    ///
    /// # Errors
    /// A variable is malformed, or a folder is unknown.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let ports = Ports::from_env(env)?;
        let listen = address(env, "FOOTLIGHT_LISTEN", ports.serve)?;
        let site = site(env);
        Ok(Self {
            data: env.data_folder()?,
            listen,
            public_url: app_url(env, &format!("http://127.0.0.1:{}", listen.port()))?,
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
                },
            },
            site,
        })
    }

    /// LiveKit's address for servers and browsers on this machine.
    pub fn livekit_url(&self) -> String {
        match &self.livekit {
            LiveKit::Own { port, .. } => format!("ws://127.0.0.1:{port}"),
            LiveKit::Elsewhere { url } => url.clone(),
        }
    }
}

/// The default ports, or seven in a row from `FOOTLIGHT_PORT_BASE`, so that several studios fit on one machine.
struct Ports {
    serve: u16,
    relay: u16,
    ingest: u16,
    egress: u16,
    livekit: u16,
    livekit_tcp: u16,
    livekit_udp: u16,
}

impl Ports {
    fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let expected = "a port from 1024 to 65529, the first of seven";
        let base: u16 = env.parsed("FOOTLIGHT_PORT_BASE", 0, expected)?;
        match base {
            0 => Ok(Self { serve: 3000, relay: 3101, ingest: 3102, egress: 3103, livekit: 7880, livekit_tcp: 7881, livekit_udp: 7882 }),
            1024..=65529 => Ok(Self {
                serve: base,
                relay: base + 1,
                ingest: base + 2,
                egress: base + 3,
                livekit: base + 4,
                livekit_tcp: base + 5,
                livekit_udp: base + 6,
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
        assert_eq!(config.listen.to_string(), "127.0.0.1:3000");
        assert_eq!(config.public_url, "http://127.0.0.1:3000");
        assert_eq!(config.livekit_url(), "ws://127.0.0.1:7880");
        assert_eq!(config.data, PathBuf::from("/home/streamer/.local/share/footlight"));
    }

    #[test]
    fn port_base_moves_all_ports_and_the_url() {
        let config = config(&[("FOOTLIGHT_PORT_BASE", "20000"), ("FOOTLIGHT_EGRESS_LISTEN", "127.0.0.1:9")]).expect("base");
        assert_eq!(config.public_url, "http://127.0.0.1:20000");
        assert_eq!((config.relay.port(), config.ingest.port(), config.egress.port()), (20001, 20002, 9));
        assert_eq!(config.livekit_url(), "ws://127.0.0.1:20004");
    }

    #[test]
    fn what_up_prints_is_what_browsers_open() {
        let config = config(&[("PUBLIC_APP_URL", "https://Bücher.Example:443/")]).expect("an address");
        assert_eq!(config.public_url, "https://xn--bcher-kva.example");
    }

    #[test]
    fn malformed_up_variable_is_named() {
        for name in ["PUBLIC_APP_URL", "FOOTLIGHT_PORT_BASE", "FOOTLIGHT_LISTEN", "FOOTLIGHT_RELAY_INGEST", "FOOTLIGHT_LIVEKIT_PORT"] {
            let error = config(&[(name, "80 or so")]).expect_err(name).to_string();
            assert!(error.starts_with(name), "{error}");
        }
        assert!(config(&[("FOOTLIGHT_PORT_BASE", "65530")]).is_err());
    }

    #[test]
    fn external_livekit_is_not_started() {
        let config = config(&[("LIVEKIT_URL", "wss://media.example")]).expect("elsewhere");
        assert_eq!(config.livekit, LiveKit::Elsewhere { url: "wss://media.example".into() });
    }
}
