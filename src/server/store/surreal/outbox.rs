//! The outbox of webhook deliveries, written by the statement that changes the session.

use super::SurrealStore;
use crate::{
    domain::{ids::SessionId, session::Session, timestamp::Timestamp},
    server::store::{Delivery, NewDelivery, OutboxStore, StoreError},
};
use async_trait::async_trait;
use serde_json::{Value, json};

/// Follows a stored change, in its transaction: a change is never stored without its deliveries, nor they without it.
pub(super) const WRITE_OUTBOX: &str = "
    FOR $news IN $outbox {
        CREATE type::record('outbox', $news.key) SET key = $news.key, session = $key, at = $news.at, due = $news.at, attempts = 0,
            kind = $news.kind, json = $news.json RETURN NONE
    };
";

/// The variable of [`WRITE_OUTBOX`]. The keys are padded with zeros: as texts they sort by session, revision and turn.
pub(super) fn outbox_of(session: &Session, deliveries: &[NewDelivery]) -> (&'static str, Value) {
    let outbox = deliveries.iter().enumerate().map(|(turn, delivery)| {
        let key = format!("{}/{:08}/{turn:02}/{}", session.id, session.revision, delivery.hook);
        json!({ "key": key, "at": delivery.at.as_millis(), "kind": delivery.kind, "json": delivery.body.to_string() })
    });
    ("outbox", outbox.collect())
}

const FIELDS: &str = "key, session, kind, at, due, attempts, result, json";

impl SurrealStore {
    async fn outbox(&self, condition: &str, order: &str, variables: Value) -> Result<Vec<Delivery>, StoreError> {
        self.read(&format!("SELECT {FIELDS} FROM outbox WHERE {condition} ORDER BY key {order} LIMIT $limit"), variables).await
    }
}

#[async_trait]
impl OutboxStore for SurrealStore {
    async fn pending_deliveries(&self, limit: usize) -> Result<Vec<Delivery>, StoreError> {
        // What is done or given up has no `due`, and NONE is not greater than a number.
        self.outbox("due > 0", "ASC", json!({ "limit": limit })).await
    }

    async fn due_deliveries(&self, hook: &str, now: Timestamp, limit: usize) -> Result<Vec<Delivery>, StoreError> {
        // NONE is less than every number, so both ends are named.
        let sql = format!("SELECT {FIELDS} FROM outbox WHERE hook = $hook AND due > 0 AND due <= $now ORDER BY due, key LIMIT $limit");
        let mut due: Vec<Delivery> = self.read(&sql, json!({ "hook": hook, "now": now.as_millis(), "limit": limit })).await?;
        due.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(due)
    }

    async fn deliveries_to_others(&self, hooks: &[String], limit: usize) -> Result<Vec<Delivery>, StoreError> {
        self.outbox("due > 0 AND hook NOT IN $hooks", "ASC", json!({ "hooks": hooks, "limit": limit })).await
    }

    async fn due_before(&self, delivery: &Delivery) -> Result<Option<Timestamp>, StoreError> {
        let condition = "session = $show AND key < $behind AND hook = $hook AND due > 0";
        let variables = json!({ "show": delivery.session, "behind": delivery.id, "hook": delivery.hook(), "limit": 1 });
        Ok(self.outbox(condition, "ASC", variables).await?.into_iter().next().and_then(|first| first.due))
    }

    async fn hold_up(&self, delivery: &Delivery, due: Timestamp) -> Result<(), StoreError> {
        let sql = "UPDATE outbox SET due = $due
            WHERE session = $show AND key >= $from AND hook = $hook AND due > 0 AND due < $due RETURN NONE";
        let Delivery { session, id, .. } = delivery;
        self.run(sql, json!({ "show": session, "from": id, "hook": delivery.hook(), "due": due.as_millis() })).await
    }

    async fn note_delivery(&self, id: &str, attempts: u32, result: &str, due: Option<Timestamp>) -> Result<(), StoreError> {
        let sql = "UPDATE type::record('outbox', $id) SET attempts = $attempts, result = $result, due = $due ?? NONE RETURN NONE";
        let due = due.map(Timestamp::as_millis);
        self.run(sql, json!({ "id": id, "attempts": attempts, "result": result, "due": due })).await
    }

    async fn deliveries(&self, session: Option<&SessionId>, behind: Option<&str>, limit: usize) -> Result<Vec<Delivery>, StoreError> {
        let condition = match (session, behind) {
            (Some(_), Some(_)) => "session = $show AND key < $behind",
            (Some(_), None) => "session = $show",
            (None, Some(_)) => "key < $behind",
            // The statement needs a condition: this one holds for every line.
            (None, None) => "key > ''",
        };
        self.outbox(condition, "DESC", json!({ "show": session, "behind": behind, "limit": limit })).await
    }

    async fn deliver_again(&self, id: &str, due: Timestamp) -> Result<(), StoreError> {
        let sql = "UPDATE type::record('outbox', $id) SET due = $due RETURN VALUE true";
        let found: Vec<bool> = self.read(sql, json!({ "id": id, "due": due.as_millis() })).await?;
        if found.is_empty() { Err(StoreError::Missing) } else { Ok(()) }
    }
}
