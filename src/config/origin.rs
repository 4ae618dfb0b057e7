//! Origins (scheme, host and port) in the form in which browsers write them: lower case, punycode, no default port.

use super::env::{ConfigError, Env};
use std::net::IpAddr;
use url::Url;

const APP_URL: &str = "PUBLIC_APP_URL";

/// The origin that an `http` or `https` address is; `None` if it has more than scheme, host and port.
pub fn origin(text: &str) -> Option<String> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    bare(&url).then(|| url.origin().ascii_serialization())
}

/// The origin of a WebSocket address, whatever its path, once for each scheme that a client uses: `ws` and `http`, or `wss` and `https`.
pub fn socket_origins(text: &str) -> Option<[String; 2]> {
    let origin = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "ws" | "wss"))?.origin().ascii_serialization();
    Some([origin.replacen("ws", "http", 1), origin])
}

/// Whether two origins are the same server. Loopback has several names, and people type any of them.
pub fn is_same(own: &str, other: &str) -> bool {
    if own == other {
        return true;
    }
    let (Some(own), Some(other)) = (read(own), read(other)) else { return false };
    own == other || (is_loopback_name(&own) && is_loopback_name(&other) && place(&own) == place(&other))
}

/// Whether an address is this machine, whatever its scheme. The `url` crate reads an IPv4 address only behind schemes of the web, so
/// the text is read here.
pub fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let ip = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || ip.is_ok_and(|ip| ip.is_loopback())
}

/// The address that people open, from `PUBLIC_APP_URL`.
pub(super) fn app_url(env: &Env, default: &str) -> Result<String, ConfigError> {
    let url = Url::parse(env.get(APP_URL).unwrap_or(default));
    let url = url.ok().filter(Url::has_host).ok_or_else(|| Env::malformed(APP_URL, "an address such as https://studio.example"))?;
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(&url) => {}
        _ => return Err(Env::malformed(APP_URL, "https:// (plain http:// is for loopback only)")),
    }
    if bare(&url) { Ok(url.origin().ascii_serialization()) } else { Err(Env::malformed(APP_URL, "scheme, host and port only")) }
}

fn read(text: &str) -> Option<Url> {
    Url::parse(text).ok().filter(bare)
}

/// Without name and password, path, query and fragment. Slashes at the end are no path.
fn bare(url: &Url) -> bool {
    let path = url.path().trim_matches('/');
    url.username().is_empty() && url.password().is_none() && path.is_empty() && url.query().is_none() && url.fragment().is_none()
}

/// The names that mean this machine in every browser.
fn is_loopback_name(url: &Url) -> bool {
    matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
}

fn place(url: &Url) -> (&str, Option<u16>) {
    (url.scheme(), url.port_or_known_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_app_url(text: &str) -> Result<String, ConfigError> {
        app_url(&Env::of_pairs([(APP_URL, text)]), "http://127.0.0.1:3000")
    }

    #[test]
    fn the_public_address_is_read_as_browsers_write_it() {
        for (typed, expected) in [
            ("http://LOCALHOST:21100", "http://localhost:21100"),
            ("https://studio.example:443", "https://studio.example"),
            ("https://Studio.Example", "https://studio.example"),
            ("https://bücher.example", "https://xn--bcher-kva.example"),
            ("HTTPS://studio.example:8443//", "https://studio.example:8443"),
            ("http://127.1:3000/", "http://127.0.0.1:3000"),
            ("http://[0:0:0:0:0:0:0:1]:80", "http://[::1]"),
            ("", "http://127.0.0.1:3000"),
        ] {
            assert_eq!(read_app_url(typed).as_deref(), Ok(expected), "{typed}");
        }
    }

    #[test]
    fn an_address_that_is_more_than_an_origin_is_refused() {
        for typed in [
            "https://studio.example/path",
            "https://studio.example/?a=b",
            "https://studio.example/#top",
            "https://ada@studio.example",
            "https://:canary@studio.example",
            "http://studio.example",
            "ftp://studio.example",
            "studio.example",
        ] {
            let error = read_app_url(typed).expect_err(typed).to_string();
            assert!(error.starts_with(APP_URL) && !error.contains("canary"), "{error}");
            assert!(!typed.starts_with("https") || origin(typed).is_none(), "{typed}");
        }
    }

    #[test]
    fn the_names_of_loopback_are_one_server_and_nothing_else_is() {
        let own = "http://127.0.0.1:3000";
        for same in [own, "http://localhost:3000", "http://[::1]:3000"] {
            assert!(is_same(own, same) && is_same(same, own), "{same}");
        }
        for other in [
            "http://localhost:3001",
            "https://localhost:3000",
            "http://127.0.0.2:3000",
            "http://localhost.evil.example:3000",
            "http://127.0.0.1:3000.evil.example",
            "http://127.0.0.1:3000@evil.example",
            "http://localhost:3000/path",
            "null",
            "",
        ] {
            assert!(!is_same(own, other), "{other}");
        }
        assert!(!is_same("https://studio.example", "http://localhost:3000"), "its own names only");
        assert!(is_same("http://localhost", "http://127.0.0.1:80"));
    }

    #[test]
    fn a_socket_address_gives_its_origin_for_both_schemes() {
        let pair = |http: &str, ws: &str| Some([http.to_owned(), ws.to_owned()]);
        assert_eq!(socket_origins("ws://127.0.0.1:22990/livekit"), pair("http://127.0.0.1:22990", "ws://127.0.0.1:22990"));
        assert_eq!(socket_origins("wss://Media.Example:443/a/b"), pair("https://media.example", "wss://media.example"));
        assert_eq!(socket_origins("media.example"), None);
    }
}
