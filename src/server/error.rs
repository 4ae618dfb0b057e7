//! Errors of use cases. Sources are kept for the log and never shown; callers get `ApiError`.

use super::{livekit::LiveKitError, relay::RelayError, store::StoreError};
use crate::api::error::{ApiError, ErrorCode};

/// Why a use case failed.
#[derive(Debug, thiserror::Error)]
pub enum StudioError {
    /// A rule was broken; the caller sees which.
    #[error("{0}")]
    Refused(ApiError),
    #[error("the store failed")]
    Store(#[from] StoreError),
    #[error("LiveKit failed")]
    LiveKit(#[from] LiveKitError),
    #[error("the relay failed")]
    Relay(#[from] RelayError),
    /// An internal failure that should not happen.
    #[error("internal failure: {0}")]
    Internal(String),
}

/// The result of every use case.
pub type StudioResult<T> = Result<T, StudioError>;

impl StudioError {
    /// A refusal without details.
    pub fn refused(code: ErrorCode, message: impl Into<String>) -> Self {
        Self::Refused(ApiError::new(code, message))
    }

    /// Missing, or somebody else's: both give the same error.
    pub fn not_found(what: &str) -> Self {
        Self::refused(ErrorCode::NotFound, format!("There is no such {what}."))
    }

    /// The code used in metrics.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Refused(_) => "refused",
            Self::Store(_) => "store_failed",
            Self::LiveKit(_) => "livekit_failed",
            Self::Relay(_) => "relay_failed",
            Self::Internal(_) => "internal",
        }
    }

    /// The error for the caller. Logs the details that the caller does not see.
    pub fn into_api_error(self) -> ApiError {
        let (code, message) = match &self {
            Self::Refused(error) => return error.clone(),
            Self::Store(StoreError::Stale) => (ErrorCode::Conflict, "Somebody else changed it at the same moment. Try again."),
            Self::Store(StoreError::ActiveSession(_)) => (ErrorCode::Conflict, "Another stream is running. End it first."),
            Self::Store(StoreError::Starting) => (ErrorCode::Conflict, "Another start is under way. Wait until it is answered."),
            Self::Store(StoreError::TooMany(_)) => (ErrorCode::Conflict, "There are as many as there may be. Remove one first."),
            Self::Store(StoreError::Missing) => (ErrorCode::NotFound, "It is not there."),
            Self::Store(_) | Self::Internal(_) => (ErrorCode::Internal, "Something went wrong in the studio. Try again."),
            Self::LiveKit(LiveKitError::NoSlot) => (ErrorCode::Unavailable, "No slot is free: every slot is used by another stream."),
            Self::LiveKit(LiveKitError::OtherTime(sentence)) => (ErrorCode::Unavailable, sentence.as_str()),
            Self::LiveKit(_) => (ErrorCode::Unavailable, "The media server does not answer. Try again in a moment."),
            Self::Relay(_) => (ErrorCode::Unavailable, "The relay does not answer. Try again in a moment."),
        };
        tracing::error!(error = %chain(&self), "a use case failed");
        ApiError::new(code, message)
    }
}

impl From<ApiError> for StudioError {
    fn from(error: ApiError) -> Self {
        Self::Refused(error)
    }
}

/// An error with its sources, for the log.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        source = inner.source();
    }
    text
}
