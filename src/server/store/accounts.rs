//! Accounts, their passwords, and what their tokens open.

use super::StoreError;
use crate::domain::{
    account::User,
    ids::{SignInId, UserId},
    timestamp::Timestamp,
};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

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

#[async_trait]
pub trait AccountStore: Send + Sync + 'static {
    /// Adds an account. [`StoreError::Taken`] if the name (by `name_key`) is in use.
    async fn insert_user(&self, user: &User, name_key: &str, password_hash: Option<&str>) -> Result<(), StoreError>;
    async fn user(&self, id: &UserId) -> Result<Option<User>, StoreError>;
    /// An account by its name, with its password hash if one is set.
    async fn user_by_name(&self, name_key: &str) -> Result<Option<(User, Option<String>)>, StoreError>;
    /// How many accounts there are.
    async fn count_users(&self) -> Result<u64, StoreError>;
    /// The names of all accounts, as they are shown.
    async fn user_names(&self) -> Result<Vec<String>, StoreError>;
    /// Sets, replaces or (`None`) forgets a password's hash. [`StoreError::Missing`] for an unknown account.
    async fn set_password(&self, user: &UserId, password_hash: Option<&str>) -> Result<(), StoreError>;
    async fn insert_sign_in(&self, hash: &TokenHash, sign_in: &SignIn) -> Result<(), StoreError>;
    /// What a cookie's token opens (never a one-time one).
    async fn sign_in(&self, hash: &TokenHash) -> Result<Option<SignIn>, StoreError>;
    /// Removes a token and returns what it opened; exactly one of several racing callers gets it.
    async fn take_sign_in(&self, hash: &TokenHash) -> Result<Option<SignIn>, StoreError>;
    /// An account's browsers (never one-time links), the latest first.
    async fn sign_ins_of(&self, user: &UserId) -> Result<Vec<SignIn>, StoreError>;
    /// Ends one of the account's sign-ins; [`StoreError::Missing`] if it is not theirs.
    async fn end_sign_in(&self, user: &UserId, id: &SignInId) -> Result<(), StoreError>;
    /// Ends every sign-in and one-time link of an account but one.
    async fn end_other_sign_ins(&self, user: &UserId, keep: Option<&SignInId>) -> Result<(), StoreError>;
}
