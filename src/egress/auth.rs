//! Authorization: a LiveKit access token with `roomRecord`, signed with our key.

use crate::egress::twirp_error::TwirpError;
use axum::http::{HeaderMap, header::AUTHORIZATION};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};

#[derive(serde::Deserialize)]
struct Claims {
    #[serde(default)]
    video: Grants,
}

#[derive(serde::Deserialize, Default)]
struct Grants {
    #[serde(default, rename = "roomRecord")]
    room_record: bool,
}

/// Checks the bearer token.
///
/// # Errors
/// [`TwirpError::unauthenticated`] if the token is missing, foreign, expired or without the grant.
pub fn authorize(headers: &HeaderMap, api_key: &str, api_secret: &str) -> Result<(), TwirpError> {
    let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = header.and_then(|value| value.strip_prefix("Bearer ")).ok_or_else(|| TwirpError::unauthenticated("permissions denied"))?;
    let mut rules = Validation::new(Algorithm::HS256);
    rules.set_issuer(&[api_key]);
    rules.set_required_spec_claims(&["exp", "iss"]);
    rules.validate_nbf = true;
    rules.validate_aud = false;
    rules.leeway = 10;
    let key = DecodingKey::from_secret(api_secret.as_bytes());
    let claims =
        jsonwebtoken::decode::<Claims>(token, &key, &rules).map_err(|_| TwirpError::unauthenticated("invalid authorization token"))?.claims;
    if claims.video.room_record { Ok(()) } else { Err(TwirpError::unauthenticated("permissions denied")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use livekit_api::access_token::{AccessToken, VideoGrants};

    fn bearer(secret: &str, room_record: bool) -> HeaderMap {
        let token = AccessToken::with_api_key("key", secret)
            .with_grants(VideoGrants { room_record, ..Default::default() })
            .to_jwt()
            .expect("a token");
        HeaderMap::from_iter([(AUTHORIZATION, format!("Bearer {token}").parse().expect("plain"))])
    }

    #[test]
    fn auth_needs_a_token_with_the_record_grant() {
        let secret = "0123456789abcdef0123456789abcdef";
        assert!(authorize(&bearer(secret, true), "key", secret).is_ok());
        for (case, headers) in [
            ("no grant", bearer(secret, false)),
            ("foreign secret", bearer("another-secret-another-secret-00", true)),
            ("no token", HeaderMap::new()),
        ] {
            assert_eq!(authorize(&headers, "key", secret).expect_err(case).code(), "unauthenticated", "{case}");
        }
        assert!(authorize(&bearer(secret, true), "other", secret).is_err(), "foreign key");
    }
}
