//! The ports to persistent storage, one for each kind of thing that is stored, and [`Store`], which is all of them together.
//! One contract for SurrealDB in memory, on disk and over a socket. It enforces the rules that need a transaction: one active
//! session per owner, no write over an older revision, limits counted where something is added, one use of an idempotency key.

mod accounts;
mod agents;
mod analytics;
mod audit;
mod backup;
mod calls;
mod credentials;
mod defaults;
mod destinations;
mod erasure;
mod feed;
mod key_rotation;
mod keys;
mod leases;
mod outbox;
mod overlay_grants;
mod retention;
mod sessions;
pub mod surreal;
mod webhooks;

pub use accounts::{AccountStore, SignIn, TokenHash};
pub use agents::{AgentStore, Avatar};
pub use analytics::AnalyticsStore;
pub use audit::AuditStore;
pub use backup::{BackupStore, StoreContents, StoreExport};
pub use calls::{IDEMPOTENT_FOR_MS, Idempotency, RememberedCall};
pub use credentials::CredentialStore;
pub use defaults::{Defaults, DefaultsStore};
pub use destinations::{DestinationStore, SavedDestination};
pub use erasure::ErasureStore;
pub use feed::{FeedCounts, FeedEntry, FeedSnapshot, FeedStore, NewLine};
pub use key_rotation::{KeyRotationStore, SealedKey};
pub use keys::{KeyLimits, KeyStore};
pub use leases::{ForwardedHeartbeat, LeaseStore};
pub use outbox::{Delivery, NewDelivery, OutboxStore};
pub use overlay_grants::{OverlayGrant, OverlayGrantStore};
pub use retention::RetentionStore;
pub use sessions::{DestinationChange, NewStoredSession, SessionFilter, SessionLimits, SessionStore, TimelineEntry};
pub use webhooks::{StoredWebhook, WebhookStore};

use crate::domain::ids::SessionId;
use async_trait::async_trait;

/// Why a store call failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The owner has an active session.
    #[error("the owner already has the active session {0}")]
    ActiveSession(SessionId),
    /// Another start of the owner waits for the end of their earlier session.
    #[error("another start of the owner is under way")]
    Starting,
    /// There may be no more of them.
    #[error("there may be no more {0}")]
    TooMany(Limit),
    /// The name, id or key is taken.
    #[error("{0} is taken")]
    Taken(&'static str),
    /// It was changed concurrently: read it again.
    #[error("it was changed by somebody else first")]
    Stale,
    #[error("it is not there")]
    Missing,
    /// No other administrator would be left.
    #[error("it is the account of the only administrator")]
    LastAdmin,
    /// A database server takes its own backups; its client cannot.
    #[error("the store is a database server, which takes its own backups")]
    ServerBackup,
    /// The database failed or cannot be reached.
    #[error("the store failed")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Of what there may be only so many. Each is counted in the transaction that adds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Limit {
    /// Of one account and its agents.
    #[error("sessions of the account")]
    SessionsOfAccount,
    #[error("sessions")]
    Sessions,
    #[error("saved destinations")]
    SavedDestinations,
    #[error("agents")]
    Agents,
    #[error("valid API keys")]
    Keys,
}

/// Everything that is stored. Whoever holds one calls the methods of every port on it.
#[async_trait]
pub trait Store:
    AccountStore
    + AgentStore
    + AnalyticsStore
    + AuditStore
    + BackupStore
    + CredentialStore
    + DefaultsStore
    + DestinationStore
    + ErasureStore
    + FeedStore
    + KeyRotationStore
    + KeyStore
    + LeaseStore
    + OutboxStore
    + OverlayGrantStore
    + RetentionStore
    + SessionStore
    + WebhookStore
{
    /// Answers if the database does.
    async fn ping(&self) -> Result<(), StoreError>;
    /// Whether new sessions are refused for now.
    async fn draining(&self) -> Result<bool, StoreError>;
    /// Refuses new sessions, or takes them again.
    async fn set_draining(&self, draining: bool) -> Result<(), StoreError>;
}
