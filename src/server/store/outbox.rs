//! The webhook deliveries that are due, and how they went.

use super::StoreError;
use crate::domain::{ids::SessionId, timestamp::Timestamp};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// A webhook delivery to one server, stored in the outbox with the change that caused it.
#[derive(Debug, Clone, PartialEq)]
pub struct NewDelivery {
    /// Which server: the short name of its address.
    pub hook: String,
    /// `session.live` and so on.
    pub kind: &'static str,
    pub at: Timestamp,
    /// The body, as it is sent.
    pub body: serde_json::Value,
}

/// A line of the outbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Sorts by session, then by turn; the same at every attempt.
    #[serde(rename = "key")]
    pub id: String,
    pub session: SessionId,
    /// `session.live` and so on.
    pub kind: String,
    #[serde(with = "millis")]
    pub at: Timestamp,
    /// When it is tried next; `None`: delivered, or given up.
    #[serde(with = "millis_option")]
    pub due: Option<Timestamp>,
    pub attempts: u32,
    /// How the last attempt went.
    pub result: Option<String>,
    /// The body exactly as it is signed.
    pub json: String,
}

impl Delivery {
    /// Which server it is for.
    pub fn hook(&self) -> &str {
        self.id.rsplit('/').next().unwrap_or_default()
    }
}

/// The database keeps times as milliseconds.
mod millis {
    use super::Timestamp;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
    pub fn serialize<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        at.as_millis().serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        i64::deserialize(deserializer).map(Timestamp::from_millis)
    }
}

/// The same where there may be none.
mod millis_option {
    use super::Timestamp;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[expect(clippy::ref_option, reason = "the signature that serde asks for")]
    pub fn serialize<S: Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
        at.map(Timestamp::as_millis).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
        Ok(Option::<i64>::deserialize(deserializer)?.map(Timestamp::from_millis))
    }
}

#[async_trait]
pub trait OutboxStore: Send + Sync + 'static {
    /// Pending deliveries in order, due or not, at most `limit`.
    async fn pending_deliveries(&self, limit: usize) -> Result<Vec<Delivery>, StoreError>;
    /// What is due for one server, sorted by session and turn; at most `limit`, those that have waited longest.
    async fn due_deliveries(&self, hook: &str, now: Timestamp, limit: usize) -> Result<Vec<Delivery>, StoreError>;
    /// Pending deliveries for servers other than these, at most `limit`.
    async fn deliveries_to_others(&self, hooks: &[String], limit: usize) -> Result<Vec<Delivery>, StoreError>;
    /// When the first pending delivery of the same session and server is due that comes before this one, if there is one.
    async fn due_before(&self, delivery: &Delivery) -> Result<Option<Timestamp>, StoreError>;
    /// Pending deliveries of the same session and server from this one on become due at `due`, unless they are due later.
    async fn hold_up(&self, delivery: &Delivery, due: Timestamp) -> Result<(), StoreError>;
    /// Notes how an attempt went, and when the next one is due.
    async fn note_delivery(&self, id: &str, attempts: u32, result: &str, due: Option<Timestamp>) -> Result<(), StoreError>;
    /// The outbox of a session, or of all; the latest sessions first, at most `limit`, behind this line.
    async fn deliveries(&self, session: Option<&SessionId>, behind: Option<&str>, limit: usize) -> Result<Vec<Delivery>, StoreError>;
    /// Makes a line due again; [`StoreError::Missing`] if there is none.
    async fn deliver_again(&self, id: &str, due: Timestamp) -> Result<(), StoreError>;
}
