//! How browsers, LiveKit and the relay are reached, and that nothing secret goes there in the clear.

use super::{
    env::{ConfigError, Env},
    serve::{Secret, secret},
};
use url::{Host, Url};

/// How LiveKit is reached.
#[derive(Debug, Clone)]
pub struct LiveKitConfig {
    /// From here, over HTTP.
    pub api_url: String,
    /// From browsers, over WebSocket.
    pub public_url: String,
    /// Where the Egress API answers; LiveKit itself for a fleet.
    pub egress_url: String,
    /// Whether that is the local engine, which tells its free slots.
    pub local_egress: bool,
    /// Names the secret.
    pub api_key: String,
    /// Signs room tokens and verifies webhooks.
    pub api_secret: Secret,
}

/// How the relay is reached.
#[derive(Debug, Clone)]
pub struct RelayClientConfig {
    /// Its control API.
    pub url: String,
    /// Its ingest, as the egress reaches it.
    pub ingest_url: String,
    /// Opens the control API; publish tokens are derived from it.
    pub secret: Secret,
}

impl LiveKitConfig {
    pub(super) fn from_env(env: &Env) -> Result<Self, ConfigError> {
        const SHAPE: &str = "an address such as ws://127.0.0.1:7880 or wss://livekit.example";
        let url = env.get("LIVEKIT_URL").unwrap_or("ws://127.0.0.1:7880").trim_end_matches('/');
        let with_scheme = |name, url: &str, plain: &str, secure: &str| match url.split_once("://") {
            Some(("ws" | "http", rest)) if !rest.is_empty() => Ok(format!("{plain}://{rest}")),
            Some(("wss" | "https", rest)) if !rest.is_empty() => Ok(format!("{secure}://{rest}")),
            _ => Err(Env::malformed(name, SHAPE)),
        };
        let api_url = with_scheme("LIVEKIT_URL", url, "http", "https")?;
        let public = env.get("FOOTLIGHT_LIVEKIT_PUBLIC_URL").unwrap_or(url).trim_end_matches('/');
        let egress = env.get("FOOTLIGHT_EGRESS_URL");
        Ok(Self {
            public_url: with_scheme("FOOTLIGHT_LIVEKIT_PUBLIC_URL", public, "ws", "wss")?,
            egress_url: match egress {
                Some(url) => with_scheme("FOOTLIGHT_EGRESS_URL", url.trim_end_matches('/'), "http", "https")?,
                None => api_url.clone(),
            },
            local_egress: egress.is_some(),
            api_url,
            api_key: env.required("LIVEKIT_API_KEY", "the API key of the LiveKit server")?.to_owned(),
            api_secret: secret(env, "LIVEKIT_API_SECRET", 32)?,
        })
    }
}

impl RelayClientConfig {
    pub(super) fn from_env(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self {
            url: closed(env, "FOOTLIGHT_RELAY_URL", "http://127.0.0.1:3101", ("http", "https"))?,
            ingest_url: closed(env, "FOOTLIGHT_RELAY_INGEST_URL", "rtmp://127.0.0.1:3102/show", ("rtmp", "rtmps"))?,
            secret: secret(env, "FOOTLIGHT_RELAY_SECRET", 16)?,
        })
    }
}

/// An address in the clear on this machine, or over TLS anywhere: it carries stream keys.
fn closed(env: &Env, name: &'static str, default: &str, (plain, tls): (&str, &str)) -> Result<String, ConfigError> {
    let text = env.get(name).unwrap_or(default).trim_end_matches('/');
    let refused = || Env::malformed(name, format!("{tls}://host:port (plain {plain}:// is for loopback only, since stream keys go there)"));
    let url = Url::parse(text).map_err(|_| refused())?;
    let fine = url.scheme() == tls || (url.scheme() == plain && is_loopback(&url));
    if !fine || url.host_str().is_none_or(str::is_empty) {
        return Err(refused());
    }
    Ok(text.to_owned())
}

/// Whether an address stays on this machine. Schemes that browsers do not know have hosts of plain text.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.parse::<std::net::Ipv4Addr>().is_ok_and(|ip| ip.is_loopback()),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// Scheme, host and port as browsers send it, or nothing.
pub(super) fn origin(text: &str) -> Option<String> {
    let origin = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?.origin().ascii_serialization();
    (origin == text.trim_end_matches('/')).then_some(origin)
}

pub(super) fn app_url(env: &Env) -> Result<String, ConfigError> {
    const NAME: &str = "PUBLIC_APP_URL";
    let text = env.get(NAME).unwrap_or("http://127.0.0.1:3000").trim_end_matches('/');
    let url = Url::parse(text).map_err(|_| Env::malformed(NAME, "an address such as https://studio.example"))?;
    let loopback = is_loopback(&url);
    match url.scheme() {
        "https" => {}
        "http" if loopback => {}
        _ => return Err(Env::malformed(NAME, "https:// (plain http:// is for loopback only)")),
    }
    if url.path() != "/" || url.query().is_some() || !url.username().is_empty() {
        return Err(Env::malformed(NAME, "scheme, host and port only"));
    }
    Ok(text.to_owned())
}
