//! Idempotency keys: what a caller sends with a call that creates something, so that it may be sent again.

use crate::domain::{session::Owner, timestamp::Timestamp};

/// A call repeated with its key within this long is the same call.
pub const IDEMPOTENT_FOR_MS: i64 = 24 * 3600 * 1000;

/// A caller's key, and what the call asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idempotency {
    pub key: String,
    /// Equal for equal requests; `None` fits every request. It reveals nothing of them.
    pub fingerprint: Option<String>,
}

impl Idempotency {
    /// Whether an earlier call with the same key asked for the same.
    pub fn fits(&self, earlier: Option<&str>) -> bool {
        match (self.fingerprint.as_deref(), earlier) {
            (Some(own), Some(earlier)) => own == earlier,
            _ => true,
        }
    }
}

/// The answer to a call with an idempotency key, stored in the transaction that carried the call out.
#[derive(Debug, Clone, PartialEq)]
pub struct RememberedCall {
    /// Whose key it is.
    pub owner: Owner,
    /// The call's name and the key.
    pub key: String,
    pub fingerprint: String,
    pub at: Timestamp,
    pub answer: serde_json::Value,
}
