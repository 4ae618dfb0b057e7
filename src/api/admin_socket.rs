//! Commands of `footlight admin …` over the running server's socket, and the replies.

use super::sessions::SessionView;
use crate::domain::{destination::Platform, ids::SessionId, key::Scope, secret::Secret};
use serde::{Deserialize, Serialize};

/// One command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdminCommand {
    /// Create an account.
    CreateUser {
        /// Its sign-in name.
        name: String,
        /// Whether it may see and stop everything.
        admin: bool,
    },
    /// Create an API key.
    CreateKey {
        /// The account it belongs to, by name.
        user: String,
        /// The agent that uses it, by name or id; the user if absent.
        agent: Option<String>,
        /// The name of the key.
        name: String,
        /// Its scopes.
        scopes: Vec<Scope>,
        /// After how many days it stops working; never, if absent.
        days: Option<u32>,
    },
    /// Remove an account's password and sign its browsers out.
    ResetPassword {
        /// Its sign-in name.
        user: String,
    },
    /// Delete an account with its streams.
    DeleteUser {
        /// Its sign-in name.
        user: String,
    },
    /// What a backup has to say about itself.
    Contents,
    /// Seal every stream key again under the current master key.
    RotateKeys,
    /// List sessions.
    ListSessions {
        /// Whether to include finished ones.
        all: bool,
    },
    /// End a session.
    Stop {
        /// Its id.
        session: SessionId,
        /// The reason, for its owner; may be empty.
        note: String,
    },
    /// Store or delete the credentials for counting viewers on a platform.
    ViewerCounts {
        /// Which platform.
        platform: Platform,
        /// The application's client id; empty for YouTube.
        id: String,
        /// The client secret or API key; empty deletes.
        #[serde(with = "exposed_secret")]
        secret: Secret,
    },
    /// Send a signed webhook to this studio's own public address.
    TestWebhook,
}

/// A secret in plain text, only inside [`AdminCommand::ViewerCounts`]: the socket is readable by its owner alone.
mod exposed_secret {
    use super::Secret;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(secret: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(secret.expose())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
        String::deserialize(deserializer).map(Secret::new)
    }
}

/// The reply to a command.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdminReply {
    /// A link that signs in once.
    SignInLink(String),
    /// The text of a new API key: the only time it is seen.
    Key(String),
    /// The answer to [`AdminCommand::Contents`].
    Contents(BackupContents),
    /// How many stream keys were sealed again.
    Rotated(KeyRotation),
    /// A message about stored or deleted credentials.
    #[serde(rename = "told")]
    Message(String),
    /// The sessions, the newest first.
    Sessions(Vec<SessionView>),
    /// The stopped session.
    Stopped(Box<SessionView>),
    /// The webhook reached the server and was accepted.
    WebhookTaken {
        /// Where it was sent.
        address: String,
    },
}

/// What a backup has to say about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupContents {
    /// The version of the store's schema.
    pub schema: usize,
    /// The ids of the master keys that its stream keys are sealed with; they do not reveal the keys.
    pub sealed_with: Vec<String>,
}

/// The result of a key rotation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRotation {
    /// Stream keys that are now sealed under the current master key.
    pub resealed: usize,
    /// Stream keys that no configured master key opens; they stay as they are.
    pub unreadable: usize,
}

impl KeyRotation {
    /// Whether the old master keys may be removed.
    pub const fn is_complete(self) -> bool {
        self.unreadable == 0
    }
}
