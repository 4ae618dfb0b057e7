//! A new master key takes over: whatever an older one sealed is sealed again. Every step stands alone, so a rotation that is
//! interrupted goes on where it stood; until it is complete, the old master key must stay configured.

use super::OperatorCommands;
use crate::{
    api::admin_socket::KeyRotation,
    domain::{audit::AuditAction, destination::Platform, ids::DestinationId, session::Owner},
    server::{
        auth::origin::Origin,
        error::{StudioError, StudioResult},
        store::SealedKey,
        vault::VaultError,
    },
};

/// A key that is changed in the very moment of its rotation is looked at again.
const ROUNDS: usize = 5;

impl OperatorCommands {
    /// Seals every stream key, of saved destinations and of sessions, and every credential under the current master key.
    ///
    /// # Errors
    /// The store failed; what was sealed again until then stays so.
    pub async fn rotate_keys(&self) -> StudioResult<KeyRotation> {
        let mut done = KeyRotation::default();
        for _ in 0..ROUNDS {
            let (mut resealed, mut unreadable, mut raced) = (0, 0, false);
            self.rotate_saved(&mut resealed, &mut unreadable, &mut raced).await?;
            self.rotate_sessions(&mut resealed, &mut unreadable, &mut raced).await?;
            self.rotate_credentials(&mut resealed, &mut unreadable, &mut raced).await?;
            done = KeyRotation { resealed: done.resealed + resealed, unreadable };
            if !raced {
                break;
            }
        }
        let words = format!("{} sealed again, {} unreadable", done.resealed, done.unreadable);
        self.audit.record(AuditAction::KeysRotated, None, &words, &Origin::default()).await;
        Ok(done)
    }

    async fn rotate_saved(&self, resealed: &mut usize, unreadable: &mut usize, raced: &mut bool) -> StudioResult<()> {
        for saved in self.ports.store.destinations_sealed_with_other_key(self.ports.vault.current()).await? {
            match self.resealed_key(&saved.owner, &saved.destination.id, &saved.key)? {
                None => *unreadable += 1,
                Some(key) if self.ports.store.reseal_destination(&saved.destination.id, &saved.key, &key).await? => *resealed += 1,
                Some(_) => *raced = true,
            }
        }
        Ok(())
    }

    async fn rotate_sessions(&self, resealed: &mut usize, unreadable: &mut usize, raced: &mut bool) -> StudioResult<()> {
        for id in self.ports.store.sessions_sealed_with_other_key(self.ports.vault.current()).await? {
            let Some(session) = self.ports.store.session(&id).await? else { continue };
            let old = self.ports.store.session_keys(&id).await?;
            let (mut new, mut count) = (old.clone(), 0);
            for (destination, key) in new.iter_mut().filter(|(_, key)| self.ports.vault.needs_rotation(key)) {
                match self.resealed_key(&session.owner, destination, key)? {
                    None => *unreadable += 1,
                    Some(fresh) => {
                        *key = fresh;
                        count += 1;
                    }
                }
            }
            if count == 0 {
                continue;
            }
            if self.ports.store.reseal_session(&id, &old, &new).await? {
                *resealed += count;
            } else {
                *raced = true;
            }
        }
        Ok(())
    }

    async fn rotate_credentials(&self, resealed: &mut usize, unreadable: &mut usize, raced: &mut bool) -> StudioResult<()> {
        for platform in Platform::ALL.into_iter().filter(|platform| platform.tells_viewers()) {
            let sealed = self.ports.store.credential(platform.name()).await?;
            let Some(old) = sealed.filter(|sealed| self.ports.vault.needs_rotation(sealed)) else { continue };
            let Ok(credential) = self.ports.vault.open_credential(platform, &old) else {
                tracing::warn!(service = platform.name(), "its stored credentials do not open under any master key that is configured");
                *unreadable += 1;
                continue;
            };
            let new = self.ports.vault.seal_credential(platform, &credential).map_err(|error| StudioError::Internal(error.to_string()))?;
            if self.ports.store.reseal_credential(platform.name(), &old, &new).await? {
                *resealed += 1;
            } else {
                *raced = true;
            }
        }
        Ok(())
    }

    /// `None` if no configured master key opens it.
    fn resealed_key(&self, owner: &Owner, destination: &DestinationId, key: &SealedKey) -> StudioResult<Option<SealedKey>> {
        match self.ports.vault.open(owner, destination, key) {
            Ok(opened) => {
                let sealed = self.ports.vault.seal(owner, destination, &opened);
                sealed.map(Some).map_err(|error| StudioError::Internal(error.to_string()))
            }
            Err(VaultError::UnknownMasterKey | VaultError::NotAuthentic | VaultError::MalformedText) => {
                tracing::warn!(%destination, "a stored stream key does not open under any master key that is configured");
                Ok(None)
            }
            Err(error) => Err(StudioError::Internal(error.to_string())),
        }
    }
}
