//! Overlay tokens, by their ids.

use super::SurrealStore;
use crate::{
    domain::ids::{Generation, SessionId},
    server::store::{OverlayGrant, OverlayGrantStore, StoreError},
};
use async_trait::async_trait;
use serde_json::json;

#[async_trait]
impl OverlayGrantStore for SurrealStore {
    async fn insert_overlay_grant(&self, grant: &OverlayGrant) -> Result<(), StoreError> {
        let sql = "CREATE type::record('overlay_grant', $id) SET session = $show, generation = $generation, revoked = $revoked";
        let OverlayGrant { id, session, generation, revoked } = grant;
        self.run(sql, json!({ "id": id, "show": session, "generation": generation, "revoked": revoked })).await
    }

    async fn overlay_grant(&self, id: &str) -> Result<Option<OverlayGrant>, StoreError> {
        let sql = "SELECT record::id(id) AS id, session, generation, revoked FROM ONLY type::record('overlay_grant', $id)";
        self.read(sql, json!({ "id": id })).await
    }

    async fn revoke_overlay_grants(&self, session: &SessionId, generation: Option<Generation>) -> Result<(), StoreError> {
        let of = if generation.is_some() { "AND generation = $generation" } else { "" };
        let sql = format!("UPDATE overlay_grant SET revoked = true WHERE session = $show {of} RETURN NONE");
        self.run(&sql, json!({ "show": session, "generation": generation })).await
    }
}
