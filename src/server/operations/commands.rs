//! Use cases of `footlight admin`, without an account: access to the socket's file is the authorization.

mod backup;
mod key_rotation;
mod webhook_test;

use super::{
    DAY_MS,
    account_data::{AccountData, Deletion},
};
use crate::{
    api::{accounts::NewApiKey, error::ApiError, sessions::SessionView},
    domain::{
        account::{AccountName, Role, User, name_keys},
        audit::AuditAction,
        ids::SessionId,
        key::Scope,
        session::{Actor, EndReason, Outcome},
    },
    server::{
        accounts::{Accounts, api_keys::ApiKeys, audit::AuditLog},
        auth::origin::Origin,
        error::{StudioError, StudioResult},
        ports::Ports,
        reconcile::{Reconciler, ending::STOP_WAITS},
        registry::SessionRegistry,
        store::{SessionFilter, StoreError},
        validation::stop_reason,
    },
};
use std::sync::Arc;

/// Sessions in one list, at most.
const LISTED: usize = 1000;

/// The origin that the audit log records.
fn command_line() -> Origin {
    Origin { address: None, browser: "command line".into() }
}

/// The commands of whoever runs this server. Cheap to clone.
#[derive(Clone)]
pub struct OperatorCommands {
    ports: Arc<Ports>,
    registry: SessionRegistry,
    reconciler: Reconciler,
    accounts: Accounts,
    keys: ApiKeys,
    audit: AuditLog,
    account_data: AccountData,
}

impl OperatorCommands {
    pub const fn new(
        ports: Arc<Ports>,
        registry: SessionRegistry,
        reconciler: Reconciler,
        accounts: Accounts,
        keys: ApiKeys,
        audit: AuditLog,
        account_data: AccountData,
    ) -> Self {
        Self { ports, registry, reconciler, accounts, keys, audit, account_data }
    }

    /// Makes an account without a password, whether sign-up is open or not, and a one-time link to sign in with.
    ///
    /// # Errors
    /// The name is unsuitable or taken.
    pub async fn create_user(&self, name: &str, role: Role) -> StudioResult<String> {
        let name = AccountName::new(name).map_err(|error| ApiError::invalid("name", format!("{error}.")))?;
        self.accounts.refuse_similar_name(&name).await?;
        let user = User { id: self.ports.new_id(), name: name.shown, role, created_at: self.ports.now() };
        match self.ports.store.insert_user(&user, &name.key, None).await {
            Err(StoreError::Taken(_)) => return Err(ApiError::invalid("name", "This name is taken.").into()),
            done => done?,
        }
        self.audit.record(AuditAction::AccountMade, Some(&user.id), &user.name, &command_line()).await;
        self.accounts.sign_in_link(&user.id).await
    }

    /// Makes an API key for an account or one of its agents, named by name or id.
    ///
    /// # Errors
    /// There is no such account or agent, or a field is not acceptable.
    pub async fn create_key(
        &self,
        user: &str,
        agent: Option<&str>,
        name: &str,
        scopes: Vec<Scope>,
        days: Option<u32>,
    ) -> StudioResult<String> {
        let user = self.user_named(user).await?;
        let agent_id = match agent {
            None => None,
            Some(named) => {
                let agents = self.ports.store.agents_of(&user.id).await?;
                let found = agents.into_iter().find(|agent| agent.id.as_str() == named || agent.name.eq_ignore_ascii_case(named));
                Some(found.ok_or_else(|| StudioError::not_found("agent"))?.id)
            }
        };
        let expires_at = days.map(|days| self.ports.now().plus_millis(i64::from(days) * DAY_MS));
        let new = NewApiKey { name: name.to_owned(), agent_id, scopes, expires_at };
        Ok(self.keys.make_for(&user.id, &new, &command_line()).await?.text)
    }

    /// Forgets an account's password, signs all its browsers out, revokes its API keys and its agents', and makes a one-time link with which to set a new one.
    ///
    /// # Errors
    /// There is no such account.
    pub async fn reset_password(&self, user: &str) -> StudioResult<String> {
        let user = self.user_named(user).await?;
        self.ports.store.set_password(&user.id, None).await?;
        self.ports.store.end_other_sign_ins(&user.id, None).await?;
        self.keys.revoke_all(&user.id, &command_line()).await?;
        self.audit.record(AuditAction::PasswordReset, Some(&user.id), &user.name, &command_line()).await;
        self.accounts.sign_in_link(&user.id).await
    }

    /// Everybody's shows, the newest first: the active ones, or all.
    ///
    /// # Errors
    /// The store failed.
    pub async fn every_session(&self, all: bool) -> StudioResult<Vec<SessionView>> {
        let filter = SessionFilter { active: (!all).then_some(true), limit: LISTED, ..SessionFilter::default() };
        let mut views = Vec::new();
        for session in self.ports.store.sessions(&filter).await? {
            views.push(self.registry.view(&session).await);
        }
        Ok(views)
    }

    /// Ends anybody's session; one that is ending or over stays as it is.
    ///
    /// # Errors
    /// There is no such session, or the note is too long or no plain text.
    pub async fn stop_any(&self, id: &SessionId, note: &str) -> StudioResult<SessionView> {
        if self.ports.store.session(id).await?.is_none() {
            return Err(StudioError::not_found("session"));
        }
        let note = stop_reason(note)?;
        self.reconciler.start_ending(id, Actor::Admin, Outcome::Ended(EndReason::StoppedByAdmin { note })).await?;
        self.reconciler.wait_until_ended(id, STOP_WAITS).await?;
        let session = self.ports.store.session(id).await?.ok_or_else(|| StudioError::not_found("session"))?;
        Ok(self.registry.view(&session).await)
    }

    /// Deletes an account with its streams; what came of it, as a sentence.
    ///
    /// # Errors
    /// There is no such account, or it is the only administrator's.
    pub async fn delete_user(&self, user: &str) -> StudioResult<String> {
        let user = self.user_named(user).await?;
        Ok(match self.account_data.delete_by_operator(&user.id, &command_line()).await? {
            Deletion::Done => format!("The account {} was deleted.", user.name),
            Deletion::UnderWay => {
                format!("The account {} is closed. Its streams are still ending; the rest is deleted after that.", user.name)
            }
        })
    }

    async fn user_named(&self, name: &str) -> StudioResult<User> {
        let missing = || StudioError::not_found("account");
        self.accounts.by_name(&name_keys(name)).await?.map(|(user, _)| user).ok_or_else(missing)
    }
}
