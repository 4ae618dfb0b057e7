//! AES-256-GCM over stream keys and over the credentials that this studio has at other services. A sealed value
//! opens only for the owner and destination, or for the service, it was sealed for.

use super::{store::SealedKey, viewers::Credential};
use crate::domain::{
    destination::{Platform, StreamKey},
    ids::DestinationId,
    session::Owner,
};
use aes_gcm::{
    Aes256Gcm, KeyInit,
    aead::{Aead, Payload},
};
use rand::RngCore;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

const IV_BYTES: usize = 12;
const TAG_BYTES: usize = 16;

/// Why a key could not be sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// Not 64 hexadecimal digits.
    #[error("a master key is 64 hexadecimal digits")]
    MalformedMasterKey,
    /// Not `iv:authTag:encrypted`.
    #[error("the sealed text is malformed")]
    MalformedText,
    /// Sealed under a master key that is not configured.
    #[error("the master key it was sealed with is not configured")]
    UnknownMasterKey,
    /// Changed, or sealed for another owner or destination.
    #[error("the sealed text was changed, or belongs to another destination")]
    NotAuthentic,
}

/// Seals under the current master key; opens under it and the old ones.
pub struct Vault {
    keys: Vec<MasterKey>,
}

struct MasterKey {
    id: String,
    cipher: Aes256Gcm,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Vault({} master keys)", self.keys.len())
    }
}

/// Reads a master key from its 64 hexadecimal digits.
///
/// # Errors
/// It is not one.
pub fn parse_master_key(text: &str) -> Result<[u8; 32], VaultError> {
    let mut key = [0; 32];
    hex::decode_to_slice(text.trim(), &mut key).map_err(|_| VaultError::MalformedMasterKey)?;
    Ok(key)
}

impl MasterKey {
    fn new(key: [u8; 32]) -> Self {
        let key = Zeroizing::new(key);
        let mut named = Sha256::new();
        named.update(b"footlight master key id\n");
        named.update(key.as_slice());
        Self { id: hex::encode(&named.finalize()[..4]), cipher: Aes256Gcm::new(&(*key).into()) }
    }
}

impl Vault {
    /// A vault that seals under `current` and still opens what `old` ones sealed.
    pub fn new(current: [u8; 32], old: Vec<[u8; 32]>) -> Self {
        Self { keys: std::iter::once(current).chain(old).map(MasterKey::new).collect() }
    }

    /// Seals a stream key for one owner's destination.
    ///
    /// # Errors
    /// The cipher refused (it takes any key of less than 64 GB).
    pub fn seal(&self, owner: &Owner, destination: &DestinationId, key: &StreamKey) -> Result<SealedKey, VaultError> {
        self.encrypt(&of_destination(owner, destination), key.expose())
    }

    /// Opens a stream key.
    ///
    /// # Errors
    /// Malformed, changed, another destination's, or sealed under a master key that is not configured.
    pub fn open(&self, owner: &Owner, destination: &DestinationId, sealed: &SealedKey) -> Result<StreamKey, VaultError> {
        self.decrypt(&of_destination(owner, destination), sealed).map(StreamKey::new)
    }

    /// Seals the credential for a platform's service.
    ///
    /// # Errors
    /// As for a stream key.
    pub fn seal_credential(&self, platform: Platform, credential: &Credential) -> Result<SealedKey, VaultError> {
        let text = serde_json::to_string(credential).map_err(|_| VaultError::MalformedText)?;
        self.encrypt(&of_service(platform), &text)
    }

    /// Opens the credential for a platform's service.
    ///
    /// # Errors
    /// As for a stream key.
    pub fn open_credential(&self, platform: Platform, sealed: &SealedKey) -> Result<Credential, VaultError> {
        let text = self.decrypt(&of_service(platform), sealed)?;
        serde_json::from_str(&text).map_err(|_| VaultError::MalformedText)
    }

    fn encrypt(&self, associated: &str, text: &str) -> Result<SealedKey, VaultError> {
        let current = &self.keys[0];
        let mut iv = [0; IV_BYTES];
        rand::rng().fill_bytes(&mut iv);
        let sealed = current.cipher.encrypt(&iv.into(), Payload { msg: text.as_bytes(), aad: associated.as_bytes() });
        let sealed = sealed.map_err(|_| VaultError::NotAuthentic)?;
        let (encrypted, tag) = sealed.split_at(sealed.len() - TAG_BYTES);
        let text = format!("{}:{}:{}", hex::encode(iv), hex::encode(tag), hex::encode(encrypted));
        Ok(SealedKey { key_id: current.id.clone(), text })
    }

    fn decrypt(&self, associated: &str, sealed: &SealedKey) -> Result<String, VaultError> {
        let master = self.keys.iter().find(|key| key.id == sealed.key_id).ok_or(VaultError::UnknownMasterKey)?;
        let mut parts = sealed.text.split(':').map(|part| hex::decode(part).map_err(|_| VaultError::MalformedText));
        let (Some(iv), Some(tag), Some(encrypted), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
            return Err(VaultError::MalformedText);
        };
        let iv: [u8; IV_BYTES] = iv?.try_into().map_err(|_| VaultError::MalformedText)?;
        let (tag, mut message) = (tag?, encrypted?);
        if tag.len() != TAG_BYTES {
            return Err(VaultError::MalformedText);
        }
        message.extend(tag);
        let payload = Payload { msg: &message, aad: associated.as_bytes() };
        let opened = master.cipher.decrypt(&iv.into(), payload).map_err(|_| VaultError::NotAuthentic)?;
        String::from_utf8(opened).map_err(|_| VaultError::NotAuthentic)
    }

