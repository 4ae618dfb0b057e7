//! LiveKit's webhook signature over the raw body: made as LiveKit does, and checked. The library's own receiver refuses a whole event when it meets an
//! enum value it does not know, so the body stays plain JSON here.

use crate::domain::timestamp::Timestamp;
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Clocks of two machines may differ by this much, in seconds: minutes happen, and a webhook that comes twice counts once.
const LEEWAY_S: i64 = 900;

/// Why a webhook is not LiveKit's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WebhookRefused {
    /// No token, another algorithm, another key, another issuer.
    #[error("the signature is not valid")]
    Forged,
    /// Too old, or not valid yet.
    #[error("the signature has expired")]
    Expired,
    /// The token was made for another body.
    #[error("the body is not the one that was signed")]
    OtherBody,
    /// Signed, and not JSON.
    #[error("the body is not JSON")]
    Malformed,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    exp: i64,
    #[serde(default)]
    nbf: i64,
    #[serde(default)]
    iat: i64,
    sha256: String,
}

/// The event, if LiveKit sent it: HS256 by the API secret, issuer = API key, not expired, and the SHA-256 of exactly this body.
/// `authorization` is the header's value, which carries no `Bearer`.
///
/// # Errors
/// See [`WebhookRefused`].
pub fn verify(
    authorization: &str,
    body: &[u8],
    api_key: &str,
    api_secret: &str,
    now: Timestamp,
) -> Result<serde_json::Value, WebhookRefused> {
    let mut validation = Validation::new(Algorithm::HS256);
    // Times are checked below, against the studio's own clock.
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.required_spec_claims.clear();
    let token = authorization.strip_prefix("Bearer ").unwrap_or(authorization).trim();
    let key = DecodingKey::from_secret(api_secret.as_bytes());
    let claims = jsonwebtoken::decode::<Claims>(token, &key, &validation).map_err(|_| WebhookRefused::Forged)?.claims;
    if claims.iss != api_key {
        return Err(WebhookRefused::Forged);
    }
    let seconds = now.as_millis() / 1000;
    if claims.exp.saturating_add(LEEWAY_S) < seconds || claims.nbf.saturating_sub(LEEWAY_S) > seconds {
        return Err(WebhookRefused::Expired);
    }
    let signed = STANDARD.decode(claims.sha256.as_bytes()).map_err(|_| WebhookRefused::Forged)?;
    if !bool::from(signed.ct_eq(Sha256::digest(body).as_slice())) {
        return Err(WebhookRefused::OtherBody);
    }
    serde_json::from_slice(body).map_err(|_| WebhookRefused::Malformed)
}

/// When a header says that it was signed, by the sender's clock. Whether the sender is LiveKit, only [`verify`] knows.
pub fn signed_at(authorization: &str) -> Option<Timestamp> {
    let token = authorization.strip_prefix("Bearer ").unwrap_or(authorization).trim();
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let seconds = serde_json::from_slice::<Claims>(&claims).ok()?.nbf;
    (seconds > 0).then_some(Timestamp::from_millis(seconds.checked_mul(1000)?))
}

/// The header with which [`verify`] accepts this body for the next five minutes: for webhooks to ourselves.
///
/// # Errors
/// The secret cannot sign.
pub fn sign(body: &[u8], api_key: &str, api_secret: &str, now: Timestamp) -> Result<String, jsonwebtoken::errors::Error> {
    let now = now.as_millis() / 1000;
    let claims = Claims { iss: api_key.to_owned(), exp: now + 300, nbf: now, iat: now, sha256: STANDARD.encode(Sha256::digest(body)) };
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &EncodingKey::from_secret(api_secret.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "devkey";
    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Recorded {
        received_at: f64,
        authorization: String,
        body: String,
    }

    fn recorded() -> Vec<Recorded> {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tests/fixtures/livekit");
        let mut all = Vec::new();
        for entry in std::fs::read_dir(folder).expect("the recorded webhooks") {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|ending| ending == "json") {
                let text = std::fs::read_to_string(&path).expect("readable");
                all.extend(serde_json::from_str::<Vec<Recorded>>(&text).expect("recorded deliveries"));
            }
        }
        assert!(all.len() > 20, "only {} deliveries", all.len());
        all
    }

    #[expect(clippy::cast_possible_truncation, reason = "a date of this century")]
    fn at(recorded: &Recorded) -> Timestamp {
        Timestamp::from_millis((recorded.received_at * 1000.0) as i64)
    }

    #[test]
    fn recorded_webhooks_of_livekit_are_accepted() {
        for delivery in recorded() {
            let event = verify(&delivery.authorization, delivery.body.as_bytes(), KEY, SECRET, at(&delivery)).expect("LiveKit's own");
            assert!(event["event"].is_string(), "{event}");
        }
    }

    #[test]
    fn webhooks_of_a_clock_that_is_ten_minutes_off_are_accepted() {
        for delivery in recorded() {
            for step in [-10 * 60_000, 10 * 60_000] {
                let now = at(&delivery).plus_millis(step);
                assert!(verify(&delivery.authorization, delivery.body.as_bytes(), KEY, SECRET, now).is_ok(), "{step}");
                let signed = signed_at(&delivery.authorization).expect("a time");
                assert!(now.plus_millis(-step).as_millis().abs_diff(signed.as_millis()) < 300_000, "{signed:?}");
            }
        }
        for text in ["", "a.b.c", "..", "Bearer"] {
            assert_eq!(signed_at(text), None, "{text}");
        }
    }

    #[test]
    fn altered_recorded_webhooks_are_refused() {
        for delivery in recorded() {
            let (token, body, now) = (delivery.authorization.as_str(), delivery.body.as_bytes(), at(&delivery));
            let mut changed = body.to_vec();
            changed[10] ^= 1;
            assert_eq!(verify(token, &changed, KEY, SECRET, now), Err(WebhookRefused::OtherBody));
            assert_eq!(verify(token, body, "other", SECRET, now), Err(WebhookRefused::Forged));
            assert_eq!(verify(token, body, KEY, "another secret of thirty-two char", now), Err(WebhookRefused::Forged));
            assert_eq!(verify("", body, KEY, SECRET, now), Err(WebhookRefused::Forged));
            assert_eq!(verify(token, body, KEY, SECRET, now.plus_millis(30 * 60_000)), Err(WebhookRefused::Expired));
            assert_eq!(verify(token, body, KEY, SECRET, now.plus_millis(-30 * 60_000)), Err(WebhookRefused::Expired));
        }
    }

    #[test]
    fn times_at_the_ends_of_the_range_are_compared() {
        let key = EncodingKey::from_secret(SECRET.as_bytes());
        let now = Timestamp::from_millis(1_795_421_948_792);
        for (exp, nbf, expected) in [
            (i64::MAX, i64::MIN, Ok(serde_json::json!({}))),
            (i64::MIN, i64::MIN, Err(WebhookRefused::Expired)),
            (i64::MAX, i64::MAX, Err(WebhookRefused::Expired)),
        ] {
            let claims = Claims { iss: KEY.into(), exp, nbf, iat: 0, sha256: STANDARD.encode(Sha256::digest(b"{}")) };
            let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key).expect("signed");
            assert_eq!(verify(&token, b"{}", KEY, SECRET, now), expected, "{exp} {nbf}");
        }
    }
}
