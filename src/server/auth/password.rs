//! Password hashes: argon2id, on blocking threads, a few at once.

use crate::{
    api::error::{ApiError, ErrorCode},
    server::work_limit::WorkLimit,
};
use argon2::{
    Argon2, PasswordHash, PasswordHasher, PasswordVerifier,
    password_hash::{SaltString, rand_core::OsRng},
};
use std::sync::LazyLock;

/// Each takes 19 MiB and a processor: as many at once as there are processors, and as many waiting as are through in a few seconds.
static HASHING: LazyLock<WorkLimit> =
    LazyLock::new(|| WorkLimit::new("Sign-in", std::thread::available_parallelism().map_or(2, usize::from), 64));

/// Verified for unknown names, so that they take as long as wrong passwords.
static DUMMY_HASH: LazyLock<String> = LazyLock::new(|| hash_now("nobody has this password").unwrap_or_default());

/// Hashes a password: argon2id, 19 MiB, 2 passes, 1 lane (OWASP's recommendation, the crate's default), as a PHC string.
///
/// # Errors
/// Too many passwords are being hashed (503), or the hasher refused (500).
pub async fn hash(password: String) -> Result<String, ApiError> {
    let permit = HASHING.enter().await?;
    let hash = move || {
        let hash = hash_now(&password);
        drop(permit);
        hash
    };
    let hash = tokio::task::spawn_blocking(hash).await.unwrap_or(Err(argon2::password_hash::Error::Crypto));
    hash.map_err(|error| ApiError::new(ErrorCode::Internal, format!("The password could not be hashed: {error}.")))
}

/// Whether the password is the one behind the hash. Without a hash the answer is no, after the same time.
///
/// # Errors
/// Too many passwords are being hashed: 503.
pub async fn verify(hash: Option<String>, password: String) -> Result<bool, ApiError> {
    let permit = HASHING.enter().await?;
    let verify = move || {
        // Until the work is over, whether its caller still waits or not.
        let _permit = permit;
        let known = hash.is_some();
        let text = hash.unwrap_or_else(|| DUMMY_HASH.clone());
        let matches = PasswordHash::new(&text).is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok());
        known && matches
    };
    Ok(tokio::task::spawn_blocking(verify).await.unwrap_or(false))
}

fn hash_now(password: &str) -> Result<String, argon2::password_hash::Error> {
    let salt = SaltString::generate(&mut OsRng);
    Ok(Argon2::default().hash_password(password.as_bytes(), &salt)?.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_matches_and_nobody_matches_none() {
        let stored = hash("correct horse".into()).await.expect("hashed");
        assert!(stored.starts_with("$argon2id$"));
        let verified = async |hash: Option<&str>, password: &str| verify(hash.map(str::to_owned), password.to_owned()).await.expect("room");
        assert!(verified(Some(&stored), "correct horse").await);
        assert!(!verified(Some(&stored), "wrong horse").await);
        assert!(!verified(None, "nobody has this password").await);
        assert!(!verified(Some("not a hash"), "anything").await);
    }
}
