//! The audit log: who signed in, which keys were created, what was revoked.

use super::{ids::UserId, timestamp::Timestamp};
use serde::{Deserialize, Serialize};

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuditAction {
    /// An account was created.
    AccountMade,
    /// Somebody signed in.
    SignedIn,
    /// A sign-in was refused.
    SignInRefused,
    /// Sign-ins were rate-limited.
    SignInThrottled,
    /// A browser signed out.
    SignedOut,
    /// A sign-in was revoked from another browser.
    SignInRevoked,
    /// A password was set and every other sign-in revoked.
    PasswordChanged,
    /// An operator removed a password on the command line; every sign-in was revoked.
    PasswordReset,
    /// Stream keys were sealed again under another master key.
    KeysRotated,
    /// A credential for another service was stored or deleted.
    CredentialSet,
    /// New sessions are refused, or accepted again.
    DrainChanged,
    /// An administrator acted on somebody else's session.
    ForeignSession,
    /// A session was deleted, or its recording.
    SessionDeleted,
    /// An account was deleted, by its owner or by an administrator.
    AccountDeleted,
    /// An account's data were exported.
    AccountExported,
    /// An API key was created.
    KeyMade,
    /// An API key was revoked.
    KeyRevoked,
    /// An agent was created.
    AgentMade,
    /// An agent was deleted with its keys.
    AgentDeleted,
}

/// One line of the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditEntry {
    /// The entry's id, sortable by time.
    pub id: String,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub action: AuditAction,
    /// The account it concerns, or the administrator who acted, where it is known.
    pub user: Option<UserId>,
    /// What it was about: the account's name, the key's prefix, the agent's name, the session. Never what was typed at a refused sign-in.
    pub subject: String,
    /// The network address it came from, where it is known; of several, the first one's.
    pub address: Option<String>,
    /// How often it happened: refused sign-ins of one minute and address prefix are one entry.
    #[serde(default = "once")]
    pub count: u32,
}

const fn once() -> u32 {
    1
}
