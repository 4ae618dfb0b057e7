//! What people paste into the fields for the server's address and the stream key, taken apart as it is meant.

use super::{Platform, StreamKey, stream_key::without_wrapping};
use crate::domain::address::IngestTarget;

/// Separates what belongs into the address from what is secret: a key after the application, a whole address as the key, the query of
/// the address, which may hold a password, and user name and password before its host. What is not understood stays as it is;
/// `ingest_address` and `check_address` refuse it.
pub fn separate(platform: Platform, address: Option<&str>, key: StreamKey) -> (Option<String>, StreamKey) {
    let known = key.credentials().map(|(user, password)| (user.to_owned(), password.to_owned()));
    let (address, key) = separate_key(platform, address, key);
    let (address, given) = match address.as_deref().and_then(without_credentials) {
        Some((address, user, password)) => (Some(address), Some((user, password))),
        None => (address, None),
    };
    match given.or(known) {
        Some((user, password)) => (address, key.with_credentials(&user, &password)),
        None => (address, key),
    }
}

/// An address without user name and password, and these, with what was percent-encoded in them.
fn without_credentials(address: &str) -> Option<(String, String, String)> {
    let (scheme, rest) = address.split_once("://")?;
    let end = rest.find('/').unwrap_or(rest.len());
    let (before, host) = rest[..end].rsplit_once('@')?;
    let (user, password) = before.split_once(':')?;
    let (user, password) = (percent_decoded(user)?, percent_decoded(password)?);
    let fits = |text: &str| text.len() <= 256 && !text.chars().any(char::is_control);
    let usable = !user.is_empty() && !user.contains(':') && fits(&user) && fits(&password);
    usable.then(|| (format!("{scheme}://{host}{}", &rest[end..]), user, password))
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        // A `%` that encodes nothing is one.
        if let Some(byte) = part.get(..2).and_then(|code| u8::from_str_radix(code, 16).ok()) {
            bytes.push(byte);
            bytes.extend_from_slice(&part.as_bytes()[2..]);
        } else {
            bytes.push(b'%');
            bytes.extend_from_slice(part.as_bytes());
        }
    }
    String::from_utf8(bytes).ok()
}

fn separate_key(platform: Platform, address: Option<&str>, key: StreamKey) -> (Option<String>, StreamKey) {
    let mut address = address.map(without_wrapping).filter(|text| !text.is_empty());
    let mut key = key;
    if Pasted::of(key.name()).is_some() {
        match (platform.fixed_address(), &address) {
            (None, None) => (address, key) = (Some(key.name().to_owned()), StreamKey::new(String::new())),
            (fixed, typed) => {
                if let Some(rest) = key_behind(platform, fixed.or(typed.as_deref()).unwrap_or_default(), key.name()) {
                    key = StreamKey::with_query(key.query(), &rest);
                }
            }
        }
    }
    let Some(pasted) = address.as_deref().and_then(Pasted::of) else { return (address, key) };
    let query = if pasted.query.is_empty() { key.query() } else { pasted.query };
    match pasted.path.split_once('/') {
        Some((application, name)) if key.name().is_empty() => {
            let name = if query.is_empty() { name.to_owned() } else { format!("{name}?{query}") };
            (Some(format!("{}/{application}", pasted.server)), StreamKey::with_query("", &name))
        }
        _ if pasted.path.is_empty() => (Some(pasted.server.to_owned()), StreamKey::with_query(query, key.name())),
        _ => (Some(format!("{}/{}", pasted.server, pasted.path)), StreamKey::with_query(query, key.name())),
    }
}

/// What follows the server and the application in a pasted address that is the platform's own.
fn key_behind(platform: Platform, own: &str, pasted: &str) -> Option<String> {
    let (own, pasted) = (Pasted::of(own)?, Pasted::of(pasted)?);
    let host = pasted.host();
    let belongs = |domain: &&str| host.strip_suffix(*domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    let same = host == own.host() || domains(platform).iter().any(belongs);
    let rest = pasted.path.strip_prefix(own.path)?.strip_prefix('/').filter(|rest| same && !rest.is_empty())?;
    Some(if pasted.query.is_empty() { rest.to_owned() } else { format!("{rest}?{}", pasted.query) })
}

/// The servers of platforms whose address is fixed; the dashboards show one of many.
const fn domains(platform: Platform) -> &'static [&'static str] {
    match platform {
        Platform::Twitch => &["twitch.tv", "live-video.net"],
        Platform::Youtube => &["youtube.com"],
        _ => &[],
    }
}

/// The parts of a text that begins with `rtmp://` or `rtmps://`.
struct Pasted<'a> {
    /// Scheme, host and port.
    server: &'a str,
    /// Without slashes at its ends.
    path: &'a str,
    query: &'a str,
}

