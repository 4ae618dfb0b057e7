//! Authorization: a LiveKit access token with `roomRecord`, signed with our key.

use crate::egress::twirp_error::TwirpError;
use axum::http::{HeaderMap, header::AUTHORIZATION};
use jsonwebtoken::{
    Algorithm, DecodingKey, Validation,
    errors::{Error, ErrorKind},
};

/// The caller's clock may differ from this machine's by this much, in seconds.
const LEEWAY_S: u64 = 900;

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
    rules.leeway = LEEWAY_S;
    let key = DecodingKey::from_secret(api_secret.as_bytes());
    let claims = jsonwebtoken::decode::<Claims>(token, &key, &rules).map_err(|error| refused(&error))?.claims;
    if claims.video.room_record { Ok(()) } else { Err(TwirpError::unauthenticated("permissions denied")) }
}

fn refused(error: &Error) -> TwirpError {
    TwirpError::unauthenticated(match error.kind() {
        ErrorKind::ImmatureSignature => {
            "invalid authorization token: it is not valid yet; the clock of this machine is behind the caller's"
        }
        ErrorKind::ExpiredSignature => {
            "invalid authorization token: it has expired; the clock of this machine may be ahead of the caller's"
        }
        _ => "invalid authorization token",
    })
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

    #[test]
    fn a_clock_that_is_ten_minutes_off_is_no_reason_and_one_that_is_an_hour_off_is_named() {
        let secret = "0123456789abcdef0123456789abcdef";
        let now = crate::net::clock::wall().as_millis() / 1000;
        // Signed by a machine whose clock differs by so many seconds, for five minutes.
        let at = |difference: i64| {
            let (nbf, exp) = (now + difference, now + difference + 300);
            let claims = serde_json::json!({ "iss": "key", "nbf": nbf, "exp": exp, "video": { "roomRecord": true } });
            let key = jsonwebtoken::EncodingKey::from_secret(secret.as_bytes());
            let token = jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &key).expect("signed");
            let headers = HeaderMap::from_iter([(AUTHORIZATION, format!("Bearer {token}").parse().expect("plain"))]);
            authorize(&headers, "key", secret).err().map(|error| format!("{error:?}"))
        };
        assert_eq!((at(600), at(-600)), (None, None));
        let (ahead, behind) = (at(3600).expect("refused"), at(-3600).expect("refused"));
        assert!(ahead.contains("not valid yet") && ahead.contains("behind the caller's"), "{ahead}");
        assert!(behind.contains("has expired"), "{behind}");
    }
}
