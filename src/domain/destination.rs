//! Where a show plays: platforms, their addresses, the stream key that must never be seen.

use super::ids::DestinationId;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A stream key in the clear. Masked by `Debug`, never `Serialize`, dropped from memory as soon as its user is done.
#[derive(Clone, PartialEq, Eq)]
pub struct StreamKey(String);

impl StreamKey {
    /// Takes a key as typed; white space around it is a slip of the clipboard and goes.
    #[expect(clippy::needless_pass_by_value, reason = "the caller gives the key away")]
    pub fn new(text: String) -> Self {
        Self(text.trim().to_owned())
    }

    /// The key itself. Every call is a place to review.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// True for a custom server that wants none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The last four characters, by which its owner knows it; nothing of keys shorter than eight.
    pub fn tail(&self) -> String {
        let count = self.0.chars().count();
        if count < 8 { String::new() } else { self.0.chars().skip(count - 4).collect() }
    }
}

impl fmt::Debug for StreamKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StreamKey(•••• {})", self.tail())
    }
}

impl<'de> Deserialize<'de> for StreamKey {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

/// A kind of place.
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

/// Why a destination cannot be used as given.
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
    /// Neither `rtmp://` nor `rtmps://`, or not an address at all.
    #[error("the address must look like rtmps://host/application: {0}")]
    AddressMalformed(String),
}

impl Platform {
    /// All kinds, in the order in which a menu shows them.
    pub const ALL: [Self; 6] = [Self::Twitch, Self::Youtube, Self::Kick, Self::X, Self::Custom, Self::Rehearsal];

    /// As people call it.
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

    /// As it stands on the wire.
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

    /// Whether it tells how many watch.
    pub const fn tells_viewers(self) -> bool {
        matches!(self, Self::Twitch | Self::Youtube)
    }

    /// Whether it refuses to work without a key.
    pub const fn wants_key(self) -> bool {
        !matches!(self, Self::Custom | Self::Rehearsal)
    }
}

/// The one place where platform, typed address and key become an ingest address (without the key).
/// A rehearsal has none.
///
/// # Errors
/// Address or key missing or malformed, by the platform's name.
pub fn ingest_address(platform: Platform, typed: Option<&str>, key: &StreamKey) -> Result<Option<String>, UnusableDestination> {
    if platform == Platform::Rehearsal {
        return Ok(None);
    }
    if platform.wants_key() && key.is_empty() {
        return Err(UnusableDestination::KeyMissing(platform.label()));
    }
    if key.expose().chars().any(|c| c.is_whitespace() || c.is_control()) || key.expose().len() > 512 {
        return Err(UnusableDestination::KeyMalformed(platform.label()));
    }
    let typed = typed.map(str::trim).filter(|text| !text.is_empty());
    match (platform.fixed_address(), typed) {
        (Some(fixed), _) => Ok(Some(fixed.to_owned())),
        (None, Some(typed)) => Ok(Some(typed.trim_end_matches('/').to_owned())),
        (None, None) => Err(UnusableDestination::AddressMissing(platform.label())),
    }
}

/// A destination as it may be shown: where, and the key's last four characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Destination {
    /// Which one.
    pub id: DestinationId,
    /// What kind of place.
    pub platform: Platform,
    /// The owner's name for it; empty for one typed for a single show.
    pub name: String,
    /// The ingest address without the key; `None` for a rehearsal.
    pub address: Option<String>,
    /// The key's last four characters.
    pub key_tail: String,
    /// What the platform is asked for when viewers are counted, as `domain::viewers` reads it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
}

impl Destination {
    /// How people call it: the owner's name, else the platform's.
    pub fn label(&self) -> &str {
        if self.name.is_empty() { self.platform.label() } else { &self.name }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_key_never_shows_more_than_its_tail() {
        assert_eq!(format!("{:?}", StreamKey::new("live_123456_abcdef6f2a".into())), "StreamKey(•••• 6f2a)");
        assert_eq!(format!("{:?}", StreamKey::new("short".into())), "StreamKey(•••• )");
    }

    #[test]
    fn each_platform_is_joined_to_its_address_or_says_what_is_missing() {
        type Case = (Platform, Option<&'static str>, StreamKey, Result<Option<&'static str>, &'static str>);
        let key = || StreamKey::new("abcd-efgh-ijkl".into());
        let none = || StreamKey::new(String::new());
        let typed = Some("rtmp://ingest.example/live/");
        let cases: [Case; 8] = [
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
        ];
        for (platform, address, key, expected) in cases {
            let got = ingest_address(platform, address, &key).map_err(|error| error.to_string());
            assert_eq!(got, expected.map(|ok| ok.map(str::to_owned)).map_err(str::to_owned), "{platform:?}");
        }
    }
}
