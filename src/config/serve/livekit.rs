//! How the application and browsers reach LiveKit, and where the Egress API answers.

use super::{Secret, is_loopback, secret};
use crate::config::env::{ConfigError, Env};
use url::Url;

#[derive(Debug, Clone)]
pub struct LiveKitConfig {
    /// Its address for this server, over HTTP.
    pub api_url: String,
    /// Its address for browsers, over WebSocket.
    pub public_url: String,
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
    pub(super) fn from_env(env: &Env) -> Result<Self, ConfigError> {
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
        let api_url = with_scheme("LIVEKIT_URL", url, "http", "https")?;
        let public = env.get("FOOTLIGHT_LIVEKIT_PUBLIC_URL").unwrap_or(url).trim_end_matches('/');
        let egress = env.get("FOOTLIGHT_EGRESS_URL");
        Ok(Self {
            public_url: with_scheme("FOOTLIGHT_LIVEKIT_PUBLIC_URL", public, "ws", "wss")?,
            egress_url: match egress {
                Some(url) => tls_beyond_loopback(with_scheme("FOOTLIGHT_EGRESS_URL", url.trim_end_matches('/'), "http", "https")?)?,
                None => api_url.clone(),
            },
            media_ports: format!(
                "UDP {} and TCP {}",
                env.parsed("FOOTLIGHT_LIVEKIT_UDP_PORT", 7882_u16, PORT)?,
                env.parsed("FOOTLIGHT_LIVEKIT_TCP_PORT", 7881_u16, PORT)?
            ),
            local_egress: egress.is_some(),
            api_url,
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
