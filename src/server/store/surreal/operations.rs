//! Sums over finished sessions and the outbox, both written by the statement that changes the session, and the sealed
//! credentials of other services.

use super::{SurrealStore, query::Database};
use crate::{
    domain::{
        analytics::{Sum, counts_of, day_of, is_most},
        ids::{SessionId, UserId},
        session::Session,
        timestamp::Timestamp,
    },
    server::store::{Delivery, NewDelivery, OperationsStore, SealedKey, StoreError},
};
use async_trait::async_trait;
use serde_json::{Value, json};

/// Follows a stored change: `$was` is the state before it. A session is over once, so it is summed up once.
pub(super) const WRITE_OPERATIONS: &str = "
    IF $was NOT IN ['ended', 'failed'] { FOR $sum IN $sums {
        UPSERT type::record('tally', [$sum.whose, $day, $sum.what]) SET whose = $sum.whose, day = $day, what = $sum.what,
            n = IF $sum.most { math::max([n ?? 0, $sum.n]) } ELSE { (n ?? 0) + $sum.n } RETURN NONE
    } };
    FOR $news IN $outbox {
        CREATE type::record('outbox', $news.key) SET key = $news.key, session = $key, at = $news.at, due = $news.at, attempts = 0, kind = $news.kind, json = $news.json RETURN NONE
    };
";

/// The variables of [`WRITE_OPERATIONS`].
pub(super) fn operations(session: &Session, deliveries: &[NewDelivery]) -> Vec<(&'static str, Value)> {
    let counts = counts_of(session);
    let of = |whose: &str| {
        counts.iter().map(|(what, n)| json!({ "whose": whose, "what": what, "n": n, "most": is_most(what) })).collect::<Vec<_>>()
    };
    let mut sums = of("all");
    sums.extend(of(session.account.as_str()));
    let outbox = deliveries.iter().enumerate().map(|(turn, delivery)| {
        let key = format!("{}/{:08}/{turn:02}/{}", session.id, session.revision, delivery.hook);
        json!({ "key": key, "at": delivery.at.as_millis(), "kind": delivery.kind, "json": delivery.body.to_string() })
    });
    vec![("sums", json!(sums)), ("day", json!(day_of(session))), ("outbox", outbox.collect())]
}

impl Database {
    async fn outbox(&self, condition: &str, order: &str, variables: Value) -> Result<Vec<Delivery>, StoreError> {
        let fields = "key, session, kind, at, due, attempts, result, json";
        self.read(&format!("SELECT {fields} FROM outbox WHERE {condition} ORDER BY key {order} LIMIT $limit"), variables).await
    }
}

#[async_trait]
impl OperationsStore for SurrealStore {
    async fn sums(&self, account: Option<&UserId>, from: &str, to: &str) -> Result<Vec<Sum>, StoreError> {
        let sql = "SELECT day, what, n FROM tally WHERE whose = $whose AND day >= $from AND day <= $to";
        self.0.read(sql, json!({ "whose": account.map_or("all", UserId::as_str), "from": from, "to": to })).await
    }

    async fn pending_deliveries(&self, limit: usize) -> Result<Vec<Delivery>, StoreError> {
        self.0.outbox("due > 0", "ASC", json!({ "limit": limit })).await
    }

    async fn note_delivery(&self, id: &str, attempts: u32, result: &str, due: Option<Timestamp>) -> Result<(), StoreError> {
        let sql = "UPDATE type::record('outbox', $id) SET attempts = $attempts, result = $result, due = $due ?? NONE RETURN NONE";
        let due = due.map(Timestamp::as_millis);
        self.0.run(sql, json!({ "id": id, "attempts": attempts, "result": result, "due": due })).await
    }

    async fn deliveries(&self, session: Option<&SessionId>, behind: Option<&str>, limit: usize) -> Result<Vec<Delivery>, StoreError> {
        let condition = match (session, behind) {
            (Some(_), Some(_)) => "session = $show AND key < $behind",
            (Some(_), None) => "session = $show",
            (None, Some(_)) => "key < $behind",
            (None, None) => "key > ''",
        };
        self.0.outbox(condition, "DESC", json!({ "show": session, "behind": behind, "limit": limit })).await
    }

    async fn deliver_again(&self, id: &str, due: Timestamp) -> Result<(), StoreError> {
        let sql = "UPDATE type::record('outbox', $id) SET due = $due RETURN VALUE true";
        let found: Vec<bool> = self.0.read(sql, json!({ "id": id, "due": due.as_millis() })).await?;
        if found.is_empty() { Err(StoreError::Missing) } else { Ok(()) }
    }

    async fn credential(&self, service: &str) -> Result<Option<SealedKey>, StoreError> {
        let sql = "SELECT VALUE sealed FROM ONLY type::record('credential', $service)";
        self.0.read(sql, json!({ "service": service })).await
    }

    async fn set_credential(&self, service: &str, sealed: Option<&SealedKey>) -> Result<(), StoreError> {
        let sql = match sealed {
            Some(_) => "UPSERT type::record('credential', $service) SET sealed = $sealed RETURN NONE",
            None => "DELETE type::record('credential', $service) RETURN NONE",
        };
        self.0.run(sql, json!({ "service": service, "sealed": sealed })).await
    }

    async fn reseal_credential(&self, service: &str, old: &SealedKey, new: &SealedKey) -> Result<bool, StoreError> {
        let sql = "UPDATE type::record('credential', $service) SET sealed = $new WHERE sealed.text = $old RETURN VALUE true";
        let changed: Vec<Value> = self.0.read(sql, json!({ "service": service, "old": old.text, "new": new })).await?;
        Ok(!changed.is_empty())
    }
}
