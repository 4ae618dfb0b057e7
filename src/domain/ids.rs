//! Identifiers as types of their own, so that one cannot be passed for another.
//! Made on the server (sortable by time); here they are only carried, compared and checked for shape.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The text is not an identifier Footlight could have made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} must be 1 to 64 letters, digits, `-` or `_`")]
pub struct MalformedId {
    kind: &'static str,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
        #[schema(value_type = String, min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9_-]+$")]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl TryFrom<String> for $name {
            type Error = MalformedId;
            fn try_from(text: String) -> Result<Self, MalformedId> {
                let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
                if (1..=64).contains(&text.len()) && text.chars().all(plain) {
                    Ok(Self(text))
                } else {
                    Err(MalformedId { kind: $kind })
                }
            }
        }
        impl std::str::FromStr for $name {
            type Err = MalformedId;
            fn from_str(text: &str) -> Result<Self, MalformedId> {
                Self::try_from(text.to_owned())
            }
        }
        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(
    /// A session, from Go live to its end.
    SessionId, "a session id"
);
id!(
    /// A person with an account.
    UserId, "a user id"
);
id!(
    /// An AI agent owned by a user.
    AgentId, "an agent id"
);
id!(
    /// An API key's id; never the key itself.
    KeyId, "a key id"
);
id!(
    /// One browser's sign-in.
    SignInId, "a sign-in id"
);
id!(
    /// A destination, saved or typed for one session.
    DestinationId, "a destination id"
);
id!(
    /// LiveKit's id of an egress (`EG_…`).
    EgressId, "an egress id"
);

/// Counts the egresses of one session, from 1: a replacement gets the next number, and the relay prefers the highest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Generation(pub u32);

impl Generation {
    /// The first egress of a session.
    pub const FIRST: Self = Self(1);

    /// The generation that replaces this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_with_foreign_characters_is_refused_by_kind() {
        for bad in ["", "a b", "../x", "é", &"x".repeat(65)] {
            let error = SessionId::try_from(bad.to_owned()).expect_err(bad);
            assert!(error.to_string().starts_with("a session id"), "{error}");
        }
        assert_eq!("01J-a_b".parse::<SessionId>().expect("plain").as_str(), "01J-a_b");
    }
}
