//! How the application reaches the relay. Stream keys and publish tokens are sent this way: unencrypted only on loopback.

use super::{Secret, is_loopback, secret};
use crate::config::env::{ConfigError, Env};
use std::path::PathBuf;
use url::Url;

/// How the relay is reached.
#[derive(Debug, Clone)]
pub struct RelayClientConfig {
    pub url: String,
    /// The address of its ingest for the egress.
    pub ingest_url: String,
    /// The shared secret of the control API; publish tokens are derived from it.
    pub secret: Secret,
    /// The authority behind the relay's certificate, where it is not a public one (`FOOTLIGHT_RELAY_TRUST`, a PEM file).
    pub trust: Option<PathBuf>,
}

impl RelayClientConfig {
    pub(super) fn from_env(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self {
            url: address(env, "FOOTLIGHT_RELAY_URL", "http://127.0.0.1:3101", "http", false)?,
            ingest_url: address(env, "FOOTLIGHT_RELAY_INGEST_URL", "rtmp://127.0.0.1:3102/show", "rtmp", true)?,
            secret: secret(env, "FOOTLIGHT_RELAY_SECRET", 16)?,
            trust: env.get("FOOTLIGHT_RELAY_TRUST").map(Into::into),
        })
    }
}

/// Accepts an address with scheme `plain` on this machine, or with `plain` and an s (TLS) anywhere.
fn address(env: &Env, name: &'static str, default: &str, plain: &str, path: bool) -> Result<String, ConfigError> {
    let text = env.get(name).unwrap_or(default).trim_end_matches('/');
    let shape = if path { "://host:port/show" } else { "://host:port" };
    let url = Url::parse(text).map_err(|_| Env::malformed(name, format!("an address such as {plain}s{shape}")))?;
    match url.scheme().strip_prefix(plain) {
        Some("s") => {}
        Some("") if is_loopback(&url) => {}
        _ => {
            let expected = format!("{plain}s{shape} (plain {plain}:// is for loopback only: secrets and stream keys go this way)");
            return Err(Env::malformed(name, expected));
        }
    }
    let bare = url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
    if url.host_str().is_none_or(str::is_empty) || !bare || path == url.path().trim_matches('/').is_empty() {
        return Err(Env::malformed(name, format!("nothing but {plain}s{shape}")));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &str, value: &str) -> Result<RelayClientConfig, ConfigError> {
        RelayClientConfig::from_env(&Env::of_pairs([("FOOTLIGHT_RELAY_SECRET", "a long enough secret"), (name, value)]))
    }

    #[test]
    fn secrets_and_keys_leave_the_machine_over_tls_only() {
        for (name, fine) in [
            ("FOOTLIGHT_RELAY_URL", "http://127.0.0.1:3101"),
            ("FOOTLIGHT_RELAY_URL", "http://localhost:3101/"),
            ("FOOTLIGHT_RELAY_URL", "http://[::1]:3101"),
            ("FOOTLIGHT_RELAY_URL", "https://relay.example:3101"),
            ("FOOTLIGHT_RELAY_INGEST_URL", "rtmp://127.0.0.9:3102/show"),
            ("FOOTLIGHT_RELAY_INGEST_URL", "rtmp://[::1]:3102/show"),
            ("FOOTLIGHT_RELAY_INGEST_URL", "rtmps://relay.example:3102/show"),
        ] {
            assert!(with(name, fine).is_ok(), "{name} {fine}");
        }
        for (name, value) in [
            ("FOOTLIGHT_RELAY_URL", "http://canary.example:3101"),
            ("FOOTLIGHT_RELAY_URL", "http://10.0.0.7:3101"),
            ("FOOTLIGHT_RELAY_URL", "http://127.0.0.1.canary.example:3101"),
            ("FOOTLIGHT_RELAY_URL", "http://0.0.0.0:3101"),
            ("FOOTLIGHT_RELAY_URL", "rtmps://canary.example"),
            ("FOOTLIGHT_RELAY_URL", "https://user:canary@relay.example"),
            ("FOOTLIGHT_RELAY_URL", "https://canary.example/below"),
            ("FOOTLIGHT_RELAY_URL", "canary.example:3101"),
            ("FOOTLIGHT_RELAY_INGEST_URL", "rtmp://canary.example:3102/show"),
            ("FOOTLIGHT_RELAY_INGEST_URL", "rtmp://192.168.1.1/show"),
            ("FOOTLIGHT_RELAY_INGEST_URL", "rtmp://[fd00::1]/show"),
            ("FOOTLIGHT_RELAY_INGEST_URL", "http://127.0.0.1/show"),
            ("FOOTLIGHT_RELAY_INGEST_URL", "rtmps://canary.example"),
            ("FOOTLIGHT_RELAY_INGEST_URL", "rtmps://canary.example/show?key=1"),
        ] {
            let message = with(name, value).expect_err(value).to_string();
            assert!(message.starts_with(name) && !message.contains("canary"), "{message}");
        }
    }
}
