//! Browser security: same-origin checks.

use crate::{
    api::error::{ApiError, ErrorCode},
    config::serve::ServeConfig,
};
use axum::http::{HeaderMap, HeaderValue, header};

/// In the extensions of a request without TLS that a process of this machine sent, such as the egress: what is told to browsers about TLS is
/// not told to it.
#[derive(Debug, Clone, Copy)]
pub struct FromThisMachine;

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
