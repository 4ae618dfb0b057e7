//! The composite page's load.

use crate::{
    api::{
        error::ApiError,
        overlay::{OverlayStage, PreviewStage},
    },
    domain::{ids::SessionId, overlay::OverlayPatch},
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

/// A made-up show under the caller's own settings and, on top of them, those that stand in the page's address.
#[server(prefix = "/rpc", endpoint = "overlay/preview", input = Json)]
pub async fn load_preview(name: String, settings: Vec<(String, String)>) -> Result<OverlayStage, ApiError> {
    use crate::server::rpc;
    let (studio, caller) = rpc::admit().await?;
    rpc::reply(studio.preview(&caller, &name, &settings).await)
}

/// All made-up shows.
#[server(prefix = "/rpc", endpoint = "overlay/previews", input = Json)]
pub async fn load_previews(wish: OverlayPatch) -> Result<Vec<PreviewStage>, ApiError> {
    use crate::server::rpc;
    let (studio, caller) = rpc::admit().await?;
    rpc::reply(studio.previews(&caller, &wish).await)
}
