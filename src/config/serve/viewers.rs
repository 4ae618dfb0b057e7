//! Where viewers are counted. The credentials are in the vault, stored by `footlight admin viewer-counts`.

use super::is_loopback;
use crate::config::env::{ConfigError, Env};
use url::Url;

/// The addresses of the services that count viewers.
#[derive(Debug, Clone)]
pub struct ViewersConfig {
    /// Twitch's API, Helix (`FOOTLIGHT_TWITCH_API`).
    pub twitch: Url,
    /// Where Twitch gives tokens (`FOOTLIGHT_TWITCH_SIGN_IN`).
    pub twitch_sign_in: Url,
    /// YouTube's Data API (`FOOTLIGHT_YOUTUBE_API`).
    pub youtube: Url,
}

impl ViewersConfig {
    pub(super) fn from_env(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self {
            twitch: address(env, "FOOTLIGHT_TWITCH_API", "https://api.twitch.tv/helix")?,
            twitch_sign_in: address(env, "FOOTLIGHT_TWITCH_SIGN_IN", "https://id.twitch.tv/oauth2")?,
            youtube: address(env, "FOOTLIGHT_YOUTUBE_API", "https://www.googleapis.com/youtube/v3")?,
        })
    }
}

/// Credentials are sent to it, so it needs TLS except on loopback.
fn address(env: &Env, name: &'static str, default: &str) -> Result<Url, ConfigError> {
    let url = Url::parse(env.get(name).unwrap_or(default)).ok().filter(|url| {
        let bare = url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
        url.has_host() && bare && (url.scheme() == "https" || url.scheme() == "http" && is_loopback(url))
    });
    url.ok_or_else(|| Env::malformed(name, format!("an address such as {default} (plain http:// is for loopback only)")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_leave_the_machine_over_tls_only() {
        let read = |value: &str| ViewersConfig::from_env(&Env::of_pairs([("FOOTLIGHT_YOUTUBE_API", value)]));
        for fine in ["https://proxy.example/youtube", "http://127.0.0.1:9000/v3", "http://localhost:9000", "http://[::1]:9000"] {
            assert!(read(fine).is_ok(), "{fine}");
        }
        for bad in ["http://proxy.example", "https://user:word@proxy.example", "https://proxy.example/?key=1", "proxy.example", "file:///x"]
        {
            let refusal = read(bad).expect_err(bad).to_string();
            assert!(refusal.starts_with("FOOTLIGHT_YOUTUBE_API is malformed"), "{refusal}");
        }
        let usual = ViewersConfig::from_env(&Env::default()).expect("the defaults");
        assert_eq!(usual.twitch.as_str(), "https://api.twitch.tv/helix");
    }
}
