//! The composite page's load.

use crate::{
    api::{error::ApiError, overlay::OverlayStage},
    domain::ids::SessionId,
};
use leptos::{prelude::*, server_fn::codec::Json};

/// Everything the composite knows at load. Admitted by the overlay token in the page's address; without one, only the
/// owner is, for a preview. Sets the cookie by which feed and heartbeat are admitted.
#[server(prefix = "/rpc", endpoint = "overlay/stage", input = Json)]
pub async fn load_stage(session: SessionId, token: Option<String>) -> Result<OverlayStage, ApiError> {
    use crate::server::rpc;
    let studio = rpc::studio().await?;
    rpc::overlay_reply(&studio, &session, token.as_deref()).await
}
