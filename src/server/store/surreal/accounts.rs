//! Accounts and what their tokens open.

use super::{
    SurrealStore,
    query::{decode, encode},
};
use crate::{
    domain::{
        account::User,
        ids::{SignInId, UserId},
    },
    server::store::{AccountStore, SignIn, StoreError, TokenHash},
};
use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct WithHash {
    document: User,
    password_hash: Option<String>,
}

#[async_trait]
impl AccountStore for SurrealStore {
    async fn insert_user(&self, user: &User, name_key: &str, password_hash: Option<&str>) -> Result<(), StoreError> {
        // The unique index decides between racing ones: the loser is tried again, and then it sees the winner. What is
        // absent comes as NULL, which an optional field does not take: `?? NONE`, here and in other statements.
        let sql = "{
            IF (SELECT VALUE name_key FROM user WHERE name_key = $name_key)[0] != NONE { THROW 'name_taken' };
            CREATE type::record('user', $id) SET name_key = $name_key, password_hash = $password_hash ?? NONE, document = $document;
        }";
        let variables = json!({ "id": user.id, "name_key": name_key, "password_hash": password_hash, "document": encode(user)? });
        self.run(sql, variables).await
    }

    async fn user(&self, id: &UserId) -> Result<Option<User>, StoreError> {
        self.read("SELECT VALUE document FROM ONLY type::record('user', $id)", json!({ "id": id })).await
    }

    async fn user_by_name(&self, name_key: &str) -> Result<Option<(User, Option<String>)>, StoreError> {
        let sql = "SELECT document, password_hash FROM user WHERE name_key = $name_key";
        let found: Vec<WithHash> = self.read(sql, json!({ "name_key": name_key })).await?;
        Ok(found.into_iter().next().map(|row| (row.document, row.password_hash)))
    }

    async fn count_users(&self) -> Result<u64, StoreError> {
        // The length of a list has an answer also where there are none.
        self.read("RETURN count((SELECT VALUE name_key FROM user))", json!({})).await
    }

    async fn user_names(&self) -> Result<Vec<String>, StoreError> {
        self.read("SELECT VALUE document.name FROM user", json!({})).await
    }

    async fn set_password(&self, user: &UserId, password_hash: Option<&str>) -> Result<(), StoreError> {
        // An update makes no record: for an unknown account it returns an empty list.
        let sql = "UPDATE type::record('user', $id) SET password_hash = $password_hash ?? NONE RETURN VALUE name_key";
        let changed: Vec<Value> = self.read(sql, json!({ "id": user, "password_hash": password_hash })).await?;
        if changed.is_empty() { Err(StoreError::Missing) } else { Ok(()) }
    }

    /// Forgets the account's expired ones on the way, so that they do not pile up.
    async fn insert_sign_in(&self, hash: &TokenHash, sign_in: &SignIn) -> Result<(), StoreError> {
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

    async fn sign_in(&self, hash: &TokenHash) -> Result<Option<SignIn>, StoreError> {
        let sql = "SELECT VALUE document FROM ONLY type::record('sign_in', $hash)";
        let found: Option<SignIn> = self.read(sql, json!({ "hash": hash })).await?;
        Ok(found.filter(|sign_in| !sign_in.once))
    }

    async fn take_sign_in(&self, hash: &TokenHash) -> Result<Option<SignIn>, StoreError> {
        // Read and removed by one statement, so that no other caller reads it in between.
        let sql = "DELETE type::record('sign_in', $hash) RETURN BEFORE";
        let mut taken: Vec<Value> = self.read(sql, json!({ "hash": hash })).await?;
        taken.pop().map(|mut row| decode(row["document"].take())).transpose()
    }

    async fn sign_ins_of(&self, user: &UserId) -> Result<Vec<SignIn>, StoreError> {
        let sql = "SELECT VALUE document FROM sign_in WHERE user = $user AND once = false";
        // Sorted here: the index is by when they stop working, and an account has few.
        let mut all: Vec<SignIn> = self.read(sql, json!({ "user": user })).await?;
        all.sort_by(|one, other| other.id.cmp(&one.id));
        Ok(all)
    }

    async fn end_sign_in(&self, user: &UserId, id: &SignInId) -> Result<(), StoreError> {
        let sql = "DELETE sign_in WHERE user = $user AND name = $id RETURN BEFORE";
        let gone: Vec<Value> = self.read(sql, json!({ "user": user, "id": id })).await?;
        if gone.is_empty() { Err(StoreError::Missing) } else { Ok(()) }
    }

    async fn end_other_sign_ins(&self, user: &UserId, keep: Option<&SignInId>) -> Result<(), StoreError> {
        // Every name differs from NULL: without one to keep, all of them end.
        self.run("DELETE sign_in WHERE user = $user AND name != $keep", json!({ "user": user, "keep": keep })).await
    }
}
