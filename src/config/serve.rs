//! Configuration of `footlight serve`.

mod clients;
mod deadlines;
mod feeds;
mod integrations;
mod lifetimes;
mod livekit;
mod metrics;
mod picture;
mod relay;
mod viewers;

pub use deadlines::Deadlines;
pub use feeds::FeedLimits;
pub use integrations::{Hook, Hooks};
pub use lifetimes::Lifetimes;
pub use livekit::{LiveKitConfig, SIGNALLING};
pub use metrics::MetricsAccess;
pub use picture::DefaultVideo;
pub use relay::RelayClientConfig;
pub use viewers::ViewersConfig;

pub use crate::domain::secret::Secret;

use super::{
    env::{ConfigError, Env},
    origin::{self, is_loopback, is_loopback_url, origin},
    public_address::PublicAddress,
};
use crate::domain::analytics::Prices;
use picture::default_video;
use sha2::{Digest, Sha256};
use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

#[derive(Debug, Clone)]
pub struct ServeConfig {
    /// Where people open the studio, and what follows from it.
    pub address: PublicAddress,
    /// The address that people open, without a trailing slash.
    pub app_url: String,
    /// At which address an egress opens the overlay page, without a trailing slash.
    pub overlay_url: String,
    pub data: PathBuf,
    /// The store's address: `surrealkv://…`, `ws://…`, `mem://`.
    pub store: String,
    /// Name and password for a store behind `ws://`.
    pub store_credentials: Option<(String, Secret)>,
    pub livekit: LiveKitConfig,
    pub relay: RelayClientConfig,
    /// Whether viewers see "be right back" while no composite arrives (`FOOTLIGHT_SLATE`).
    pub slate: bool,
    /// The keys that encrypt stream keys, 32 bytes in 64 hexadecimal digits each: the first encrypts, the others only decrypt.
    pub master_keys: Vec<Secret>,
    pub jwt_secret: Secret,
    /// Whether anybody may create an account.
    pub sign_up_open: bool,
    /// Proxies whose `X-Forwarded-For` is trusted.
    pub trusted_proxies: Vec<IpAddr>,
    /// Who reads `/metrics` and the details of `/readyz` from elsewhere.
    pub metrics: MetricsAccess,
    /// Other sites whose pages may call the API by key.
    pub cors_origins: Vec<String>,
    /// Every rate limit is multiplied by this.
    pub rate_factor: u32,
    /// How many sessions one account and its agents may have at once.
    pub shows_per_account: usize,
    /// How many sessions there may be in all.
    pub most_shows: usize,
    pub feeds: FeedLimits,
    /// `host:port` pairs that may be private, as given.
    pub allow_private: String,
    pub video: DefaultVideo,
    /// Servers that receive webhooks.
    pub hooks: Hooks,
    /// Where viewers are counted.
    pub viewers: ViewersConfig,
    /// Prices, if the operator has set any.
    pub prices: Option<Prices>,
    pub deadlines: Deadlines,
    pub lifetimes: Lifetimes,
    /// Names this process among replicas on one store; the same after a restart (`FOOTLIGHT_REPLICA`).
    pub replica: String,
}