    /// The id of the current master key; it does not reveal the key.
    pub fn current(&self) -> &str {
        &self.keys[0].id
    }

    /// Whether it opens what the master key with this id sealed.
    pub fn knows(&self, key_id: &str) -> bool {
        self.keys.iter().any(|key| key.id == key_id)
    }

    /// Whether it should be sealed again under the current master key.
    pub fn needs_rotation(&self, sealed: &SealedKey) -> bool {
        sealed.key_id != self.keys[0].id
    }
}

fn of_destination(owner: &Owner, destination: &DestinationId) -> String {
    format!("{owner}\n{destination}")
}

/// No owner's: theirs begin with `user:` or `agent:`.
fn of_service(platform: Platform) -> String {
    format!("service\n{}", platform.name())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn owner(id: &str) -> Owner {
        Owner::User(id.parse().expect("an id"))
    }
    fn place(id: &str) -> DestinationId {
        id.parse().expect("an id")
    }
    fn key() -> StreamKey {
        StreamKey::new("live_123_secret6f2a".into())
    }

    #[test]
    fn a_sealed_key_opens_only_for_its_destination() {
        let vault = Vault::new([1; 32], Vec::new());
        let sealed = vault.seal(&owner("u1"), &place("d1"), &key()).expect("sealed");
        assert_eq!(vault.open(&owner("u1"), &place("d1"), &sealed), Ok(key()));
        assert_eq!(vault.open(&owner("u2"), &place("d1"), &sealed), Err(VaultError::NotAuthentic));
        assert_eq!(vault.open(&owner("u1"), &place("d2"), &sealed), Err(VaultError::NotAuthentic));
    }

    #[test]
    fn sealed_text_is_iv_tag_cipher_and_never_repeats() {
        let vault = Vault::new([1; 32], Vec::new());
        let seal = || vault.seal(&owner("u1"), &place("d1"), &key()).expect("sealed").text;
        let lengths: Vec<_> = seal().split(':').map(str::len).collect();
        assert_eq!(lengths, [24, 32, key().expose().len() * 2]);
        assert_ne!(seal(), seal());
    }

    #[test]
    fn a_changed_text_is_refused() {
        let vault = Vault::new([1; 32], Vec::new());
        let sealed = vault.seal(&owner("u1"), &place("d1"), &key()).expect("sealed");
        for position in 0..sealed.text.len() {
            let mut bytes = sealed.text.clone().into_bytes();
            bytes[position] = if bytes[position] == b'0' { b'1' } else { b'0' };
            let changed = SealedKey { text: String::from_utf8(bytes).expect("ascii"), ..sealed.clone() };
            assert!(vault.open(&owner("u1"), &place("d1"), &changed).is_err(), "position {position}");
        }
    }

    #[test]
    fn an_old_master_key_opens_and_needs_rotation() {
        let old = Vault::new([1; 32], Vec::new()).seal(&owner("u1"), &place("d1"), &key()).expect("sealed");
        let vault = Vault::new([2; 32], vec![[1; 32]]);
        assert_eq!(vault.open(&owner("u1"), &place("d1"), &old), Ok(key()));
        assert!(vault.needs_rotation(&old));
        assert!(!vault.needs_rotation(&vault.seal(&owner("u1"), &place("d1"), &key()).expect("sealed")));
        assert_eq!(Vault::new([2; 32], Vec::new()).open(&owner("u1"), &place("d1"), &old), Err(VaultError::UnknownMasterKey));
    }

    #[test]
    fn a_services_credential_opens_for_it_alone() {
        let vault = Vault::new([1; 32], Vec::new());
        let credential = Credential { id: "app".into(), secret: "canary".into() };
        let sealed = vault.seal_credential(Platform::Twitch, &credential).expect("sealed");
        assert_eq!(vault.open_credential(Platform::Twitch, &sealed), Ok(credential.clone()));
        assert_eq!(vault.open_credential(Platform::Youtube, &sealed), Err(VaultError::NotAuthentic));
        assert_eq!(vault.open(&owner("service"), &place("twitch"), &sealed), Err(VaultError::NotAuthentic));
        assert!(!format!("{credential:?} {sealed:?}").contains("canary"));
    }

    proptest! {
        #[test]
        fn no_text_makes_the_vault_panic(text in "\\PC*") {
            let vault = Vault::new([1; 32], Vec::new());
            let key_id = vault.seal(&owner("u1"), &place("d1"), &key()).expect("sealed").key_id;
            let sealed = SealedKey { key_id, text };
            prop_assert!(vault.open(&owner("u1"), &place("d1"), &sealed).is_err());
        }
    }
}
