//! Idempotency keys of callers, checked for both doors: the API takes them as the header `Idempotency-Key`, pages in the body.

use crate::{
    api::error::{ApiError, ErrorCode},
    config::serve::ServeConfig,
    server::{
        error::{StudioError, StudioResult},
        store::Idempotency,
    },
};
use hmac::{Hmac, KeyInit, Mac};
use serde::Serialize;
use sha2::Sha256;

const LONGEST_KEY: usize = 200;

/// A caller's key with the fingerprint of the request.
///
/// # Errors
/// The key is empty or too long.
pub(super) fn idempotency(config: &ServeConfig, key: Option<String>, request: &impl Serialize) -> StudioResult<Option<Idempotency>> {
    let Some(key) = key else { return Ok(None) };
    if !(1..=LONGEST_KEY).contains(&key.chars().count()) || key.chars().any(char::is_control) {
        let message = format!("Idempotency-Key must be 1 to {LONGEST_KEY} plain characters.");
        return Err(ApiError::invalid("Idempotency-Key", message).into());
    }
    let request = serde_json::to_vec(request).map_err(|error| StudioError::Internal(error.to_string()))?;
    // Stream keys are part of the request: without the secret nobody can try out which key fits the fingerprint.
    let mut mac = Hmac::<Sha256>::new_from_slice(config.jwt_secret.expose().as_bytes()).expect("HMAC takes a key of any length");
    mac.update(b"idempotency\n");
    mac.update(&request);
    Ok(Some(Idempotency { key, fingerprint: Some(hex::encode(mac.finalize().into_bytes())) }))
}

/// A key stands for one request.
pub(super) fn key_reused() -> StudioError {
    let message = "This Idempotency-Key was used within 24 hours for another request. Send a new key with another request.";
    StudioError::Refused(ApiError {
        detail: serde_json::json!({ "field": "Idempotency-Key" }),
        ..ApiError::new(ErrorCode::Invalid, message)
    })
}
