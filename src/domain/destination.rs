//! Destinations: platforms, their addresses, and the stream key, which is never shown.

use super::ids::DestinationId;
use serde::{Deserialize, Serialize};

mod pasted;
mod stream_key;

pub use pasted::separate;
pub use stream_key::StreamKey;

/// A streaming platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Platform {
    /// Twitch, at its global ingest.
    Twitch,
    /// YouTube Live.
    Youtube,
    /// Kick; the address is given to each account.
    Kick,
    /// X; the address is given to each account.
    X,
    /// Any RTMP or RTMPS server.
    Custom,
    /// A recording that only the streamer can play.
    Rehearsal,
}

/// Why a destination cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnusableDestination {
    /// The platform gives its address to each account.
    #[error("{0} needs the server address from its dashboard")]
    AddressMissing(&'static str),
    /// The platform cannot be reached without a key.
    #[error("{0} needs a stream key")]
    KeyMissing(&'static str),
    /// A key with characters no platform uses.
    #[error("the stream key for {0} contains spaces or control characters: copy it again")]
    KeyMalformed(&'static str),
    /// An address where the key belongs, and not the one of the platform.
    #[error(
        "what stands as the stream key for {0} is an address: paste the address up to the application as the server address, and only \
         what follows it as the stream key"
    )]
    KeyIsAddress(&'static str),
    /// Neither `rtmp://` nor `rtmps://`, or not an address at all.
    #[error("the address must look like rtmps://host/application: {0}")]
    AddressMalformed(String),
}

impl Platform {
    /// All kinds, in the order in which a menu shows them.
    pub const ALL: [Self; 6] = [Self::Twitch, Self::Youtube, Self::Kick, Self::X, Self::Custom, Self::Rehearsal];

    /// The name shown to people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Twitch => "Twitch",
            Self::Youtube => "YouTube",
            Self::Kick => "Kick",
            Self::X => "X",
            Self::Custom => "custom",
            Self::Rehearsal => "Rehearsal",
        }
    }

    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Twitch => "twitch",
            Self::Youtube => "youtube",
            Self::Kick => "kick",
            Self::X => "x",
            Self::Custom => "custom",
            Self::Rehearsal => "rehearsal",
        }
    }

    /// The address that is the same for every account.
    /// Source: Twitch "Ingest endpoints", YouTube "Live Streaming API, RTMPS ingestion".
    pub const fn fixed_address(self) -> Option<&'static str> {
        match self {
            Self::Twitch => Some("rtmps://live.twitch.tv:443/app"),
            Self::Youtube => Some("rtmps://a.rtmps.youtube.com:443/live2"),
            Self::Kick | Self::X | Self::Custom | Self::Rehearsal => None,
        }
    }

    /// Whether its form asks for an address.
    pub const fn wants_address(self) -> bool {
        matches!(self, Self::Kick | Self::X | Self::Custom)
    }

    /// Whether it reports viewer counts.
    pub const fn tells_viewers(self) -> bool {
        matches!(self, Self::Twitch | Self::Youtube)
    }

    /// Whether it needs a stream key.
    pub const fn wants_key(self) -> bool {
        !matches!(self, Self::Custom | Self::Rehearsal)
    }
}

/// Builds the ingest address (without the key) from platform, typed address and key. A rehearsal has none.
///
/// # Errors
/// The address or key is missing or malformed; the message names the platform.
pub fn ingest_address(platform: Platform, typed: Option<&str>, key: &StreamKey) -> Result<Option<String>, UnusableDestination> {
    if platform == Platform::Rehearsal {
        return Ok(None);
    }
    if platform.wants_key() && key.name().is_empty() {
        return Err(UnusableDestination::KeyMissing(platform.label()));
    }
    if key.name().contains("://") {
        return Err(UnusableDestination::KeyIsAddress(platform.label()));
    }
    if [key.name(), key.query()].iter().any(|text| text.len() > 512 || text.chars().any(|c| c.is_whitespace() || c.is_control())) {
        return Err(UnusableDestination::KeyMalformed(platform.label()));
    }
    let typed = typed.map(str::trim).filter(|text| !text.is_empty());
    match (platform.fixed_address(), typed) {
        (Some(fixed), _) => Ok(Some(fixed.to_owned())),
        (None, Some(typed)) => Ok(Some(with_plain_scheme(typed.trim_end_matches('/')))),
        (None, None) => Err(UnusableDestination::AddressMissing(platform.label())),
    }
}

/// The address with its scheme in lower case.
fn with_plain_scheme(address: &str) -> String {
    match address.split_once("://") {
        Some((scheme, rest)) => format!("{}://{rest}", scheme.to_ascii_lowercase()),
        None => address.to_owned(),
    }
}

/// A destination as it may be shown: its address and the key's last four characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Destination {
    /// The destination's id.
    pub id: DestinationId,
    /// The platform.
    pub platform: Platform,
    /// The owner's name for it; empty for one typed for a single session.
    pub name: String,
    /// The ingest address without the key; `None` for a rehearsal.
    pub address: Option<String>,
    /// The key's last four characters.
    pub key_tail: String,
    /// The channel whose viewers are counted, as `domain::viewers` parses it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
}

impl Destination {
    /// The name shown to people: the owner's, else the platform's.
    pub fn label(&self) -> &str {
        if self.name.is_empty() { self.platform.label() } else { &self.name }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ingest_addresses_are_built_or_refused_by_platform() {
        type Case = (Platform, Option<&'static str>, StreamKey, Result<Option<&'static str>, &'static str>);
        let key = || StreamKey::new("abcd-efgh-ijkl".into());
        let none = || StreamKey::new(String::new());
        let typed = Some("rtmp://ingest.example/live/");
        let cases: [Case; 11] = [
            (Platform::Twitch, None, key(), Ok(Some("rtmps://live.twitch.tv:443/app"))),
            (Platform::Youtube, None, key(), Ok(Some("rtmps://a.rtmps.youtube.com:443/live2"))),
            (Platform::Twitch, None, none(), Err("Twitch needs a stream key")),
            (Platform::Kick, None, key(), Err("Kick needs the server address from its dashboard")),
            (Platform::Kick, typed, key(), Ok(Some("rtmp://ingest.example/live"))),
            (Platform::Custom, typed, none(), Ok(Some("rtmp://ingest.example/live"))),
            (
                Platform::Custom,
                typed,
                StreamKey::new("a b".into()),
                Err("the stream key for custom contains spaces or control characters: copy it again"),
            ),
            (Platform::Rehearsal, None, none(), Ok(None)),
            (Platform::Custom, Some("RTMPS://Ingest.example/Live"), key(), Ok(Some("rtmps://Ingest.example/Live"))),
            (Platform::Youtube, None, StreamKey::with_query("a=1", ""), Err("YouTube needs a stream key")),
            (
                Platform::Twitch,
                None,
                StreamKey::new("rtmp://elsewhere.example/app/k".into()),
                Err(
                    "what stands as the stream key for Twitch is an address: paste the address up to the application as the server address, \
                     and only what follows it as the stream key",
                ),
            ),
        ];
        for (platform, address, key, expected) in cases {
            let got = ingest_address(platform, address, &key).map_err(|error| error.to_string());
            assert_eq!(got, expected.map(|ok| ok.map(str::to_owned)).map_err(str::to_owned), "{platform:?}");
        }
    }
}
