//! What operators and administrators do and look at, and the background work around sessions.

pub mod account_data;
pub mod analytics;
pub mod commands;
pub mod monitoring;
pub mod outbox;
pub mod retention;
pub mod session_admin;
pub mod viewer_counts;

use super::{
    auth::caller::Caller,
    error::{StudioError, StudioResult},
};
use crate::api::error::ErrorCode;

const DAY_MS: i64 = 24 * 3600 * 1000;

fn require_admin(caller: &Caller) -> StudioResult<()> {
    if caller.is_admin() { Ok(()) } else { Err(StudioError::refused(ErrorCode::Forbidden, "Only administrators see everybody's streams.")) }
}