impl ServeConfig {
    /// Reads and checks everything.
    ///
    /// # Errors
    /// The first variable that is missing or malformed, by name.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let data = env.data_folder()?;
        let jwt_secret = secret(env, "STREAMING_JWT_SECRET", 32)?;
        let address = PublicAddress::from_env(env, 3000)?;
        let livekit = LiveKitConfig::from_env(env, &address.url)?;
        let local_egress = livekit.local_egress && is_loopback_url(&livekit.egress_url);
        let mut master_keys = vec![master_key("STREAM_KEY_ENCRYPTION_KEY", env.required("STREAM_KEY_ENCRYPTION_KEY", HEX_KEY)?)?];
        for old in env.get("FOOTLIGHT_OLD_ENCRYPTION_KEYS").unwrap_or_default().split(',').filter(|text| !text.trim().is_empty()) {
            master_keys.push(master_key("FOOTLIGHT_OLD_ENCRYPTION_KEYS", old)?);
        }
        let store_credentials = match (env.get("FOOTLIGHT_STORE_USER"), env.get("FOOTLIGHT_STORE_PASSWORD")) {
            (Some(user), Some(password)) => Some((user.to_owned(), Secret::new(password))),
            (None, None) => None,
            _ => return Err(Env::malformed("FOOTLIGHT_STORE_PASSWORD", "FOOTLIGHT_STORE_USER and FOOTLIGHT_STORE_PASSWORD together")),
        };
        Ok(Self {
            replica: env.get("FOOTLIGHT_REPLICA").map_or_else(|| replica(address.listen), str::to_owned),
            overlay_url: address.overlay_url(env, local_egress)?,
            app_url: address.url.clone(),
            address,
            store: env.get("FOOTLIGHT_STORE").map_or_else(|| format!("surrealkv://{}", data.join("store").display()), str::to_owned),
            data,
            store_credentials,
            livekit,
            relay: RelayClientConfig::from_env(env)?,
            slate: env.flag("FOOTLIGHT_SLATE", true)?,
            master_keys,
            jwt_secret,
            sign_up_open: env.flag("FOOTLIGHT_SIGN_UP", true)?,
            trusted_proxies: list(env, "FOOTLIGHT_TRUSTED_PROXIES", "IP addresses, separated by commas", |text| text.parse().ok())?,
            metrics: MetricsAccess::from_env(env)?,
            cors_origins: list(env, "FOOTLIGHT_CORS_ORIGINS", "origins such as https://game.example, separated by commas", origin)?,
            rate_factor: env.parsed("FOOTLIGHT_RATE_FACTOR", 1, "a whole number from 1 to 100000").and_then(|factor| match factor {
                1..=100_000 => Ok(factor),
                _ => Err(Env::malformed("FOOTLIGHT_RATE_FACTOR", "a whole number from 1 to 100000")),
            })?,
            shows_per_account: env.parsed("FOOTLIGHT_SHOWS_PER_ACCOUNT", 10, "a number of streams")?,
            most_shows: env.parsed("FOOTLIGHT_MOST_SHOWS", 500, "a number of streams")?,
            feeds: FeedLimits::from_env(env)?,
            allow_private: env.get("FOOTLIGHT_ALLOW_PRIVATE_DESTINATIONS").unwrap_or_default().to_owned(),
            video: default_video(env)?,
            hooks: Hooks::from_env(env)?,
            viewers: ViewersConfig::from_env(env)?,
            prices: integrations::prices(env)?,
            deadlines: Deadlines::from_env(env)?,
            lifetimes: Lifetimes::from_env(env)?,
        })
    }

    /// Marks this deployment's egresses among others on the same fleet; derived, reveals nothing.
    pub fn deployment(&self) -> String {
        let digest = Sha256::digest(format!("footlight deployment\n{}\n{}", self.app_url, self.jwt_secret.expose()));
        hex::encode(&digest[..6])
    }

    /// Whether a page of this origin, as a browser names it, is one of ours.
    pub fn is_own_origin(&self, origin: &str) -> bool {
        origin::is_same(&self.app_url, origin)
    }

    /// Whether browsers reach it over TLS.
    pub fn is_https(&self) -> bool {
        self.address.is_https()
    }
}

/// Two processes on one machine listen on different ports, and two machines have different names.
fn replica(listen: SocketAddr) -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("{}/{listen}", host.trim())
}

const HEX_KEY: &str = "64 hexadecimal digits, such as `openssl rand -hex 32` prints";

fn master_key(name: &'static str, text: &str) -> Result<Secret, ConfigError> {
    let text = text.trim();
    if text.len() == 64 && text.chars().all(|c| c.is_ascii_hexdigit()) { Ok(Secret::new(text)) } else { Err(Env::malformed(name, HEX_KEY)) }
}

fn secret(env: &Env, name: &'static str, least: usize) -> Result<Secret, ConfigError> {
    let expected = format!("a secret of {least} characters or more");
    let text = env.required(name, &expected)?;
    if text.len() < least { Err(Env::malformed(name, expected)) } else { Ok(Secret::new(text)) }
}

