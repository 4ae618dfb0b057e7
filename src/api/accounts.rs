//! Signing up and in.

use crate::domain::{account::Role, ids::UserId};
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
