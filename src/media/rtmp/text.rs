//! Texts to and from platforms: stream names, metadata, and error texts with the key removed.

use super::amf::{Value, write_all};
use crate::domain::{address::IngestTarget, destination::StreamKey};
use bytes::Bytes;

/// The shortest part of a secret that is removed from a text.
const FRAGMENT: usize = 8;
/// Characters of a platform's text that are looked at, and that are kept.
const MAX_READ: usize = 1000;
const MAX_KEPT: usize = 200;

/// Application and stream name. Without a key, the last of several path parts is the stream name.
pub fn split_app_and_key(target: &IngestTarget, key: &StreamKey) -> (String, String) {
    let (path, own) = target.application.split_once('?').unwrap_or((&target.application, ""));
    let query = [own, key.query()].into_iter().filter(|query| !query.is_empty()).collect::<Vec<_>>().join("&");
    match path.rsplit_once('/') {
        Some((application, name)) if key.name().is_empty() && query.is_empty() => (application.to_owned(), name.to_owned()),
        _ if query.is_empty() => (path.to_owned(), key.name().to_owned()),
        _ => (format!("{path}?{query}"), key.name().to_owned()),
    }
}

/// A platform's error text without the key and control characters, at most 200 characters. Parts of the key and of what is in its
/// query are removed as well, also in other case or percent-encoded.
pub fn redact_key(text: &str, key: &str) -> String {
    let secrets = secrets_in(key);
    let text: Vec<char> = decoded(text).chars().take(MAX_READ).collect();
    let lower: Vec<char> = text.iter().map(char::to_ascii_lowercase).collect();
    let (mut safe, mut at) = (String::new(), 0);
    while at < text.len() {
        let hidden = secrets.iter().map(|secret| hidden_at(&lower[at..], secret)).max().unwrap_or_default();
        if hidden > 0 {
            safe.push_str("••••");
            at += hidden;
        } else {
            safe.push(text[at]);
            at += 1;
        }
    }
    safe.chars().filter(|c| !c.is_control()).take(MAX_KEPT).collect()
}

/// The key with and without its parameters, their values, the same of the address's query, user name and password; in lower case.
fn secrets_in(key: &str) -> Vec<Vec<char>> {
    let mut secrets: Vec<&str> = Vec::new();
    for line in key.lines() {
        if let Some((user, password)) = line.strip_prefix('@').and_then(|line| line.split_once(':')).filter(|_| key.contains('\n')) {
            secrets.extend([user, password].into_iter().filter(|secret| secret.len() >= 3));
            continue;
        }
        let (name, query) =
            if key.contains('\n') && line.starts_with('?') { ("", &line[1..]) } else { line.split_once('?').unwrap_or((line, "")) };
        let values = query.split('&').map(|pair| pair.split_once('=').map_or(pair, |(_, value)| value)).filter(|value| value.len() >= 4);
        secrets.extend([line, name, query].into_iter().filter(|secret| secret.len() >= 3).chain(values));
    }
    secrets.iter().map(|secret| decoded(secret).to_ascii_lowercase().chars().collect()).collect()
}

/// How many characters at the beginning of a text are the secret, or a long part of it.
fn hidden_at(text: &[char], secret: &[char]) -> usize {
    let enough = secret.len().min(FRAGMENT);
    (0..=secret.len() - enough)
        .map(|from| secret[from..].iter().zip(text).take_while(|(one, other)| one == other).count())
        .filter(|count| *count >= enough)
        .max()
        .unwrap_or_default()
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let code = tail.get(..2).filter(|_| *first == b'%').and_then(|code| std::str::from_utf8(code).ok());
        if let Some(byte) = code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            bytes.push(byte);
            rest = &tail[2..];
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
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
        for (address, query, key, application, name) in [
            ("rtmp://ingest.example.com/live", "user=ada&pass=x/8", "k1", "live?user=ada&pass=x/8", "k1"),
            ("rtmp://ingest.example.com/mystream", "pass=x/8", "", "mystream?pass=x/8", ""),
            ("rtmp://ingest.example.com/a/b?x=1", "y=2", "k", "a/b?x=1&y=2", "k"),
        ] {
            let target = check_address(address, &AllowList::default()).expect(address);
            assert_eq!(split_app_and_key(&target, &StreamKey::with_query(query, key)), (application.into(), name.into()), "{address}");
        }
    }

    #[test]
    fn platform_messages_never_contain_the_key() {
        let key = "live_42_secret?x=1";
        assert_eq!(redact_key("Stream live_42_secret is\r\n in use", key), "Stream •••• is in use");
        assert_eq!(redact_key(&"x".repeat(500), key).len(), 200);
        let key = "?user=adabyron&pass=C-1234/7\nlive_9876543210abcdef?x=1";
        for (text, expected) in [
            ("no live_98765 here", "no •••• here"),
            ("the end 210abcdef", "the end ••••"),
            ("LIVE_9876543210ABCDEF", "••••"),
            ("key=live%5F9876543210abcdef", "key=••••"),
            ("password C-1234/7 is wrong for adabyron", "password •••• is wrong for ••••"),
            ("password C-1234%2f7", "password ••••"),
            ("live is live", "live is live"),
            ("100% sure %zz", "100% sure %zz"),
        ] {
            assert_eq!(redact_key(text, key), expected, "{text}");
        }
        let key = "@adabyron:C-1234/7\nlive_9876543210abcdef";
        assert_eq!(redact_key("user=adabyron with C-1234/7 for live_9876543210", key), "user=•••• with •••• for ••••");
        assert_eq!(redact_key("the key ab is short", "ab"), "the key ab is short");
        assert_eq!(redact_key("the key abc is not", "abc"), "the key •••• is not");
    }
}
