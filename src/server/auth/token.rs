//! Opaque tokens: 256 random bits for cookies, one-time links and API keys. Only their SHA-256 is stored: they are too
//! long to be guessed, so a slow hash is not needed.

use crate::{domain::key::KEY_PREFIX, server::store::TokenHash};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rand::RngCore;
use sha2::{Digest, Sha256};

/// Characters of a key that are shown again: the prefix and 36 of the 256 bits.
const SHOWN: usize = KEY_PREFIX.len() + 6;

/// A new token: 32 random bytes, base64url.
pub fn new() -> String {
    let mut bytes = [0; 32];
    rand::rng().fill_bytes(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A new API key, `fl_` and a token; and the part of it that may be shown again.
pub fn new_key() -> (String, String) {
    let key = format!("{KEY_PREFIX}{}", new());
    let shown = key[..SHOWN].to_owned();
    (key, shown)
}

/// What is stored of a token.
pub fn hash(token: &str) -> TokenHash {
    TokenHash(hex::encode(Sha256::digest(token.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_long_unlike_and_stored_as_hashes() {
        let (one, two) = (new(), new());
        assert_ne!(one, two);
        assert_eq!(one.len(), 43);
        assert_eq!(hash("abc").0, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn a_key_is_marked_and_shows_no_more_than_its_beginning() {
        let (key, shown) = new_key();
        assert!(key.starts_with(&shown) && shown.starts_with("fl_"));
        assert_eq!((key.len(), shown.len()), (46, 9));
    }
}
