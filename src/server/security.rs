//! Browser security: same-origin checks.

use crate::{
    api::error::{ApiError, ErrorCode},
    config::serve::ServeConfig,
};
use axum::http::{HeaderMap, HeaderValue, header};

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
