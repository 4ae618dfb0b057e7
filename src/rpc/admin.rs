//! What only administrators may call.

use crate::{
    api::{error::ApiError, sessions::SessionView},
    domain::ids::SessionId,
};
use leptos::{prelude::*, server_fn::codec::Json};

/// Everybody's sessions, newest first: the active ones, or all.
#[server(prefix = "/rpc", endpoint = "admin/sessions", input = Json)]
pub async fn all_sessions(active_only: bool) -> Result<Vec<SessionView>, ApiError> {
    use crate::server::rpc;
    let (studio, caller) = rpc::admit().await?;
    rpc::reply(studio.all_sessions(&caller, active_only).await)
}

/// Ends somebody's show and says why.
#[server(prefix = "/rpc", endpoint = "admin/stop", input = Json)]
pub async fn stop_for_admin(id: SessionId, note: String) -> Result<SessionView, ApiError> {
    use crate::server::rpc;
    let (studio, caller) = rpc::admit().await?;
    rpc::reply(studio.stop(&caller, &id, Some(note)).await)
}
