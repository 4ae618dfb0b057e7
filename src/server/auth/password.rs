//! Password hashes: argon2id, on blocking threads.

use argon2::{
    Argon2, PasswordHash, PasswordHasher, PasswordVerifier,
    password_hash::{SaltString, rand_core::OsRng},
};
use std::sync::LazyLock;

/// Verified for unknown names, so that they take as long as wrong passwords.
static DUMMY_HASH: LazyLock<String> = LazyLock::new(|| hash_now("nobody has this password").unwrap_or_default());

/// Hashes a password: argon2id, 19 MiB, 2 passes, 1 lane (OWASP's recommendation, the crate's default), as a PHC string.
///
/// # Errors
/// The hasher refused.
pub async fn hash(password: String) -> Result<String, argon2::password_hash::Error> {
    tokio::task::spawn_blocking(move || hash_now(&password)).await.unwrap_or(Err(argon2::password_hash::Error::Crypto))
}

/// Whether the password is the one behind the hash. Without a hash the answer is no, after the same time.
pub async fn verify(hash: Option<String>, password: String) -> bool {
    let verify = move || {
        let known = hash.is_some();
        let text = hash.unwrap_or_else(|| DUMMY_HASH.clone());
        let matches = PasswordHash::new(&text).is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok());
        known && matches
    };
    tokio::task::spawn_blocking(verify).await.unwrap_or(false)
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
        assert!(verify(Some(stored.clone()), "correct horse".into()).await);
        assert!(!verify(Some(stored), "wrong horse".into()).await);
        assert!(!verify(None, "nobody has this password".into()).await);
        assert!(!verify(Some("not a hash".into()), "anything".into()).await);
    }
}
