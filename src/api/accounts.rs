//! Accounts and what belongs to them: sign-ins, agents, API keys, defaults.

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
    /// In the clear, on its way to be hashed.
    pub password: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Credentials({})", self.name)
    }
}

/// Who is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Me {
    /// Which account.
    pub id: UserId,
    /// Its name.
    pub name: String,
    /// What it may do.
    pub role: Role,
}

/// A browser that is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignInView {
    /// By which it is ended.
    pub id: SignInId,
    /// Since when.
    pub created_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
    /// The network address it came from, where it is known.
    pub address: Option<String>,
    /// What the browser calls itself.
    pub browser: String,
    /// Whether it is the one that asks.
    pub this_one: bool,
}

/// An agent to be made, or its new name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewAgent {
    /// The name on the picture.
    pub name: String,
}

/// An API key to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewApiKey {
    /// What its owner calls it.
    pub name: String,
    /// The agent that acts by it; the user if absent.
    #[serde(default)]
    pub agent_id: Option<AgentId>,
    /// What it allows.
    pub scopes: Vec<Scope>,
    /// When it stops working; never, if absent.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
}

/// A key that was just made: the only time its text is seen.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreatedApiKey {
    /// As it may be shown from now on.
    pub key: ApiKey,
    /// `fl_` and 43 characters.
    pub text: String,
}

impl std::fmt::Debug for CreatedApiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CreatedApiKey({}…)", self.key.prefix)
    }
}

/// What an owner's shows begin with when nothing is said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OwnerDefaults {
    /// Differences from what every user's or agent's overlay begins with.
    pub overlay: OverlayPatch,
    /// Where and whether a show starts by itself.
    pub auto_start: AutoStart,
}

/// One page of the audit log, the latest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditPage {
    /// The lines.
    pub entries: Vec<AuditEntry>,
    /// Where the next page begins; none at the end.
    pub next_cursor: Option<String>,
}