fn list<T>(env: &Env, name: &'static str, shape: &str, read: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, ConfigError> {
    let entries = env.get(name).unwrap_or_default().split(',').map(str::trim).filter(|text| !text.is_empty());
    entries.map(|text| read(text).ok_or_else(|| Env::malformed(name, shape))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::video::VideoFormat;

    pub(super) fn with(extra: &[(&str, &str)]) -> Result<ServeConfig, ConfigError> {
        let mut pairs = vec![
            ("HOME", "/home/someone"),
            ("LIVEKIT_API_KEY", "devkey"),
            ("LIVEKIT_API_SECRET", "0123456789abcdef0123456789abcdef"),
            ("STREAM_KEY_ENCRYPTION_KEY", "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"),
            ("STREAMING_JWT_SECRET", "a secret that is long enough to sign"),
            ("FOOTLIGHT_RELAY_SECRET", "another long enough secret"),
        ];
        pairs.extend_from_slice(extra);
        ServeConfig::from_env(&Env::of_pairs(pairs))
    }

    #[test]
    fn the_defaults_make_a_working_configuration() {
        let config = with(&[]).expect("complete");
        assert_eq!(config.app_url, "http://127.0.0.1:3000");
        assert_eq!(config.store, "surrealkv:///home/someone/.local/share/footlight/store");
    }

    #[test]
    fn a_malformed_variable_is_refused_by_name_and_never_repeated() {
        for (name, value) in [
            ("PUBLIC_APP_URL", "http://studio.example"),
            ("PUBLIC_APP_URL", "https://studio.example/path"),
            ("STREAM_KEY_ENCRYPTION_KEY", "canary-5e1"),
            ("FOOTLIGHT_OLD_ENCRYPTION_KEYS", "canary-5e1"),
            ("STREAMING_JWT_SECRET", "canary-5e1"),
            ("LIVEKIT_API_SECRET", "canary-5e1"),
            ("LIVEKIT_URL", "livekit.example"),
            ("FOOTLIGHT_EGRESS_URL", "http://egress.example:3103"),
            ("FOOTLIGHT_LISTEN", "here"),
            ("FOOTLIGHT_VIDEO", "huge"),
            ("FOOTLIGHT_VIDEO", "641x360@15/800"),
            ("FOOTLIGHT_GRACE", "a while"),
            ("FOOTLIGHT_SIGN_UP", "maybe"),
            ("FOOTLIGHT_CORS_ORIGINS", "https://game.example/path"),
            ("FOOTLIGHT_CORS_ORIGINS", "*"),
            ("FOOTLIGHT_LIVEKIT_PUBLIC_URL", "wss://media.example/livekit?a=b"),
            ("FOOTLIGHT_LIVEKIT_PUBLIC_URL", "wss://media.example:port"),
            ("FOOTLIGHT_TRUSTED_PROXIES", "my-proxy"),
            ("FOOTLIGHT_RATE_FACTOR", "0"),
            ("FOOTLIGHT_MOST_SHOWS", "many"),
            ("FOOTLIGHT_LINES_PER_SHOW", "0"),
            ("FOOTLIGHT_LINES_PER_MINUTE", "99"),
            ("FOOTLIGHT_MOST_FEEDS", "0"),
            ("FOOTLIGHT_FEED_CHECK", "60"),
            ("FOOTLIGHT_WEBHOOKS", "ops.example"),
            ("FOOTLIGHT_PRICE_GIGABYTE", "cheap"),
            ("FOOTLIGHT_PRICE_EGRESS_MINUTE", "-1"),
        ] {
            let message = with(&[(name, value)]).expect_err(name).to_string();
            assert!(message.starts_with(name), "{message}");
            assert!(!message.contains("canary"), "{message}");
        }
    }

    #[test]
    fn a_missing_secret_is_named() {
        let error = ServeConfig::from_env(&Env::of_pairs([("HOME", "/home/someone")])).expect_err("nothing is set");
        assert!(error.to_string().starts_with("STREAMING_JWT_SECRET is not set"), "{error}");
    }

    #[test]
    fn addresses_are_kept_in_one_form() {
        let config = with(&[
            ("FOOTLIGHT_CORS_ORIGINS", "https://Game.Example:443/, https://spiel.bücher.example"),
            ("FOOTLIGHT_LIVEKIT_PUBLIC_URL", "HTTPS://Media.Example/livekit/"),
        ])
        .expect("complete");
        assert_eq!(config.cors_origins, ["https://game.example", "https://spiel.xn--bcher-kva.example"]);
        assert_eq!(config.livekit.public_url, "wss://media.example/livekit");
    }

    #[test]
    fn a_test_format_can_stand_for_the_default_picture() {
        let video = with(&[("FOOTLIGHT_VIDEO", "640x360@15/800")]).expect("a format").video.format;
        assert_eq!(video, VideoFormat { width: 640, height: 360, framerate: 15, bitrate_kbps: 800 });
    }

    #[test]
    fn secrets_are_masked_in_debug() {
        let text =
            format!("{:?}", with(&[("FOOTLIGHT_STORE_USER", "root"), ("FOOTLIGHT_STORE_PASSWORD", "canary-5e1")]).expect("complete"));
        assert!(!text.contains("canary") && !text.contains("0123456789abcdef0123456789abcdef"), "{text}");
    }
}
