//! Accounts: sign-ins, agents, API keys, defaults.

use crate::domain::{
    account::Role,
    agent::AutoStart,
    audit::AuditEntry,
    ids::{AgentId, SignInId, UserId},
    key::{ApiKey, Scope},
    overlay::OverlayPatch,
    timestamp::Timestamp,
};
use serde::{Deserialize, Serialize};

/// Name and password, as typed.
#[derive(Clone, Serialize, Deserialize)]
pub struct Credentials {
    /// The sign-in name.
    pub name: String,
    /// In plain text; the server hashes it.
    pub password: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Credentials({})", self.name)
    }
}

/// What confirms that an account is to be deleted. It has no `Debug`: it holds a password.
#[derive(Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeleteAccount {
    /// The account's password; empty if it has none.
    #[serde(default)]
    pub password: String,
}

/// Who is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Me {
    /// The account's id.
    pub id: UserId,
    /// The account's name.
    pub name: String,
    /// The account's role.
    pub role: Role,
}

/// A browser that is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignInView {
    /// The id by which it is revoked.
    pub id: SignInId,
    /// When the browser signed in.
    pub created_at: Timestamp,
    /// When the sign-in expires.
    pub expires_at: Timestamp,
    /// The network address it came from, where it is known.
    pub address: Option<String>,
    /// The browser's user agent.
    pub browser: String,
    /// Whether it is the browser of this request.
    pub this_one: bool,
}

/// A new agent, or an agent's new name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewAgent {
    /// The name shown on the overlay.
    pub name: String,
}

/// A new API key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewApiKey {
    /// The owner's name for it.
    pub name: String,
    /// The agent that uses it; the user if absent.
    #[serde(default)]
    pub agent_id: Option<AgentId>,
    /// The scopes it has.
    pub scopes: Vec<Scope>,
    /// When it expires; never if absent.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
}

/// A key that was just created: the only time its text is shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreatedApiKey {
    /// The key as it is listed from now on.
    pub key: ApiKey,
    /// `fl_` and 43 characters.
    pub text: String,
}

impl std::fmt::Debug for CreatedApiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CreatedApiKey({}…)", self.key.prefix)
    }
}

/// The defaults of an owner's sessions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OwnerDefaults {
    /// Differences from the system's default overlay.
    pub overlay: OverlayPatch,
    /// Automatic start.
    pub auto_start: AutoStart,
}

/// One page of the audit log, the latest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditPage {
    /// The entries.
    pub entries: Vec<AuditEntry>,
    /// The cursor of the next page; `None` on the last.
    pub next_cursor: Option<String>,
}
