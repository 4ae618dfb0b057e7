//! Stored records without a domain type of their own.

use crate::{
    api::overlay::Heartbeat,
    domain::{
        agent::AutoStart,
        destination::Destination,
        ids::{EgressId, Generation, SessionId, SignInId, UserId},
        overlay::OverlayPatch,
        session::{Actor, Owner, SessionStatus},
        timestamp::Timestamp,
    },
};
use serde::{Deserialize, Serialize};

/// An overlay's heartbeat that arrived at a replica that does not lead its session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForwardedHeartbeat {
    pub generation: Generation,
    #[serde(rename = "beat")]
    pub heartbeat: Heartbeat,
    /// How long ago, by the store's clock.
    pub age_ms: i64,
}

/// The SHA-256 of an opaque token, hexadecimal: all that is ever stored of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TokenHash(pub String);

/// What a token hash opens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignIn {
    /// By which its owner names it; opens nothing.
    pub id: SignInId,
    pub user: UserId,
    /// A one-time link is gone after its use; a browser's cookie lives until its end.
    pub once: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops working.
    pub expires_at: Timestamp,
    /// The network address it was made from, where it is known.
    #[serde(default)]
    pub address: Option<String>,
    /// What the browser calls itself.
    #[serde(default)]
    pub browser: String,
}

/// The defaults of an owner's sessions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Defaults {
    /// Differences from what every user's or agent's overlay begins with.
    pub overlay: OverlayPatch,
    /// Where and whether a session starts individually.
    pub auto_start: AutoStart,
}

/// An agent's picture, as it was fetched or handed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Avatar {
    /// `image/png`, `image/jpeg`, `image/webp`.
    pub media_type: String,
    pub bytes: Vec<u8>,
}

/// A stream key or another secret as stored: `iv:authTag:encrypted` in hexadecimal, and which master key sealed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedKey {
    /// The master key's id; it does not reveal the key.
    pub key_id: String,
    /// `iv:authTag:encrypted`.
    pub text: String,
}

/// A destination kept by its owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedDestination {
    pub owner: Owner,
    /// Where, as it may be shown.
    pub destination: Destination,
    pub key: SealedKey,
    /// When it was last on air.
    pub used_at: Option<Timestamp>,
}

/// One entry of a session's timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimelineEntry {
    pub at: Timestamp,
    /// Who or what caused it.
    pub actor: Actor,
    /// What happened, as a sentence.
    pub what: String,
    /// The status after it.
    pub state: SessionStatus,
}

/// An overlay token as stored, by its id (`jti`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverlayGrant {
    pub id: String,
    /// The one session it opens.
    pub session: SessionId,
    /// The one egress it was made for.
    pub generation: Generation,
    /// Set when the egress or the session is over.
    pub revoked: bool,
}

/// One line of a session's feed: what happened in the session, in the order in which the server took it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FeedEntry {
    /// From 1, without gaps, per session.
    pub seq: u64,
    /// When the server took it.
    pub at: Timestamp,
    /// The event's name on the wire: `session`, `overlay`, `show`.
    pub kind: String,
    /// The caller's own id, by which a repeat is recognised.
    pub id: Option<String>,
    pub data: serde_json::Value,
}

/// A line on its way into a feed.
#[derive(Debug, Clone, PartialEq)]
pub struct NewLine {
    /// The event's name on the wire.
    pub kind: &'static str,
    /// The caller's own id.
    pub id: Option<String>,
    pub data: serde_json::Value,
}

impl NewLine {
    /// Whether it is what an agent decided.
    pub fn is_decision(&self) -> bool {
        self.data["kind"] == "decision"
    }
}

/// Counts of what agents and games sent to a session's feed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedCounts {
    pub events: u64,
    pub decisions: u64,
}

/// Which sessions a list shows; newest first.
#[derive(Debug, Clone, Default)]
pub struct SessionFilter {
    /// Only this account's (its own and its agents').
    pub account: Option<UserId>,
    /// Only active ones, or only those that are over.
    pub active: Option<bool>,
    /// Only in this state; with an account, the caller sees to it.
    pub state: Option<SessionStatus>,
    /// Only behind this id: the cursor.
    pub behind: Option<SessionId>,
    /// The oldest first instead of the newest.
    pub oldest_first: bool,
    /// At most this many.
    pub limit: usize,
}

/// A webhook as it came in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredWebhook {
    /// LiveKit's id of the delivery.
    pub id: String,
    /// The egress it speaks of, if any.
    pub egress: Option<EgressId>,
    pub at: Timestamp,
    pub body: serde_json::Value,
}
