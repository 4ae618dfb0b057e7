//! A destination as typed: the only request body that carries a stream key.

use crate::domain::destination::{Platform, StreamKey};
use serde::{Deserialize, Serialize};

/// A destination as typed.
#[derive(Debug, Clone, PartialEq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DestinationInput {
    /// The platform.
    pub platform: Platform,
    /// The server's address, for Kick, X and custom.
    #[serde(default)]
    pub custom_rtmp_url: Option<String>,
    /// The key; may be absent for custom and rehearsal.
    #[serde(default = "no_key")]
    #[schema(value_type = String, write_only, max_length = 512)]
    pub stream_key: StreamKey,
    /// Keep it under this name after the session.
    #[serde(default)]
    pub save_as: Option<String>,
    /// The channel there, for counting viewers on Twitch and YouTube: its name, `@handle`, id, or an address.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub channel: Option<String>,
}

impl DestinationInput {
    /// Splits a key off the address. Many people paste both as one address; what follows the application's name is then taken
    /// as the key.
    #[must_use]
    pub fn separated(mut self) -> Self {
        let Some(address) = self.custom_rtmp_url.as_deref().map(str::trim).filter(|_| self.stream_key.is_empty()) else { return self };
        let Some(path) = address.find("://").and_then(|at| Some(at + 3 + address[at + 3..].find('/')? + 1)) else { return self };
        let Some(end) = address[path..].find('/').map(|at| path + at) else { return self };
        let (address, key) = (address[..end].to_owned(), address[end + 1..].trim_end_matches('/').to_owned());
        if !key.is_empty() {
            (self.custom_rtmp_url, self.stream_key) = (Some(address), StreamKey::new(key));
        }
        self
    }
}

/// Only the browser's request serializes a key; no response does.
impl Serialize for DestinationInput {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut out = serializer.serialize_struct("DestinationInput", 5)?;
        out.serialize_field("platform", &self.platform)?;
        out.serialize_field("customRtmpUrl", &self.custom_rtmp_url)?;
        out.serialize_field("streamKey", self.stream_key.expose())?;
        out.serialize_field("saveAs", &self.save_as)?;
        out.serialize_field("channel", &self.channel)?;
        out.end()
    }
}

fn no_key() -> StreamKey {
    StreamKey::new(String::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_pasted_after_the_address_is_split_off() {
        for (typed, key, address, expected) in [
            ("rtmp://host:1935/live/abc?x=1", "", "rtmp://host:1935/live", "abc?x=1"),
            ("rtmps://host/live/abc/def", "", "rtmps://host/live", "abc/def"),
            (" rtmp://host/live/ ", "", " rtmp://host/live/ ", ""),
            ("rtmp://host/live", "", "rtmp://host/live", ""),
            ("rtmp://host", "", "rtmp://host", ""),
            ("nonsense", "", "nonsense", ""),
            ("rtmp://host/app/instance", "abc", "rtmp://host/app/instance", "abc"),
        ] {
            let one = DestinationInput {
                platform: Platform::Custom,
                custom_rtmp_url: Some(typed.to_owned()),
                stream_key: StreamKey::new(key.to_owned()),
                save_as: None,
                channel: None,
            };
            let apart = one.separated();
            assert_eq!((apart.custom_rtmp_url.as_deref(), apart.stream_key.expose()), (Some(address), expected), "{typed}");
        }
    }
}
