//! API keys: scopes and expiry. The key itself is created, shown once and hashed by the server.

use super::{
    ids::{AgentId, KeyId, UserId},
    timestamp::Timestamp,
};
use serde::{Deserialize, Serialize};

/// The prefix of every key, so that scanners find a leaked one.
pub const KEY_PREFIX: &str = "fl_";

/// What a key allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Start, room, destinations, games.
    Start,
    /// Stop.
    Stop,
    /// Events, overlay, scene.
    Events,
    /// Status, sessions, feed, recordings.
    Read,
    /// Everybody's sessions instead of the account's own, within the other scopes. Only an administrator's own key has it.
    Admin,
}

impl Scope {
    /// The scopes of every account, in the order in which a form shows them.
    pub const ALL: [Self; 4] = [Self::Start, Self::Stop, Self::Events, Self::Read];
    /// The same and what only administrators have.
    pub const WITH_ADMIN: [Self; 5] = [Self::Start, Self::Stop, Self::Events, Self::Read, Self::Admin];

    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Events => "events",
            Self::Read => "read",
            Self::Admin => "admin",
        }
    }
}

/// An API key as it may be shown: never the key, only its first characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApiKey {
    /// The key's id.
    pub id: KeyId,
    /// The user who is responsible for it.
    pub user: UserId,
    /// The agent that uses it; `None` for the user's own.
    pub agent: Option<AgentId>,
    /// The owner's name for it.
    pub name: String,
    /// Its first characters, to recognise it in a configuration file.
    pub prefix: String,
    /// The scopes it has.
    pub scopes: Vec<Scope>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it stops working; `None`: when it is revoked.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

impl ApiKey {
    /// Whether it is valid now.
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|at| at > now)
    }

    /// Whether it has this scope.
    pub fn allows(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> ApiKey {
        ApiKey {
            id: "k1".parse().expect("an id"),
            user: "u1".parse().expect("an id"),
            agent: None,
            name: "laptop".into(),
            prefix: "fl_abcdef".into(),
            scopes: vec![Scope::Read],
            created_at: Timestamp::from_millis(0),
            expires_at: Some(Timestamp::from_millis(10)),
            last_used_at: None,
            revoked_at: None,
        }
    }

    #[test]
    fn a_key_is_valid_until_it_expires_or_is_revoked() {
        let at = Timestamp::from_millis;
        assert!(key().is_valid(at(9)));
        assert!(!key().is_valid(at(10)));
        assert!(!ApiKey { revoked_at: Some(at(1)), ..key() }.is_valid(at(2)));
        assert!(ApiKey { expires_at: None, ..key() }.is_valid(at(i64::MAX)));
        assert!(key().allows(Scope::Read) && !key().allows(Scope::Start));
    }
}
