//! Validates and normalises user input; errors name the field.

use crate::{
    api::error::ApiError,
    domain::{
        destination::{Platform, UnusableDestination},
        plain_text::{about, one_line},
        viewers::channel,
    },
    server::error::StudioResult,
};

const LONGEST_TITLE: usize = 140;
/// Of the reason of a stop.
const LONGEST_REASON: usize = 300;
/// Of a destination's own name.
const LONGEST_NAME: usize = 60;

/// At most ten minutes: longer, and video and events belong to different matches.
pub(in crate::server) fn delay(asked_ms: u32) -> StudioResult<u32> {
    const MOST_MS: u32 = 600_000;
    let refused = || ApiError::invalid("broadcastDelayMs", format!("broadcastDelayMs must be at most {MOST_MS}."));
    if asked_ms <= MOST_MS { Ok(asked_ms) } else { Err(refused().into()) }
}

pub(in crate::server) fn plain_text(field: &str, text: &str) -> StudioResult<String> {
    let text = one_line(text).map_err(|error| ApiError::invalid(field, about(field, error)))?;
    if text.chars().count() > LONGEST_TITLE {
        return Err(ApiError::invalid(field, format!("{field} must be at most {LONGEST_TITLE} characters of plain text.")).into());
    }
    Ok(text)
}

/// Why a session is stopped, in one line; may be empty.
pub(in crate::server) fn stop_reason(text: &str) -> StudioResult<String> {
    let text = one_line(text).map_err(|error| ApiError::invalid("reason", about("reason", error)))?;
    if text.chars().count() > LONGEST_REASON {
        return Err(ApiError::invalid("reason", format!("reason must be at most {LONGEST_REASON} characters of plain text.")).into());
    }
    Ok(text)
}

pub(in crate::server) fn unusable(error: &UnusableDestination) -> ApiError {
    let field = match error {
        UnusableDestination::KeyMissing(_) | UnusableDestination::KeyIsAddress(_) | UnusableDestination::KeyMalformed(_) => "streamKey",
        UnusableDestination::AddressMissing(_) | UnusableDestination::AddressMalformed(_) => "customRtmpUrl",
    };
    ApiError::invalid(field, sentence(error))
}

/// A destination's own name.
pub(in crate::server) fn destination_name(name: &str) -> StudioResult<String> {
    let name = one_line(name).map_err(|error| ApiError::invalid("saveAs", about("saveAs", error)))?;
    Ok(name.chars().take(LONGEST_NAME).collect())
}

/// The channel whose viewers are counted.
pub(in crate::server) fn viewer_channel(platform: Platform, typed: Option<&str>) -> StudioResult<Option<String>> {
    Ok(channel(platform, typed).map_err(|error| ApiError::invalid("channel", sentence(&error)))?)
}

fn sentence(error: &dyn std::fmt::Display) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    letters.next().map(|first| format!("{}{}.", first.to_uppercase(), letters.as_str())).unwrap_or_default()
}
