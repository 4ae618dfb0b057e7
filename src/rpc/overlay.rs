//! The composite as pages of the house show it.

use crate::{
    api::{error::ApiError, overlay::PreviewStage},
    domain::overlay::OverlayPatch,
};
use leptos::{prelude::*, server_fn::codec::Json};

/// All made-up shows.
#[server(prefix = "/rpc", endpoint = "overlay/previews", input = Json)]
pub async fn load_previews(wish: OverlayPatch) -> Result<Vec<PreviewStage>, ApiError> {
    use crate::server::rpc;
    let (studio, caller) = rpc::admit().await?;
    rpc::reply(studio.previews(&caller, &wish).await)
}