impl<'a> Pasted<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let (scheme, _) = text.split_once("://")?;
        if !["rtmp", "rtmps"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
            return None;
        }
        let (place, query) = text.split_once('?').unwrap_or((text, ""));
        let begin = scheme.len() + 3;
        let end = place[begin..].find('/').map_or(place.len(), |at| begin + at);
        Some(Self { server: &place[..end], path: place[end..].trim_matches('/'), query })
    }

    fn host(&self) -> String {
        IngestTarget::host_in(self.server)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_name_and_password_are_secret() {
        for (typed, credentials) in [
            ("rtmp://ada:C-7@host/live", Some(("ada", "C-7"))),
            ("rtmp://ada:a:b@c@host:1935/live/k", Some(("ada", "a:b@c"))),
            ("rtmp://ada:p%40s%2Fs%3f100%25@host/live", Some(("ada", "p@s/s?100%"))),
            ("rtmp://ada:100%@host/live", Some(("ada", "100%"))),
            ("rtmp://ada:@host/live", Some(("ada", ""))),
            ("rtmp://:C-7@host/live", None),
            ("rtmp://a%3Ab:C-7@host/live", None),
            ("rtmp://ada:a%0Ab@host/live", None),
            ("rtmp://host/live?at=a@b", None),
        ] {
            let (address, key) = separate(Platform::Custom, Some(typed), StreamKey::new("k1".into()));
            assert_eq!(key.credentials(), credentials, "{typed}");
            let address = address.expect("an address");
            assert_eq!(address.contains('@'), credentials.is_none() && typed.contains("@host"), "{address}");
            // An edit of the address keeps them.
            let (_, key) = separate(Platform::Custom, Some("rtmp://host/other"), key);
            assert_eq!(key.credentials(), credentials, "{typed}");
        }
    }

    #[test]
    fn address_and_key_are_separated_as_they_are_meant() {
        use Platform::{Custom, Kick, Twitch, Youtube};
        for (platform, typed, key, address, query, name) in [
            // The key behind the address.
            (Custom, "rtmp://host:1935/live/abc?x=1", "", "rtmp://host:1935/live", "", "abc?x=1"),
            (Custom, "rtmps://host/live/abc/def", "", "rtmps://host/live", "", "abc/def"),
            (Custom, " rtmp://host/live/ ", "", "rtmp://host/live", "", ""),
            (Custom, "rtmp://host/live", "", "rtmp://host/live", "", ""),
            (Custom, "rtmp://host", "", "rtmp://host", "", ""),
            (Custom, "nonsense", "", "nonsense", "", ""),
            (Custom, "rtmp://host/app/instance", "abc", "rtmp://host/app/instance", "", "abc"),
            (Custom, "\"rtmp://host/live\u{200b}\"", "k", "rtmp://host/live", "", "k"),
            // A password in the query.
            (Custom, "rtmp://host/live?user=ada&pass=C-7", "k1", "rtmp://host/live", "user=ada&pass=C-7", "k1"),
            (Custom, "rtmp://host/mystream?user=ada&pass=C/8", "", "rtmp://host/mystream", "user=ada&pass=C/8", ""),
            (Custom, "RTMP://Host/a/b?pass=C/8?9", "k", "RTMP://Host/a/b", "pass=C/8?9", "k"),
            (Custom, "rtmp://host/a/b?pass=C/8", "", "rtmp://host/a", "", "b?pass=C/8"),
            (Custom, "rtmp://host?pass=C", "k", "rtmp://host", "pass=C", "k"),
            // User name and password are in no part of these.
            (Custom, "rtmp://ada:C-7@host/live", "k1", "rtmp://host/live", "", "k1"),
            (Custom, "rtmp://ada:p%40s%2Fs@host/live/abc?x=1", "", "rtmp://host/live", "", "abc?x=1"),
            (Custom, "", "rtmp://ada:C-7@host:1935/live/abc", "rtmp://host:1935/live", "", "abc"),
            (Custom, "rtmp://ada@host/live", "k1", "rtmp://ada@host/live", "", "k1"),
            // A whole address as the key.
            (Youtube, "", "rtmp://a.rtmp.youtube.com/live2/abcd-efgh", "", "", "abcd-efgh"),
            (Youtube, "", "RTMPS://b.rtmps.youtube.com:443/live2/abcd-efgh?x=1", "", "", "abcd-efgh?x=1"),
            (Twitch, "", "rtmps://ingest.global-contribute.live-video.net/app/live_1_a", "", "", "live_1_a"),
            (Twitch, "", "rtmp://notwitch.tv/app/live_1_a", "", "", "rtmp://notwitch.tv/app/live_1_a"),
            (Twitch, "", "rtmp://live.twitch.tv/app", "", "", "rtmp://live.twitch.tv/app"),
            (Custom, "", "rtmp://host/live/abc", "rtmp://host/live", "", "abc"),
            (Custom, "rtmp://host/live", "rtmp://host/live/abc", "rtmp://host/live", "", "abc"),
            (Custom, "rtmp://host:1935/live", "RTMP://HOST/live/abc?y=2", "rtmp://host:1935/live", "", "abc?y=2"),
            (Custom, "rtmp://host/live", "rtmp://host/live", "rtmp://host/live", "", "rtmp://host/live"),
            (
                Kick,
                "rtmps://one.live-video.net",
                "rtmps://two.example/app/sk",
                "rtmps://one.live-video.net",
                "",
                "rtmps://two.example/app/sk",
            ),
        ] {
            let given = Some(typed).filter(|typed| !typed.is_empty());
            let (apart, secret) = separate(platform, given, StreamKey::new(key.to_owned()));
            assert_eq!(
                (apart.as_deref().unwrap_or_default(), secret.query(), secret.name()),
                (address, query, name),
                "{platform:?}: {typed:?} and {key:?}"
            );
            let again = separate(platform, apart.as_deref(), secret.clone());
            assert_eq!(again, (apart, secret), "what is apart stays so: {typed:?} and {key:?}");
        }
    }
}
