//! Browser security: same-origin checks, cookies.

use crate::{
    api::error::{ApiError, ErrorCode},
    config::serve::ServeConfig,
};
use axum::http::{HeaderMap, HeaderValue, header};
use axum_extra::extract::cookie::{Cookie, SameSite};

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
    let foreign = || ApiError::new(ErrorCode::Forbidden, "This request came from another site and was refused.");
    match headers.get(header::ORIGIN).map(HeaderValue::to_str) {
        None => Ok(()),
        Some(Ok(origin)) if origin == config.app_url => Ok(()),
        Some(_) => Err(foreign()),
    }
}

pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|text| text.split(';')).find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
}

/// Signs this browser in for `days`.
pub fn sign_in_cookie(token: String, days: i64, config: &ServeConfig) -> String {
    let cookie = Cookie::build((SIGN_IN_COOKIE, token)).path("/").max_age(cookie_days(days));
    cookie.http_only(true).same_site(SameSite::Strict).secure(config.is_https()).build().to_string()
}

/// Clears the sign-in cookie.
pub fn sign_out_cookie(config: &ServeConfig) -> String {
    sign_in_cookie(String::new(), 0, config)
}

/// Admits an overlay page's feed and heartbeat.
pub fn overlay_cookie(token: String, config: &ServeConfig) -> String {
    let cookie = Cookie::build((OVERLAY_COOKIE, token)).path(OVERLAY_PATH).max_age(cookie_days(1));
    cookie.http_only(true).same_site(SameSite::Strict).secure(config.is_https()).build().to_string()
}

fn cookie_days(days: i64) -> time::Duration {
    time::Duration::days(days)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, HeaderValue::from_static("footlight-overlay=o; footlight=s"));
        assert_eq!(cookie(&headers, SIGN_IN_COOKIE), Some("s"));
        assert_eq!(cookie(&headers, OVERLAY_COOKIE), Some("o"));
        assert_eq!(cookie(&headers, "foot"), None);
    }
}
