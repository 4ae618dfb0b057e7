//! How the application and browsers reach LiveKit, and where the Egress API answers.

use super::{Secret, is_loopback, secret};
use crate::config::env::{ConfigError, Env};
use std::net::SocketAddr;
use url::Url;

/// Where the web server passes LiveKit's signalling on, below its own address.
pub const SIGNALLING: &str = "/livekit";

#[derive(Debug, Clone)]
pub struct LiveKitConfig {
    /// Its address for this server, over HTTP.
    pub api_url: String,
    /// Its address for browsers, over WebSocket: our own origin with [`SIGNALLING`], unless `FOOTLIGHT_LIVEKIT_PUBLIC_URL` is set.
    pub public_url: String,
    /// Its address for the captured page, over WebSocket: an egress on this machine needs no detour through the web server.
    pub overlay_url: String,
    /// Where its TURN server takes connections whose TLS the web server ends (`FOOTLIGHT_TURN_SERVER`, set by `footlight up`).
    pub turn: Option<SocketAddr>,
    /// Where the Egress API answers; LiveKit itself for a fleet.
    pub egress_url: String,
    /// Whether that is the local egress, which reports its free slots.
    pub local_egress: bool,
    /// Its ports for media, as people are told to open them.
    pub media_ports: String,
    pub api_key: String,
    /// Signs room tokens and verifies webhooks.
    pub api_secret: Secret,
}

impl LiveKitConfig {
    pub(super) fn from_env(env: &Env, app_url: &str) -> Result<Self, ConfigError> {
        const SHAPE: &str = "an address such as ws://127.0.0.1:7880 or wss://livekit.example";
        const PORT: &str = "a port from 1 to 65535";
        let url = env.get("LIVEKIT_URL").unwrap_or("ws://127.0.0.1:7880").trim_end_matches('/');
        let with_scheme = |name, text: &str, plain: &str, secure: &str| {
            let url = Url::parse(text).ok().filter(|url| url.has_host() && url.query().is_none() && url.fragment().is_none());
            let secured = url.as_ref().map(|url| (url, matches!(url.scheme(), "wss" | "https")));
            match secured.filter(|(url, secured)| *secured || matches!(url.scheme(), "ws" | "http")) {
                Some((url, secured)) => {
                    let rest = url.as_str().split_once(':').map_or("", |(_, rest)| rest).trim_end_matches('/');
                    Ok(format!("{}:{rest}", if secured { secure } else { plain }))
                }
                None => Err(Env::malformed(name, SHAPE)),
            }
        };
        let api = with_scheme("LIVEKIT_URL", url, "http", "https")?;
        let own = format!("{app_url}{SIGNALLING}");
        let public = env.get("FOOTLIGHT_LIVEKIT_PUBLIC_URL").unwrap_or(&own).trim_end_matches('/');
        let public_url = with_scheme("FOOTLIGHT_LIVEKIT_PUBLIC_URL", public, "ws", "wss")?;
        let egress = env.get("FOOTLIGHT_EGRESS_URL");
        let egress_url = match egress {
            Some(url) => tls_beyond_loopback(with_scheme("FOOTLIGHT_EGRESS_URL", url.trim_end_matches('/'), "http", "https")?)?,
            None => api.clone(),
        };
        let beside_us = egress.is_some() && Url::parse(&egress_url).is_ok_and(|url| is_loopback(&url));
        Ok(Self {
            overlay_url: if beside_us { with_scheme("LIVEKIT_URL", url, "ws", "wss")? } else { public_url.clone() },
            public_url,
            egress_url,
            turn: match env.get("FOOTLIGHT_TURN_SERVER") {
                Some(text) => Some(text.parse().map_err(|_| Env::malformed("FOOTLIGHT_TURN_SERVER", "an IP address and a port"))?),
                None => None,
            },
            media_ports: format!(
                "UDP {} and TCP {}",
                env.parsed("FOOTLIGHT_LIVEKIT_UDP_PORT", 7882_u16, PORT)?,
                env.parsed("FOOTLIGHT_LIVEKIT_TCP_PORT", 7881_u16, PORT)?
            ),
            local_egress: egress.is_some(),
            api_url: api,
            api_key: env.required("LIVEKIT_API_KEY", "the API key of the LiveKit server")?.to_owned(),
            api_secret: secret(env, "LIVEKIT_API_SECRET", 32)?,
        })
    }
}

/// Overlay tokens and publish tokens go to the local egress.
fn tls_beyond_loopback(url: String) -> Result<String, ConfigError> {
    let plain_elsewhere = Url::parse(&url).is_ok_and(|url| url.scheme() == "http" && !is_loopback(&url));
    if plain_elsewhere { Err(Env::malformed("FOOTLIGHT_EGRESS_URL", "https:// (plain http:// is for loopback only)")) } else { Ok(url) }
}

#[cfg(test)]
mod tests {
    use crate::config::serve::{LiveKitConfig, tests::with};

    fn read(extra: &[(&str, &str)]) -> LiveKitConfig {
        with(extra).expect("complete").livekit
    }

    #[test]
    fn by_default_livekit_is_on_this_machine() {
        let config = read(&[]);
        assert_eq!((config.api_url.as_str(), config.public_url.as_str()), ("http://127.0.0.1:7880", "ws://127.0.0.1:3000/livekit"));
        assert!(!config.local_egress);
        assert_eq!(config.media_ports, "UDP 7882 and TCP 7881");
        let other = read(&[("FOOTLIGHT_LIVEKIT_UDP_PORT", "20006"), ("FOOTLIGHT_LIVEKIT_TCP_PORT", "20005")]);
        assert_eq!(other.media_ports, "UDP 20006 and TCP 20005");
    }

    #[test]
    fn browsers_find_livekit_at_the_studios_own_address() {
        let studio = ("PUBLIC_APP_URL", "https://studio.example:8443");
        let inside = ("LIVEKIT_URL", "ws://10.0.0.5:7880/");
        assert_eq!(read(&[studio, inside]).public_url, "wss://studio.example:8443/livekit");
        assert_eq!(read(&[studio, inside]).api_url, "http://10.0.0.5:7880");
        let elsewhere = ("FOOTLIGHT_LIVEKIT_PUBLIC_URL", "wss://media.example/a/b");
        assert_eq!(read(&[studio, inside, elsewhere]).public_url, "wss://media.example/a/b");
    }

    #[test]
    fn an_egress_on_this_machine_joins_without_a_detour() {
        let studio = ("PUBLIC_APP_URL", "https://studio.example");
        let beside = read(&[studio, ("FOOTLIGHT_EGRESS_URL", "http://127.0.0.1:3103")]);
        assert_eq!((beside.overlay_url.as_str(), beside.public_url.as_str()), ("ws://127.0.0.1:7880", "wss://studio.example/livekit"));
        for elsewhere in [vec![studio], vec![studio, ("FOOTLIGHT_EGRESS_URL", "https://egress.example")]] {
            assert_eq!(read(&elsewhere).overlay_url, "wss://studio.example/livekit");
        }
    }

    #[test]
    fn the_turn_server_is_an_address_and_a_port() {
        assert_eq!(read(&[]).turn, None);
        let turn = read(&[("FOOTLIGHT_TURN_SERVER", "192.168.1.20:5349")]).turn;
        assert_eq!(turn, Some(([192, 168, 1, 20], 5349).into()));
        let error = with(&[("FOOTLIGHT_TURN_SERVER", "studio.example:5349")]).expect_err("a name").to_string();
        assert!(error.starts_with("FOOTLIGHT_TURN_SERVER"), "{error}");
    }
}
