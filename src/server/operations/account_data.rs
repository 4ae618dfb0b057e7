//! What belongs to an account: handed out whole, and deleted whole.

mod export;

use super::require_admin;
use crate::{
    api::error::ErrorCode,
    domain::{
        audit::AuditAction,
        ids::UserId,
        session::{Actor, EndReason, Outcome},
    },
    server::{
        accounts::{Accounts, api_keys::ApiKeys, audit::AuditLog},
        auth::{caller::Caller, origin::Origin},
        error::{StudioError, StudioResult, chain},
        ports::Ports,
        reconcile::{Reconciler, ending::STOP_WAITS},
        registry::SessionRegistry,
        sessions::{
            Sessions,
            deletion::{BETWEEN_STEPS, STEP},
        },
        store::{SessionFilter, StoreError},
        work_limit::WorkLimit,
    },
};
use sha2::{Digest, Sha256};
use std::{sync::Arc, time::Duration};

/// How long the answer to a deletion waits for it; after that the background goes on alone.
const ANSWER_AFTER: Duration = Duration::from_secs(20);
const PAGE: usize = 20;

/// The use cases that an account's data are built from.
#[derive(Clone)]
pub struct AccountParts {
    pub registry: SessionRegistry,
    pub reconciler: Reconciler,
    pub sessions: Sessions,
    pub accounts: Accounts,
    pub keys: ApiKeys,
    pub audit: AuditLog,
}

/// Exports and deletes accounts. Cheap to clone.
#[derive(Clone)]
pub struct AccountData {
    ports: Arc<Ports>,
    parts: AccountParts,
    /// Each reads everything that an account has.
    exports: WorkLimit,
}

/// Whether a deletion is over, or goes on in the background.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletion {
    Done,
    UnderWay,
}

impl AccountData {
    pub fn new(ports: Arc<Ports>, needs: AccountParts) -> Self {
        Self { ports, parts: needs, exports: WorkLimit::new("The export", 2, 8) }
    }

    /// Deletes the caller's account, which their password confirms. Their streams are ended first.
    ///
    /// # Errors
    /// The password is wrong, or the caller is the only administrator.
    pub async fn delete_own(&self, caller: &Caller, password: &str, origin: &Origin) -> StudioResult<Deletion> {
        self.parts.accounts.confirm(caller, password, origin).await?;
        let pseudonym = self.close(&caller.user.id).await?;
        self.parts.audit.record(AuditAction::AccountDeleted, Some(&pseudonym), "by its owner", origin).await;
        Ok(self.finish_soon(&caller.user.id).await)
    }

    /// Deletes anybody's account. Administrators only.
    ///
    /// # Errors
    /// The caller is no administrator, there is no such account, or it is the only administrator's.
    pub async fn delete_any(&self, caller: &Caller, user: &UserId, origin: &Origin) -> StudioResult<Deletion> {
        require_admin(caller)?;
        let pseudonym = self.close(user).await?;
        let subject = format!("account {pseudonym}");
        // Whoever deletes their own account here is not named either.
        let actor = if user == &caller.user.id { &pseudonym } else { &caller.user.id };
        self.parts.audit.record(AuditAction::AccountDeleted, Some(actor), &subject, origin).await;
        Ok(self.finish_soon(user).await)
    }

    /// The same for whoever runs this server.
    ///
    /// # Errors
    /// There is no such account, or it is the only administrator's.
    pub(super) async fn delete_by_operator(&self, user: &UserId, origin: &Origin) -> StudioResult<Deletion> {
        let pseudonym = self.close(user).await?;
        self.parts.audit.record(AuditAction::AccountDeleted, Some(&pseudonym), "by an operator", origin).await;
        Ok(self.finish_soon(user).await)
    }

    /// Goes on with every deletion that is under way; how many it finished. One that cannot be finished now holds up no other.
    ///
    /// # Errors
    /// The store failed.
    pub(super) async fn finish_all(&self) -> StudioResult<usize> {
        let mut finished = 0;
        for user in self.ports.store.closed_accounts().await? {
            match self.finish(&user).await {
                Ok(()) => finished += 1,
                Err(error) => tracing::warn!(error = %chain(&error), "an account is not deleted yet; trying again later"),
            }
        }
        Ok(finished)
    }

    /// Takes away whatever acts for the account, so that nothing is added while it is deleted. Answers with the name that the audit log
    /// keeps for it.
    async fn close(&self, user: &UserId) -> StudioResult<UserId> {
        match self.ports.store.close_account(user, self.ports.now()).await {
            Err(StoreError::Missing) => return Err(StudioError::not_found("account")),
            Err(StoreError::LastAdmin) => {
                let message =
                    "This is the only administrator's account. Make another administrator first: `footlight admin create-user --admin`.";
                return Err(StudioError::refused(ErrorCode::Conflict, message));
            }
            done => done?,
        }
        self.parts.keys.forget_callers();
        self.pseudonym(user)
    }

    async fn finish_soon(&self, user: &UserId) -> Deletion {
        match tokio::time::timeout(ANSWER_AFTER, self.finish(user)).await {
            Ok(Ok(())) => Deletion::Done,
            Ok(Err(error)) => {
                tracing::warn!(error = %chain(&error), "the deletion of an account goes on in the background");
                Deletion::UnderWay
            }
            Err(_) => Deletion::UnderWay,
        }
    }

    /// Ends the account's sessions, deletes them, then the rest. Each step can be done again.
    async fn finish(&self, user: &UserId) -> StudioResult<()> {
        let store = &self.ports.store;
        let of = |active| SessionFilter { account: Some(user.clone()), active: Some(active), limit: PAGE, ..SessionFilter::default() };
        for session in store.sessions(&of(true)).await? {
            self.parts.reconciler.start_ending(&session.id, Actor::Studio, Outcome::Ended(EndReason::stopped())).await?;
            if !self.parts.reconciler.wait_until_ended(&session.id, STOP_WAITS).await? {
                return Err(StudioError::refused(ErrorCode::Unavailable, "A stream of the account has not ended yet."));
            }
        }
        loop {
            let page = store.sessions(&of(false)).await?;
            for session in &page {
                self.parts.sessions.erase(session).await?;
            }
            if page.is_empty() {
                break;
            }
        }
        let pseudonym = self.pseudonym(user)?;
        while store.pseudonymise_audit(user, &pseudonym, STEP).await? > 0 {
            tokio::time::sleep(BETWEEN_STEPS).await;
        }
        store.delete_account(user, self.ports.now()).await?;
        self.parts.registry.forget_name(user);
        Ok(())
    }

    /// The same for the same account, and without the secret nobody can tell for which.
    fn pseudonym(&self, user: &UserId) -> StudioResult<UserId> {
        let secret = self.ports.config.jwt_secret.expose();
        let digest = Sha256::digest(format!("footlight deleted account\n{secret}\n{user}"));
        let text = format!("deleted-{}", hex::encode(&digest[..8]));
        text.parse().map_err(|_| StudioError::Internal("a pseudonym is no id".into()))
    }
}
