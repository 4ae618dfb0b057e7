//! What is kept about accounts for whoever must answer for the house: who signed in, which keys were made, what was revoked.

use super::{ids::UserId, timestamp::Timestamp};
use serde::{Deserialize, Serialize};

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuditAction {
    /// An account was made.
    AccountMade,
    /// Somebody signed in.
    SignedIn,
    /// A sign-in was refused.
    SignInRefused,
    /// Sign-ins were held back for a while.
    SignInThrottled,
    /// A browser signed out.
    SignedOut,
    /// A sign-in was ended from elsewhere.
    SignInRevoked,
    /// A password was set; every other sign-in ended.
    PasswordChanged,
    /// A password was forgotten by order of whoever runs the machine; every sign-in ended.
    PasswordReset,
    /// Stream keys were sealed again under another master key.
    KeysRotated,
    /// What another service is asked with was kept or forgotten.
    CredentialSet,
    /// New shows are refused, or taken again.
    DrainChanged,
    /// An API key was made.
    KeyMade,
    /// An API key was revoked.
    KeyRevoked,
    /// An agent was made.
    AgentMade,
    /// An agent was deleted with its keys.
    AgentDeleted,
}

/// One line of the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditEntry {
    /// Sortable by time.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// What happened.
    pub action: AuditAction,
    /// To whose account, where it is known.
    pub user: Option<UserId>,
    /// What it was about: the name that was tried, the key's prefix, the agent's name.
    pub subject: String,
    /// The network address it came from, where it is known.
    pub address: Option<String>,
}
