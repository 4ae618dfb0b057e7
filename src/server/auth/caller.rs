//! The caller of a use case: a user, or one of their agents.

use crate::{
    api::{
        accounts::Me,
        error::{ApiError, ErrorCode},
    },
    domain::{
        account::{Role, User},
        agent::Agent,
        ids::SignInId,
        key::{ApiKey, Scope},
        session::{Actor, Owner, Session},
    },
};
use std::sync::Arc;

/// A user or one of their agents. Cheap to clone, which every call does.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The account. An agent's is its user's, and never an administrator's.
    pub user: Arc<User>,
    /// The agent, if an agent's key was used.
    pub agent: Option<Arc<Agent>>,
    /// How the caller was authenticated.
    pub proof: Proof,
}

/// How a caller was authenticated.
#[derive(Debug, Clone)]
pub enum Proof {
    SignIn(SignInId),
    Key(Arc<ApiKey>),
}

impl Caller {
    /// A person at a browser.
    pub fn signed_in(user: User, sign_in: SignInId) -> Self {
        Self { user: Arc::new(user), agent: None, proof: Proof::SignIn(sign_in) }
    }

    /// As pages know it.
    pub fn me(&self) -> Me {
        Me { id: self.user.id.clone(), name: self.user.name.clone(), role: self.user.role }
    }

    /// As the owner of sessions.
    pub fn owner(&self) -> Owner {
        match &self.agent {
            Some(agent) => Owner::Agent(agent.id.clone()),
            None => Owner::User(self.user.id.clone()),
        }
    }

    /// As the timeline of their own sessions names it.
    pub fn actor(&self) -> Actor {
        if self.agent.is_some() { Actor::Agent } else { Actor::Host }
    }

    /// As the timeline of a session names it: whoever does not own it acts as an administrator.
    pub fn actor_on(&self, session: &Session) -> Actor {
        if self.owns(session) { self.actor() } else { Actor::Admin }
    }

    /// Whether every session is theirs: an administrator who signed in, or an API key of one that has the scope `admin`.
    /// The only place that decides it; what an account's role is says nothing about its keys.
    pub fn is_admin(&self) -> bool {
        let proven = match &self.proof {
            Proof::SignIn(_) => true,
            Proof::Key(key) => self.agent.is_none() && key.allows(Scope::Admin),
        };
        proven && self.user.role == Role::Admin
    }

    /// Whether a session is their own: a user's and their agents', an agent's own and no other's.
    pub fn owns(&self, session: &Session) -> bool {
        match &self.agent {
            Some(agent) => session.owner == Owner::Agent(agent.id.clone()),
            None => session.account == self.user.id,
        }
    }

    /// The key of its rate limits.
    pub fn limit_key(&self) -> String {
        self.owner().to_string()
    }

    /// The key of the limits of their whole account.
    pub fn account_key(&self) -> String {
        Owner::User(self.user.id.clone()).to_string()
    }

    /// The caller, if their key has the scope. A signed-in person has all scopes.
    ///
    /// # Errors
    /// The scope is missing: 403 with its name.
    pub fn allowed(self, scope: Scope) -> Result<Self, ApiError> {
        match &self.proof {
            Proof::Key(key) if !key.allows(scope) => {
                let message = format!("This API key lacks the scope `{}`. Make one that has it under Settings.", scope.name());
                Err(ApiError { detail: serde_json::json!({ "scope": scope }), ..ApiError::new(ErrorCode::Forbidden, message) })
            }
            _ => Ok(self),
        }
    }
}

/// The error for callers without a valid sign-in.
pub fn not_signed_in() -> ApiError {
    ApiError::new(ErrorCode::Unauthenticated, "Sign in first, or send an API key as `Authorization: Bearer fl_…`.")
}
