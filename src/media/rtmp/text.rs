//! Texts to and from platforms: stream names, metadata, and error texts with the key removed.

use super::amf::{Value, write_all};
use crate::domain::{address::IngestTarget, destination::StreamKey};
use bytes::Bytes;

/// Application and stream name. Without a key, the last of several path parts is the stream name.
pub fn split_app_and_key(target: &IngestTarget, key: &StreamKey) -> (String, String) {
    match target.application.rsplit_once('/') {
        Some((application, name)) if key.is_empty() && !target.application.contains('?') => (application.to_owned(), name.to_owned()),
        _ => (target.application.clone(), key.expose().to_owned()),
    }
}

/// A platform's error text without the key and control characters, at most 200 characters.
pub fn redact_key(text: &str, key: &str) -> String {
    let mut text = text.to_owned();
    for secret in [key, key.split('?').next().unwrap_or_default()] {
        if secret.len() >= 3 {
            text = text.replace(secret, "••••");
        }
    }
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}

/// The body of an `onMetaData` message.
pub fn metadata_body(pairs: Vec<(String, Value)>) -> Bytes {
    write_all(&[Value::text("@setDataFrame"), Value::text("onMetaData"), Value::Object(pairs)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::address::{AllowList, check_address};

    #[test]
    fn address_and_key_split_into_app_and_name() {
        for (address, key, application, name) in [
            ("rtmps://live.twitch.tv:443/app", "live_1_a?bandwidthtest=true", "app", "live_1_a?bandwidthtest=true"),
            ("rtmps://a.rtmps.youtube.com/live2", "ab-cd", "live2", "ab-cd"),
            ("rtmps://fa723fc1b171.global-contribute.live-video.net", "sk_us-west-2_Ab", "app", "sk_us-west-2_Ab"),
            ("rtmps://fa723fc1b171.global-contribute.live-video.net:443/app", "sk_1", "app", "sk_1"),
            ("rtmps://va.pscp.tv:443/x", "a1b2c3", "x", "a1b2c3"),
            ("rtmp://ingest.example.com/a/b/c", "k?x=1&y=2", "a/b/c", "k?x=1&y=2"),
            ("rtmp://ingest.example.com/live?auth=1", "k", "live?auth=1", "k"),
            ("rtmp://ingest.example.com/a/b", "k", "a/b", "k"),
            ("rtmp://ingest.example.com/live/stream", "", "live", "stream"),
            ("rtmp://ingest.example.com/live", "", "live", ""),
        ] {
            let target = check_address(address, &AllowList::default()).expect(address);
            assert_eq!(split_app_and_key(&target, &StreamKey::new(key.into())), (application.into(), name.into()), "{address}");
        }
    }

    #[test]
    fn platform_messages_never_contain_the_key() {
        let key = "live_42_secret?x=1";
        assert_eq!(redact_key("Stream live_42_secret is\r\n in use", key), "Stream •••• is in use");
        assert_eq!(redact_key(&"x".repeat(500), key).len(), 200);
    }
}
