//! A destination as typed: the only request body that carries a stream key.

use crate::domain::destination::{Platform, StreamKey, separate};
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
    /// Separates address and key as they are meant: many people paste both as one address, into either field.
    #[must_use]
    pub fn separated(mut self) -> Self {
        (self.custom_rtmp_url, self.stream_key) = separate(self.platform, self.custom_rtmp_url.as_deref(), self.stream_key);
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
    fn address_and_key_are_separated_and_the_query_is_sent_with_the_key() {
        let one = DestinationInput {
            platform: Platform::Custom,
            custom_rtmp_url: Some("rtmp://host/live?user=ada&pass=secret".to_owned()),
            stream_key: StreamKey::new("abc".to_owned()),
            save_as: None,
            channel: None,
        };
        let apart = one.separated();
        assert_eq!(apart.custom_rtmp_url.as_deref(), Some("rtmp://host/live"));
        let sent = serde_json::to_string(&apart).expect("plain");
        let read: DestinationInput = serde_json::from_str(&sent).expect("our own");
        assert_eq!((read.stream_key.query(), read.stream_key.name()), ("user=ada&pass=secret", "abc"));
    }
}
