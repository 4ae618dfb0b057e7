//! Overlay tokens: the only ones that may stand in an address. One session, one egress generation, one purpose, 24 hours;
//! stored by id, so that they can be revoked.

use crate::domain::{
    ids::{Generation, SessionId},
    session::{Session, StreamType},
    timestamp::Timestamp,
};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

const PURPOSE: &str = "overlay";
const TTL_S: i64 = 24 * 3600;

/// What an overlay token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OverlayClaims {
    /// The one session it opens.
    pub session_id: SessionId,
    /// With a host, or data only.
    pub stream_type: StreamType,
    /// Whose session: `user:…` or `agent:…`.
    pub entity_id: String,
    /// Always `overlay`.
    pub purpose: String,
    /// The egress it was made for.
    pub generation: Generation,
    pub jti: String,
    /// Seconds since the epoch.
    pub iat: i64,
    /// Seconds since the epoch.
    pub exp: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OverlayTokenRefused {
    /// Not signed by us, not HS256, or not a token at all.
    #[error("it is not one of ours")]
    Forged,
    #[error("it has expired")]
    Expired,
    /// Made for something else.
    #[error("it is for another purpose")]
    Purpose,
}

/// A token for one egress of a session.
///
/// # Errors
/// The signer refused.
pub fn mint(
    session: &Session,
    generation: Generation,
    secret: &str,
    now: Timestamp,
) -> Result<(String, OverlayClaims), jsonwebtoken::errors::Error> {
    let iat = now.as_millis() / 1000;
    let claims = OverlayClaims {
        session_id: session.id.clone(),
        stream_type: session.stream_type,
        entity_id: session.owner.to_string(),
        purpose: PURPOSE.to_owned(),
        generation,
        jti: ulid::Ulid::new().to_string().to_lowercase(),
        iat,
        exp: iat + TTL_S,
    };
    let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &EncodingKey::from_secret(secret.as_bytes()))?;
    Ok((token, claims))
}

/// What a token says, if it is valid now. Whether it was revoked, the store knows.
///
/// # Errors
/// Forged, expired, or of another purpose.
pub fn verify(token: &str, secret: &str, now: Timestamp) -> Result<OverlayClaims, OverlayTokenRefused> {
    let mut validation = Validation::new(Algorithm::HS256);
    // Expiry is checked below, against the studio's own clock.
    validation.validate_exp = false;
    validation.required_spec_claims.clear();
    let decoded = jsonwebtoken::decode::<OverlayClaims>(token, &DecodingKey::from_secret(secret.as_bytes()), &validation);
    let claims = decoded.map_err(|_| OverlayTokenRefused::Forged)?.claims;
    if claims.purpose != PURPOSE {
        return Err(OverlayTokenRefused::Purpose);
    }
    if claims.exp <= now.as_millis() / 1000 {
        return Err(OverlayTokenRefused::Expired);
    }
    Ok(claims)
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

    const SECRET: &str = "a secret that is long enough to sign";
    const NOW: Timestamp = Timestamp::from_millis(1_795_421_948_792);

    fn claims() -> OverlayClaims {
        let iat = NOW.as_millis() / 1000;
        OverlayClaims {
            session_id: "s1".parse().expect("an id"),
            stream_type: StreamType::User,
            entity_id: "user:u1".into(),
            purpose: PURPOSE.into(),
            generation: Generation::FIRST,
            jti: "j1".into(),
            iat,
            exp: iat + TTL_S,
        }
    }
    fn signed(claims: &OverlayClaims, algorithm: Algorithm, secret: &str) -> String {
        jsonwebtoken::encode(&Header::new(algorithm), claims, &EncodingKey::from_secret(secret.as_bytes())).expect("signed")
    }

    #[test]
    fn only_our_own_fresh_overlay_tokens_open() {
        let good = signed(&claims(), Algorithm::HS256, SECRET);
        assert_eq!(verify(&good, SECRET, NOW), Ok(claims()));
        let body = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&claims()).expect("json"));
        let unsigned = format!("{}.{body}.", URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#));
        let other = OverlayClaims { purpose: "sign-in".into(), ..claims() };
        let cases = [
            (unsigned, NOW, OverlayTokenRefused::Forged),
            (good[..good.len() - 2].to_owned(), NOW, OverlayTokenRefused::Forged),
            (String::new(), NOW, OverlayTokenRefused::Forged),
            (signed(&claims(), Algorithm::HS384, SECRET), NOW, OverlayTokenRefused::Forged),
            (signed(&claims(), Algorithm::HS256, "another secret of ours"), NOW, OverlayTokenRefused::Forged),
            (signed(&other, Algorithm::HS256, SECRET), NOW, OverlayTokenRefused::Purpose),
            (good, NOW.plus_millis(TTL_S * 1000), OverlayTokenRefused::Expired),
        ];
        for (number, (token, now, expected)) in cases.into_iter().enumerate() {
            assert_eq!(verify(&token, SECRET, now), Err(expected), "case {number}");
        }
    }
}
