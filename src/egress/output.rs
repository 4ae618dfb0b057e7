//! The address of an RTMP output: parsed for the connection, redacted everywhere else.

use crate::egress::twirp_error::TwirpError;
use std::fmt;
use url::Url;

/// An `rtmp(s)://host[:port]/app/stream` address. Its `Debug` and `Display` are redacted.
#[derive(Clone, PartialEq, Eq)]
pub struct OutputUrl {
    raw: String,
    /// Name or IP address of the server.
    pub host: String,
    /// 1935, or 443 with TLS, by default.
    pub port: u16,
    /// `rtmps`.
    pub tls: bool,
    /// The application: everything between the host and the last slash.
    pub app: String,
    /// The stream name, a secret.
    pub stream: String,
}

impl OutputUrl {
    /// Parses an address.
    ///
    /// # Errors
    /// `invalid_argument` with LiveKit's text and the redacted address.
    pub fn parse(raw: &str) -> Result<Self, TwirpError> {
        let bad = |why: &str| TwirpError::invalid_argument(format!("invalid url {}: {why}", redact(raw)));
        let (scheme, _) = raw.split_once("://").ok_or_else(|| bad("invalid scheme"))?;
        let tls = match scheme {
            "rtmp" => false,
            "rtmps" => true,
            _ => return Err(bad("invalid scheme")),
        };
        let url = Url::parse(raw).map_err(|_| bad("invalid address"))?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| bad("no host"))?;
        let path = raw.splitn(4, '/').nth(3).unwrap_or_default();
        let (app, stream) = path.rsplit_once('/').ok_or_else(|| bad("no application"))?;
        if app.is_empty() {
            return Err(bad("no application"));
        }
        Ok(Self {
            raw: raw.to_owned(),
            host: host.trim_matches(['[', ']']).to_owned(),
            port: url.port().unwrap_or(if tls { 443 } else { 1935 }),
            tls,
            app: app.to_owned(),
            stream: stream.to_owned(),
        })
    }

    /// The address with its stream name redacted, as LiveKit writes it.
    pub fn redacted(&self) -> String {
        redact(&self.raw)
    }

    /// Whether `text` is this output's address.
    pub fn matches(&self, text: &str) -> bool {
        self.raw == text
    }

    /// The `tcUrl` of the `connect` command.
    pub fn tc_url(&self) -> String {
        self.raw.rsplit_once('/').map_or_else(String::new, |(base, _)| base.to_owned())
    }
}

impl fmt::Debug for OutputUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.redacted())
    }
}

/// Hides the last path segment of an RTMP address: `{goo...y11}`.
pub fn redact(raw: &str) -> String {
    let Some((_, path)) = raw.split_once("://") else { return raw.to_owned() };
    let Some((_, key)) = path.rsplit_once('/') else { return raw.to_owned() };
    let base = &raw[..raw.len() - key.len()];
    let characters: Vec<char> = key.chars().collect();
    let shown = (1..=3).rev().find(|shown| characters.len() >= shown * 3);
    match shown {
        Some(n) => {
            let (head, tail) = (characters[..n].iter().collect::<String>(), characters[characters.len() - n..].iter().collect::<String>());
            format!("{base}{{{head}...{tail}}}")
        }
        None => format!("{base}{{...}}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stream_keys_are_redacted_like_livekit() {
        for (raw, shown) in [
            ("rtmp://127.0.0.1:11935/live/denykey", "rtmp://127.0.0.1:11935/live/{de...ey}"),
            ("rtmp://127.0.0.1:11935/live/goodkey11", "rtmp://127.0.0.1:11935/live/{goo...y11}"),
            ("rtmp://a/live/ab", "rtmp://a/live/{...}"),
        ] {
            assert_eq!(redact(raw), shown);
            assert_eq!(format!("{:?}", OutputUrl::parse(raw).expect(raw)), shown);
        }
    }

    #[test]
    fn output_url_splits_at_its_last_slash() {
        let url = OutputUrl::parse("rtmps://live.example/a/b/k?x=1").expect("an address");
        assert_eq!((url.app.as_str(), url.stream.as_str(), url.port, url.tls), ("a/b", "k?x=1", 443, true));
        assert_eq!(url.tc_url(), "rtmps://live.example/a/b");
        let refused = OutputUrl::parse("notaurl").expect_err("no scheme");
        assert_eq!((refused.code(), refused.to_string().as_str()), ("invalid_argument", "invalid url notaurl: invalid scheme"));
    }
}
