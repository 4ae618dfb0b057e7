//! Browser security: same-origin checks, cookies.

use crate::{
    api::error::{ApiError, ErrorCode},
    config::serve::ServeConfig,
};
use axum::http::{HeaderMap, HeaderValue, header};
use axum_extra::extract::cookie::{Cookie, SameSite};
use time::Duration;

pub const SIGN_IN_COOKIE: &str = "footlight";
/// The cookie of an overlay page.
pub const OVERLAY_COOKIE: &str = "footlight-overlay";
/// The overlay's cookie is sent only to feed and heartbeat.
const OVERLAY_PATH: &str = "/api/streaming";

/// Refuses a request that another site's page sent: browsers name that site in `Origin`.
/// Requests without it come from no page, and carry no cookie of ours by accident (`SameSite=Strict`).
///
/// # Errors
/// The origin is not ours.
pub fn same_origin(headers: &HeaderMap, config: &ServeConfig) -> Result<(), ApiError> {
    let foreign = || {
        let here = format!("This request came from another site and was refused. Open the studio at {}.", config.app_url);
        ApiError::new(ErrorCode::Forbidden, here)
    };
    match headers.get(header::ORIGIN).map(HeaderValue::to_str) {
        None => Ok(()),
        Some(Ok(origin)) if config.is_own_origin(origin) => Ok(()),
        Some(_) => Err(foreign()),
    }
}

pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    all.flat_map(Cookie::split_parse).flatten().find(|cookie| cookie.name() == name)?.value_raw()
}

/// Signs this browser in for `days`.
pub fn sign_in_cookie(token: String, days: i64, config: &ServeConfig) -> String {
    written(Cookie::build((SIGN_IN_COOKIE, token)).path("/").max_age(Duration::days(days)).build(), config)
}

/// Clears the sign-in cookie.
pub fn sign_out_cookie(config: &ServeConfig) -> String {
    sign_in_cookie(String::new(), 0, config)
}

/// Admits an overlay page's feed and heartbeat.
pub fn overlay_cookie(token: String, config: &ServeConfig) -> String {
    written(Cookie::build((OVERLAY_COOKIE, token)).path(OVERLAY_PATH).max_age(Duration::days(1)).build(), config)
}

/// Scripts cannot read it, other sites cannot send it, and over HTTPS it never travels in clear.
fn written(mut cookie: Cookie<'_>, config: &ServeConfig) -> String {
    cookie.set_http_only(true);
    cookie.set_same_site(SameSite::Strict);
    cookie.set_secure(config.is_https());
    cookie.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, HeaderValue::from_static("footlight-overlay=o; footlight=s; footlight=t"));
        assert_eq!(cookie(&headers, SIGN_IN_COOKIE), Some("s"));
        assert_eq!(cookie(&headers, OVERLAY_COOKIE), Some("o"));
        assert_eq!(cookie(&headers, "foot"), None);
    }
}
