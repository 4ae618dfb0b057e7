//! What whoever runs the machine orders over the running server's socket (`footlight admin …`), and what comes back.

use super::sessions::SessionView;
use crate::domain::{destination::Platform, ids::SessionId, key::Scope};
use serde::{Deserialize, Serialize};

/// One order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdminCommand {
    /// Make an account.
    CreateUser {
        /// Its sign-in name.
        name: String,
        /// Whether it may see and stop everything.
        admin: bool,
    },
    /// Make an API key.
    CreateKey {
        /// The account that answers for it, by name.
        user: String,
        /// The agent that acts by it, by name or id; the user if absent.
        agent: Option<String>,
        /// What the key is called.
        name: String,
        /// What it allows.
        scopes: Vec<Scope>,
        /// After how many days it stops working; never, if absent.
        days: Option<u32>,
    },
    /// Forget an account's password and sign its browsers out.
    ResetPassword {
        /// By name.
        user: String,
    },
    /// Seal every stream key again under the current master key.
    RotateKeys,
    /// List shows.
    ListSessions {
        /// Those that are over as well.
        all: bool,
    },
    /// End a show.
    Stop {
        /// Which one.
        session: SessionId,
        /// Why, for its owner; may be empty.
        note: String,
    },
    /// Keep, or forget, what a platform is asked with when viewers are counted.
    ViewerCounts {
        /// Which platform.
        platform: Platform,
        /// The application's client id; empty for YouTube.
        id: String,
        /// The client secret or API key; empty forgets.
        secret: Hidden,
    },
    /// Send a signed webhook to this studio's own public address.
    TestWebhook,
}

/// A secret on its way to the server.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Hidden(pub String);

impl std::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hidden(••••)")
    }
}

/// What came of an order.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdminReply {
    /// A link that signs in once.
    SignInLink(String),
    /// The text of a new API key: the only time it is seen.
    Key(String),
    /// How many stream keys were sealed again.
    Rotated(KeyRotation),
    /// Credentials were kept or forgotten, in words.
    #[serde(rename = "told")]
    Message(String),
    /// Shows, the newest first.
    Sessions(Vec<SessionView>),
    /// How the show stands now.
    Stopped(Box<SessionView>),
    /// The webhook reached the studio and was taken.
    WebhookTaken {
        /// Where it was sent.
        address: String,
    },
}

/// What a rotation did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRotation {
    /// Stream keys that are now sealed under the current master key.
    pub resealed: usize,
    /// Stream keys that open under no master key that is configured; they stay as they are.
    pub unreadable: usize,
}

impl KeyRotation {
    /// Whether the old master keys may be forgotten.
    pub const fn is_complete(self) -> bool {
        self.unreadable == 0
    }
}
