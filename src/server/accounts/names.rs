//! Accounts by what people type as their name: found by today's key or an older one, and never two that look alike.

use super::Accounts;
use crate::{
    api::error::ApiError,
    domain::{
        account::{AccountName, User},
        audit::AuditAction,
    },
    server::{auth::origin::Origin, error::StudioResult},
};

impl Accounts {
    /// The account stored under the first of these keys that has one, with its password's hash.
    pub(in crate::server) async fn by_name(&self, keys: &[String]) -> StudioResult<Option<(User, Option<String>)>> {
        for key in keys {
            if let Some(found) = self.ports.store.user_by_name(key).await? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Refuses a new account's name that people would take for that of another account.
    pub(in crate::server) async fn refuse_similar_name(&self, name: &AccountName) -> StudioResult<()> {
        let similar = self.ports.store.user_names().await?.iter().any(|other| name.reads_like(other));
        if similar {
            let message = "This name is taken, or reads like the name of another account. Choose another one.";
            return Err(ApiError::invalid("name", message).into());
        }
        Ok(())
    }

    /// Writes a failed sign-in to the audit log: with the account's name where there is one, and never with what was typed, which
    /// may be a password in the wrong field.
    pub(super) async fn record_sign_in_attempt(&self, action: AuditAction, known: Option<&User>, origin: &Origin) {
        let subject = known.map_or("a name that no account has", |user| &user.name);
        self.audit.count(action, known.map(|user| &user.id), subject, origin).await;
    }
}
