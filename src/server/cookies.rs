//! Cookies. Over HTTPS their names begin with `__Host-`: browsers take such a cookie from this host alone, so that a sibling
//! subdomain cannot plant one. Over plain HTTP (loopback only) browsers refuse the prefix, so the names are plain.

use crate::config::serve::ServeConfig;
use axum::http::{HeaderMap, header};
use axum_extra::extract::cookie::{Cookie, SameSite};
use time::Duration;

pub const SIGN_IN_COOKIE: &str = "footlight";
/// The cookie of an overlay page.
pub const OVERLAY_COOKIE: &str = "footlight-overlay";
/// Over plain HTTP the overlay's cookie is sent only to feed and heartbeat; the prefix allows no path.
const OVERLAY_PATH: &str = "/api/streaming";
const PREFIX: &str = "__Host-";
/// Sign-in tokens that were given out under the prefixed name begin with it (no other token has a dot), and count under no other name. Tokens without it are of
/// sign-ins from before, and count under the plain name until they expire: an upgrade signs nobody out.
const PREFIXED_TOKEN: &str = "h.";

/// The value of a cookie of ours, by its plain name.
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let prefixed = all(headers).find(|cookie| cookie.name().strip_prefix(PREFIX) == Some(name)).and_then(|cookie| cookie.value_raw());
    let plain = || all(headers).find(|cookie| cookie.name() == name)?.value_raw();
    prefixed.or_else(|| plain().filter(|value| !value.starts_with(PREFIXED_TOKEN)))
}

fn all(headers: &HeaderMap) -> impl Iterator<Item = Cookie<'_>> {
    let values = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(Cookie::split_parse).flatten()
}

/// The token of a new sign-in: marked where its cookie is prefixed.
pub fn sign_in_token(token: String, config: &ServeConfig) -> String {
    if config.is_https() { format!("{PREFIXED_TOKEN}{token}") } else { token }
}

/// Signs this browser in for `days`; over HTTPS it also clears the cookie of an earlier version.
pub fn sign_in_cookies(token: String, days: i64, config: &ServeConfig) -> Vec<String> {
    let mut cookies = vec![build(SIGN_IN_COOKIE, token, "/", days, config.is_https())];
    if config.is_https() {
        cookies.push(one(SIGN_IN_COOKIE.to_owned(), String::new(), "/", 0, true));
    }
    cookies
}

/// Clears the sign-in cookie, also that of an earlier version.
pub fn sign_out_cookies(config: &ServeConfig) -> Vec<String> {
    sign_in_cookies(String::new(), 0, config)
}

/// Admits an overlay page's feed and heartbeat; `over_tls` as its page was opened.
pub fn overlay_cookie(token: String, over_tls: bool) -> String {
    build(OVERLAY_COOKIE, token, OVERLAY_PATH, 1, over_tls)
}

fn build(name: &str, value: String, path: &'static str, days: i64, over_tls: bool) -> String {
    if over_tls { one(format!("{PREFIX}{name}"), value, "/", days, true) } else { one(name.to_owned(), value, path, days, false) }
}

fn one(name: String, value: String, path: &'static str, days: i64, secure: bool) -> String {
    // Scripts cannot read it, other sites cannot send it, and over HTTPS it never travels in clear.
    let cookie = Cookie::build((name, value)).path(path).max_age(Duration::days(days));
    cookie.http_only(true).same_site(SameSite::Strict).secure(secure).build().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn sent(text: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_static(text))])
    }

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        let headers = sent("footlight-overlay=o; footlight=s; footlight=t");
        assert_eq!(cookie(&headers, SIGN_IN_COOKIE), Some("s"));
        assert_eq!(cookie(&headers, OVERLAY_COOKIE), Some("o"));
        assert_eq!(cookie(&headers, "foot"), None);
    }

    #[test]
    fn the_prefixed_cookie_counts_first_and_its_token_under_no_other_name() {
        assert_eq!(cookie(&sent("footlight=planted; __Host-footlight=h.own"), SIGN_IN_COOKIE), Some("h.own"));
        assert_eq!(cookie(&sent("footlight=h.planted"), SIGN_IN_COOKIE), None, "planted by a sibling subdomain");
        assert_eq!(cookie(&sent("footlight=old"), SIGN_IN_COOKIE), Some("old"), "from before the upgrade");
        assert_eq!(cookie(&sent("__Host-footlight-overlay=o"), SIGN_IN_COOKIE), None);
    }
}
