//! The stream key, with whatever else of an address is secret, and what people paste around it.

use serde::{Deserialize, Deserializer};
use std::fmt;

/// A stream key in plain text, and what else of the server's address is secret: its query, which may hold a password, and user name and
/// password before its host. Masked by `Debug` and never `Serialize`. One text holds all: `@user:password` and a line end if there are
/// any, `?query` and a line end if there is one, and the key.
#[derive(Clone, PartialEq, Eq)]
pub struct StreamKey(String);

impl StreamKey {
    /// Takes a key as typed, or as [`Self::expose`] gave it: without invisible characters, quotes and line ends around it.
    #[expect(clippy::needless_pass_by_value, reason = "the caller gives the key away")]
    pub fn new(text: String) -> Self {
        match credentials_in(&text) {
            Some((user, password, rest)) => Self::without_credentials(rest).with_credentials(user, password),
            None => Self::without_credentials(&text),
        }
    }

    fn without_credentials(text: &str) -> Self {
        match text.strip_prefix('?').and_then(|rest| rest.split_once('\n')) {
            Some((query, key)) => Self::with_query(query, key),
            None => Self(without_wrapping(text)),
        }
    }

    /// A key, and the query of its server's address.
    pub fn with_query(query: &str, key: &str) -> Self {
        let (query, key) = (without_wrapping(query), without_wrapping(key));
        Self(if query.is_empty() { key } else { format!("?{query}\n{key}") })
    }

    /// The same with a user name and a password for the server. A user name has no colon, and neither has a line end.
    #[must_use]
    pub fn with_credentials(&self, user: &str, password: &str) -> Self {
        let rest = credentials_in(&self.0).map_or(self.0.as_str(), |(.., rest)| rest);
        Self(format!("@{user}:{password}\n{rest}"))
    }

    /// User name and password for the server, if there are any. Every call needs review.
    pub fn credentials(&self) -> Option<(&str, &str)> {
        credentials_in(&self.0).map(|(user, password, _)| (user, password))
    }

    /// Everything secret, to be sealed or sent to the relay. Every call needs review.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The key itself: the stream's name at the server. Every call needs review.
    pub fn name(&self) -> &str {
        self.parts().1
    }

    /// The query of the server's address, without its question mark. Every call needs review.
    pub fn query(&self) -> &str {
        self.parts().0
    }

    fn parts(&self) -> (&str, &str) {
        let text = credentials_in(&self.0).map_or(self.0.as_str(), |(.., rest)| rest);
        text.strip_prefix('?').and_then(|rest| rest.split_once('\n')).unwrap_or(("", text))
    }

    /// True for a custom server that needs nothing secret.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The last four characters; empty for keys shorter than eight.
    pub fn tail(&self) -> String {
        let count = self.name().chars().count();
        if count < 8 { String::new() } else { self.name().chars().skip(count - 4).collect() }
    }
}

/// User name and password in an exposed text, and what follows them.
fn credentials_in(text: &str) -> Option<(&str, &str, &str)> {
    let (line, rest) = text.strip_prefix('@')?.split_once('\n')?;
    line.split_once(':').map(|(user, password)| (user, password, rest))
}

impl fmt::Debug for StreamKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StreamKey(•••• {})", self.tail())
    }
}

impl<'de> Deserialize<'de> for StreamKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

/// The text without invisible characters, and without the spaces, line ends and quotes that were pasted around it.
pub fn without_wrapping(text: &str) -> String {
    const QUOTES: [(char, char); 6] =
        [('"', '"'), ('\'', '\''), ('`', '`'), ('\u{201c}', '\u{201d}'), ('\u{201e}', '\u{201c}'), ('«', '»')];
    let visible: String = text.chars().filter(|c| !is_invisible(*c)).collect();
    let mut text = visible.trim_matches(|c: char| c.is_whitespace() || c.is_control());
    while let Some(inner) = QUOTES.iter().find_map(|(open, close)| text.strip_prefix(*open)?.strip_suffix(*close)) {
        text = inner.trim();
    }
    text.to_owned()
}

/// Characters that show nothing and that copying takes along: soft hyphens, joiners, marks of direction and of byte order.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_key_never_shows_more_than_its_tail() {
        for (key, shown) in [
            (StreamKey::new("live_123456_abcdef6f2a".into()), "StreamKey(•••• 6f2a)"),
            (StreamKey::new("short".into()), "StreamKey(•••• )"),
            (StreamKey::with_query("user=ada&pass=secret", ""), "StreamKey(•••• )"),
            (StreamKey::with_query("user=ada&pass=secret", "abcdefgh"), "StreamKey(•••• efgh)"),
            (StreamKey::new(String::new()).with_credentials("ada", "a long password"), "StreamKey(•••• )"),
        ] {
            assert_eq!(format!("{key:?}"), shown);
        }
    }

    #[test]
    fn what_is_pasted_around_a_key_is_dropped() {
        for pasted in [
            "live_1_abc",
            " live_1_abc\r\n",
            "live_1_abc\u{200b}",
            "\u{feff}live_1_abc",
            "\"live_1_abc\"",
            "'live_1_abc'",
            "\u{201c}live_1_abc\u{201d}",
            "\u{201e}live_1_abc\u{201c}",
            "«live_1_abc»",
            "` live_1_abc `",
            "live_1\u{ad}_abc",
            "\u{202a}live_1_abc\u{202c}",
            "\t\"live_1_abc\u{200b}\"\n",
            "live_1_abc\0",
        ] {
            assert_eq!(StreamKey::new(pasted.into()).name(), "live_1_abc", "{pasted:?}");
        }
        for kept in ["live_1?a=b&c=\"d\"", "\"a", "k\u{e9}y", "?bandwidthtest=true"] {
            assert_eq!(StreamKey::new(kept.into()).name(), kept);
        }
    }

    #[test]
    fn key_and_query_survive_sealing() {
        for (query, key) in [("user=ada&pass=x/y", "k1"), ("a=1", ""), ("", "k1"), ("", ""), ("", "k?x=1"), ("a=1", "k?x=1")] {
            let made = StreamKey::with_query(query, key);
            let opened = StreamKey::new(made.expose().to_owned());
            assert_eq!((opened.query(), opened.name()), (query, key));
            assert_eq!(opened, made);
            assert_eq!(opened.is_empty(), query.is_empty() && key.is_empty());
            for (user, password) in [("ada", "a:b c@d/e?f"), ("ada", ""), ("", "")] {
                let made = made.with_credentials("other", "one").with_credentials(user, password);
                let opened = StreamKey::new(made.expose().to_owned());
                assert_eq!((opened.credentials(), opened.query(), opened.name()), (Some((user, password)), query, key));
                assert_eq!(opened, made);
            }
        }
        // A key that begins in this way is a key.
        let odd = StreamKey::new("@ada:secret".to_owned());
        assert_eq!((odd.credentials(), odd.name()), (None, "@ada:secret"));
    }
}
