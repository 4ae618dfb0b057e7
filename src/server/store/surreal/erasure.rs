//! Deleting sessions and accounts.

use super::{SurrealStore, limits::LOCK_ACCOUNT, query::DbError, retention::IS_OVER};
use crate::{
    domain::{
        audit::AuditEntry,
        ids::{SessionId, UserId},
        timestamp::Timestamp,
    },
    server::store::{ErasureStore, StoreError},
};
use async_trait::async_trait;
use serde_json::json;

/// What is stored for `$owner`, the text of an owner, beside sessions.
const DELETE_OWNED: &str = "
    DELETE destination WHERE owner = $owner RETURN NONE;
    DELETE type::record('defaults', $owner) RETURN NONE;
    DELETE type::record('start_claim', $owner) RETURN NONE;
    FOR $call IN (SELECT VALUE id FROM remembered_call:[$owner, NONE]..=[$owner, ..]) { DELETE $call RETURN NONE };
";

/// With what somebody acts for `$account`.
const DELETE_CREDENTIALS: &str = "
    DELETE sign_in WHERE user = $account RETURN NONE;
    DELETE api_key WHERE user = $account RETURN NONE;
";

#[async_trait]
impl ErasureStore for SurrealStore {
    async fn delete_session(&self, id: &SessionId) -> Result<(), StoreError> {
        let sql = format!(
            "{{
            IF (SELECT VALUE key FROM ONLY type::record('session', $key)) = NONE {{ THROW 'missing' }};
            {IS_OVER}
            FOR $entry IN (SELECT VALUE id FROM timeline:[$key, NONE]..=[$key, ..]) {{ DELETE $entry RETURN NONE }};
            FOR $egress IN (SELECT VALUE record::id(id) FROM egress WHERE session = $key) {{
                DELETE webhook WHERE egress = $egress RETURN NONE;
                DELETE type::record('egress', $egress) RETURN NONE
            }};
            DELETE outbox WHERE session = $key RETURN NONE;
            DELETE overlay_grant WHERE session = $key RETURN NONE;
            FOR $table IN ['session_keys', 'lease', 'feed_snapshot', 'feed_head', 'session'] {{
                DELETE type::record($table, $key) RETURN NONE
            }};
            }}"
        );
        let write = self.cache.as_deref().map(|cache| cache.write(id));
        let done = self.execute(&sql, json!({ "key": id })).await;
        // What failed otherwise than by its own refusal may still be carried out.
        if let (Ok(_) | Err(DbError::Thrown(_)), Some(write)) = (&done, write) {
            write.ended();
        }
        done.map(drop).map_err(Into::into)
    }

    async fn close_account(&self, user: &UserId, at: Timestamp) -> Result<(), StoreError> {
        // Administrators are counted behind a lock of their own: two that delete themselves at once would each see the other.
        let sql = format!(
            "{{
            {LOCK_ACCOUNT}
            UPSERT type::record('count_lock', 'administrators') SET n = (n ?? 0) + 1 RETURN NONE;
            LET $user = type::record('user', $account);
            LET $role = (SELECT VALUE document.role FROM ONLY $user);
            IF $role = NONE {{ THROW 'missing' }};
            LET $closed = type::record('closed_account', $account);
            IF $role = 'admin' AND (SELECT VALUE at FROM ONLY $closed) = NONE {{
                LET $going = (SELECT VALUE record::id(id) FROM closed_account);
                LET $left = array::complement((SELECT VALUE record::id(id) FROM user WHERE document.role = 'admin'), $going);
                IF array::len($left) <= 1 {{ THROW 'last_admin' }}
            }};
            UPSERT $closed SET at = at ?? $at RETURN NONE;
            UPDATE $user SET password_hash = NONE RETURN NONE;
            {DELETE_CREDENTIALS}
            }}"
        );
        self.run(&sql, json!({ "account": user, "at": at.as_millis() })).await
    }

    async fn closed_accounts(&self) -> Result<Vec<UserId>, StoreError> {
        // Few: those that were deleted are forgotten after a while.
        self.read("SELECT VALUE record::id(id) FROM closed_account WHERE done = NONE", json!({})).await
    }

    async fn delete_account(&self, user: &UserId, at: Timestamp) -> Result<(), StoreError> {
        let sql = format!(
            "{{
            {LOCK_ACCOUNT}
            IF array::len((SELECT VALUE key FROM session WHERE account = $account LIMIT 1)) > 0 {{ THROW 'stale' }};
            FOR $agent IN (SELECT VALUE record::id(id) FROM agent WHERE owner = $account) {{
                LET $owner = 'agent:' + $agent;
                {DELETE_OWNED}
                DELETE type::record('avatar', $agent) RETURN NONE;
                DELETE type::record('agent', $agent) RETURN NONE
            }};
            LET $owner = 'user:' + $account;
            {DELETE_OWNED}
            {DELETE_CREDENTIALS}
            DELETE tally WHERE whose = $account RETURN NONE;
            DELETE type::record('user', $account) RETURN NONE;
            UPDATE type::record('closed_account', $account) SET done = $at RETURN NONE;
            }}"
        );
        self.run(&sql, json!({ "account": user, "at": at.as_millis() })).await
    }

    async fn forget_closed_accounts(&self, before: Timestamp) -> Result<(), StoreError> {
        // NONE is less than every number. The account's lock is of no use any more either.
        let sql = "FOR $account IN (SELECT VALUE record::id(id) FROM closed_account WHERE done > 0 AND done < $before) {
            DELETE type::record('count_lock', 'account ' + $account) RETURN NONE;
            DELETE type::record('closed_account', $account) RETURN NONE
        }";
        self.run(sql, json!({ "before": before.as_millis() })).await
    }

    async fn audit_of(&self, user: &UserId, after: Option<&str>, limit: usize) -> Result<Vec<AuditEntry>, StoreError> {
        // Every id is greater than the empty text.
        let sql = "SELECT VALUE document FROM audit WHERE document.user = $account AND key > $after ORDER BY key LIMIT $limit";
        self.read(sql, json!({ "account": user, "after": after.unwrap_or_default(), "limit": limit })).await
    }

    async fn pseudonymise_audit(&self, user: &UserId, pseudonym: &UserId, most: usize) -> Result<usize, StoreError> {
        let sql = "{
            LET $rows = (SELECT VALUE id FROM audit WHERE document.user = $account LIMIT $most);
            FOR $row IN $rows {
                UPDATE $row SET document.user = $pseudonym, document.subject = '', document.address = NULL RETURN NONE
            };
            array::len($rows)
        }";
        self.read(sql, json!({ "account": user, "pseudonym": pseudonym, "most": most })).await
    }
}
