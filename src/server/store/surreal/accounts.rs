//! Accounts and what their tokens open.

use super::query::{Database, DbError, decode, encode};
use crate::{
    domain::{
        account::User,
        ids::{SignInId, UserId},
    },
    server::store::{SignIn, StoreError, TokenHash},
};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct WithHash {
    document: User,
    password_hash: Option<String>,
}

impl Database {
    pub(super) async fn insert_user(&self, user: &User, name_key: &str, password_hash: Option<&str>) -> Result<(), StoreError> {
        let sql = "{
            IF (SELECT VALUE name_key FROM user WHERE name_key = $name_key)[0] != NONE { THROW 'name' };
            CREATE type::record('user', $id) SET name_key = $name_key, password_hash = $password_hash ?? NONE, document = $document;
        }";
        let variables = json!({ "id": user.id, "name_key": name_key, "password_hash": password_hash, "document": encode(user)? });
        match self.execute(sql, variables).await {
            Ok(_) => Ok(()),
            Err(DbError::Thrown(_)) => Err(StoreError::Taken("the name")),
            Err(other) => Err(other.into()),
        }
    }

    pub(super) async fn user(&self, id: &UserId) -> Result<Option<User>, StoreError> {
        self.read("SELECT VALUE document FROM ONLY type::record('user', $id)", json!({ "id": id })).await
    }

    pub(super) async fn user_by_name(&self, name_key: &str) -> Result<Option<(User, Option<String>)>, StoreError> {
        let sql = "SELECT document, password_hash FROM user WHERE name_key = $name_key";
        let found: Vec<WithHash> = self.read(sql, json!({ "name_key": name_key })).await?;
        Ok(found.into_iter().next().map(|row| (row.document, row.password_hash)))
    }

    pub(super) async fn count_users(&self) -> Result<u64, StoreError> {
        self.read("RETURN count((SELECT VALUE name_key FROM user))", json!({})).await
    }

    pub(super) async fn user_names(&self) -> Result<Vec<String>, StoreError> {
        self.read("SELECT VALUE document.name FROM user", json!({})).await
    }

    pub(super) async fn set_password(&self, user: &UserId, password_hash: Option<&str>) -> Result<(), StoreError> {
        let sql = "UPDATE type::record('user', $id) SET password_hash = $password_hash ?? NONE RETURN VALUE name_key";
        let changed: Vec<Value> = self.read(sql, json!({ "id": user, "password_hash": password_hash })).await?;
        if changed.is_empty() { Err(StoreError::Missing) } else { Ok(()) }
    }

    /// Forgets the account's expired ones on the way, so that they do not pile up.
    pub(super) async fn insert_sign_in(&self, hash: &TokenHash, sign_in: &SignIn) -> Result<(), StoreError> {
        let sql = "{
            DELETE sign_in WHERE user = $user AND expires_at <= $now;
            CREATE type::record('sign_in', $hash) SET user = $user, once = $once, expires_at = $expires_at, name = $name, document = $document;
        }";
        let variables = json!({
            "hash": hash, "user": sign_in.user, "once": sign_in.once, "expires_at": sign_in.expires_at.as_millis(),
            "now": sign_in.created_at.as_millis(), "name": sign_in.id, "document": encode(sign_in)?,
        });
        self.run(sql, variables).await
    }

    pub(super) async fn sign_in(&self, hash: &TokenHash) -> Result<Option<SignIn>, StoreError> {
        let sql = "SELECT VALUE document FROM ONLY type::record('sign_in', $hash)";
        let found: Option<SignIn> = self.read(sql, json!({ "hash": hash })).await?;
        Ok(found.filter(|sign_in| !sign_in.once))
    }

    pub(super) async fn take_sign_in(&self, hash: &TokenHash) -> Result<Option<SignIn>, StoreError> {
        let sql = "DELETE type::record('sign_in', $hash) RETURN BEFORE";
        let mut taken: Vec<Value> = self.read(sql, json!({ "hash": hash })).await?;
        taken.pop().map(|mut row| decode(row["document"].take())).transpose()
    }

    pub(super) async fn sign_ins_of(&self, user: &UserId) -> Result<Vec<SignIn>, StoreError> {
        let sql = "SELECT VALUE document FROM sign_in WHERE user = $user AND once = false";
        let mut all: Vec<SignIn> = self.read(sql, json!({ "user": user })).await?;
        all.sort_by(|one, other| other.id.cmp(&one.id));
        Ok(all)
    }

    pub(super) async fn end_sign_in(&self, user: &UserId, id: &SignInId) -> Result<(), StoreError> {
        let sql = "DELETE sign_in WHERE user = $user AND name = $id RETURN BEFORE";
        let gone: Vec<Value> = self.read(sql, json!({ "user": user, "id": id })).await?;
        if gone.is_empty() { Err(StoreError::Missing) } else { Ok(()) }
    }

    pub(super) async fn end_other_sign_ins(&self, user: &UserId, keep: Option<&SignInId>) -> Result<(), StoreError> {
        self.run("DELETE sign_in WHERE user = $user AND name != $keep", json!({ "user": user, "keep": keep })).await
    }
}
