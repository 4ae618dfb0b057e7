//! Overlay tokens: ours says what it was made with, and no other text opens anything.

use super::{inputs::stored, runner::run};
use footlight::{
    domain::timestamp::Timestamp,
    server::auth::overlay::{OverlayClaims, OverlayTokenRefused, verify},
};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use std::collections::BTreeSet;

const SECRET: &str = "a secret that is long enough to sign";
const NOW: Timestamp = Timestamp::from_millis(1_795_421_948_792);

/// The stored tokens that are valid now, by the names of their files.
fn ours() -> BTreeSet<String> {
    let cases = stored("overlay_tokens").into_iter().filter(|case| case.name.starts_with("ours"));
    cases.map(|case| String::from_utf8(case.bytes()).expect("a token is text")).collect()
}

#[test]
fn altered_tokens() {
    let ours = ours();
    assert!(!ours.is_empty());
    for token in &ours {
        let claims = verify(token, SECRET, NOW).expect("ours");
        assert_eq!((claims.purpose.as_str(), claims.session_id.as_str()), ("overlay", "s1"));
    }
    run("overlay_tokens", 60_000, |input| {
        let text = String::from_utf8_lossy(input).into_owned();
        let opened = verify(&text, SECRET, NOW);
        assert_eq!(opened.is_ok(), ours.contains(&text), "{opened:?}");
        assert_eq!(verify(&text, "another secret of ours that can sign", NOW), Err(OverlayTokenRefused::Forged));
    });
}

/// Claims as JSON, signed with our own secret: what does not say everything opens nothing.
#[test]
fn signed_claims() {
    run("overlay_claims", 60_000, |input| {
        let Ok(claims) = serde_json::from_slice::<serde_json::Value>(input) else { return };
        let key = EncodingKey::from_secret(SECRET.as_bytes());
        let token = encode(&Header::new(Algorithm::HS256), &claims, &key).expect("signed");
        match verify(&token, SECRET, NOW) {
            Ok(read) => {
                assert_eq!((read.purpose.as_str(), read.exp > NOW.as_millis() / 1000), ("overlay", true));
                let again = encode(&Header::new(Algorithm::HS256), &read, &key).expect("signed");
                assert_eq!(verify(&again, SECRET, NOW), Ok(read.clone()));
                if let Some(end) = read.exp.checked_mul(1000) {
                    assert_eq!(verify(&token, SECRET, Timestamp::from_millis(end)), Err(OverlayTokenRefused::Expired));
                }
            }
            // One for somebody else is not ours either.
            Err(OverlayTokenRefused::Forged) => {
                assert!(claims.get("aud").is_some() || serde_json::from_value::<OverlayClaims>(claims.clone()).is_err());
            }
            Err(OverlayTokenRefused::Purpose) => assert_ne!(claims["purpose"], "overlay"),
            Err(OverlayTokenRefused::Expired) => assert!(claims["exp"].as_i64().is_some_and(|exp| exp <= NOW.as_millis() / 1000)),
        }
        let other = encode(&Header::new(Algorithm::HS512), &claims, &key).expect("signed");
        assert_eq!(verify(&other, SECRET, NOW), Err(OverlayTokenRefused::Forged), "another algorithm");
    });
}
