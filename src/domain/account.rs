//! People with an account and what they may do.

use super::{ids::UserId, timestamp::Timestamp};
use serde::{Deserialize, Serialize};

/// What an account may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Their own sessions.
    Streamer,
    /// Every session and every account.
    Admin,
}

/// A person with an account. The password's hash is stored separately.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// The account's id.
    pub id: UserId,
    /// The sign-in name, as typed.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// When the account was created.
    pub created_at: Timestamp,
}

/// Why a name or password cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnsuitableCredential {
    /// Length or characters of the name.
    #[error("the name must be 2 to 40 letters, digits, spaces, dots, dashes or underscores")]
    Name,
    /// Length of the password.
    #[error("the password must be 10 to 200 characters long")]
    Password,
}

/// The normalised name that must be unique: trimmed, inner white space collapsed, lower case.
///
/// # Errors
/// The name is too short, too long, or has other characters.
pub fn name_key(name: &str) -> Result<String, UnsuitableCredential> {
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    let plain = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '.' | '-' | '_');
    if (2..=40).contains(&name.chars().count()) && name.chars().all(plain) {
        Ok(name.to_lowercase())
    } else {
        Err(UnsuitableCredential::Name)
    }
}

/// Checks a new password's length, in characters.
///
/// # Errors
/// Shorter than 10 or longer than 200.
pub fn check_password(password: &str) -> Result<(), UnsuitableCredential> {
    if (10..=200).contains(&password.chars().count()) { Ok(()) } else { Err(UnsuitableCredential::Password) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_read_alike_are_one_name() {
        assert_eq!(name_key("  Blaze   Master "), name_key("blaze master"));
        for bad in ["", "x", "a<b>", &"n".repeat(41)] {
            assert_eq!(name_key(bad), Err(UnsuitableCredential::Name), "{bad}");
        }
    }

    #[test]
    fn a_password_is_ten_characters_or_more() {
        assert!(check_password("ninechars").is_err());
        assert!(check_password("ten charss").is_ok());
    }
}
