//! The encoding of server functions' arguments and results: JSON, read as text on both sides.

use leptos::server_fn::{Bytes, ContentType, Decodes, Encodes, Format, FormatType, codec::Post};
use serde::{Serialize, de::DeserializeOwned};

/// JSON that is read as text. Page data and feeds are text too, and a second reader over bytes would be compiled for every
/// type again: a twentieth of the browser's program.
pub struct TextJson;

/// In and out by `POST`.
pub type Json = Post<TextJson>;

impl ContentType for TextJson {
    const CONTENT_TYPE: &'static str = "application/json";
}

impl FormatType for TextJson {
    const FORMAT_TYPE: Format = Format::Text;
}

impl<T: Serialize> Encodes<T> for TextJson {
    type Error = serde_json::Error;

    fn encode(output: &T) -> Result<Bytes, Self::Error> {
        serde_json::to_string(output).map(Bytes::from)
    }
}

impl<T: DeserializeOwned> Decodes<T> for TextJson {
    type Error = serde_json::Error;

    fn decode(bytes: Bytes) -> Result<T, Self::Error> {
        serde_json::from_str(str::from_utf8(&bytes).map_err(serde::de::Error::custom)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_round_trip_and_invalid_utf8_is_an_error() {
        let told = TextJson::encode(&["Ä", "\"b\""]).expect("JSON");
        let read: [String; 2] = TextJson::decode(told).expect("reads back");
        assert_eq!(read, ["Ä", "\"b\""]);
        let broken: Result<String, _> = TextJson::decode(Bytes::from_static(&[b'"', 0xff, b'"']));
        assert!(broken.expect_err("no text").to_string().contains("utf-8"));
    }
}
