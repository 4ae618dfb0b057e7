//! Which replica leads which session. The clock is the database's: replicas' clocks may differ.

use super::SurrealStore;
use crate::{
    api::overlay::Heartbeat,
    domain::ids::{Generation, SessionId},
    server::store::{ForwardedHeartbeat, LeaseStore, StoreError},
};
use async_trait::async_trait;
use serde_json::json;
use std::time::Duration;

#[async_trait]
impl LeaseStore for SurrealStore {
    async fn claim_lease(&self, session: &SessionId, holder: &str, ttl: Duration) -> Result<bool, StoreError> {
        // Of two replicas that claim the same lease one is tried again, and then it sees the other's. One that would run longer than a
        // lease can was made before the clock was set back.
        let sql = "{
            LET $now = time::millis(time::now());
            LET $lease = (SELECT holder, until FROM ONLY type::record('lease', $key));
            IF $lease != NONE AND $lease.holder != $holder AND $lease.until > $now AND $lease.until <= $now + $ttl {
                false
            } ELSE {
                UPSERT type::record('lease', $key) SET holder = $holder, until = $now + $ttl RETURN NONE;
                true
            }
        }";
        let ttl = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX);
        self.read(sql, json!({ "key": session, "holder": holder, "ttl": ttl })).await
    }

    async fn forward_heartbeat(&self, session: &SessionId, generation: Generation, heartbeat: &Heartbeat) -> Result<(), StoreError> {
        // Without a lease no replica leads the session, and none would read it.
        let sql = "UPDATE type::record('lease', $key)
            SET pulse = { generation: $generation, beat: $beat }, pulse_at = time::millis(time::now()) RETURN NONE";
        self.run(sql, json!({ "key": session, "generation": generation, "beat": heartbeat })).await
    }

    async fn forwarded_heartbeat(&self, session: &SessionId) -> Result<Option<ForwardedHeartbeat>, StoreError> {
        // The age is counted where the time was noted, by the same clock. A lease without a heartbeat is no answer.
        let sql = "SELECT pulse.generation AS generation, pulse.beat AS beat, time::millis(time::now()) - pulse_at AS age_ms
            FROM type::record('lease', $key) WHERE pulse != NONE";
        let found: Vec<ForwardedHeartbeat> = self.read(sql, json!({ "key": session })).await?;
        Ok(found.into_iter().next())
    }

    async fn release_leases(&self, holder: &str) -> Result<(), StoreError> {
        self.run("DELETE lease WHERE holder = $holder RETURN NONE", json!({ "holder": holder })).await
    }
}
