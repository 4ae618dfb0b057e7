//! Server functions for overlay previews.

use crate::{
    api::{error::ApiError, overlay::PreviewSnapshot, wire::Json},
    domain::overlay::OverlayPatch,
};
use leptos::prelude::*;

#[server(prefix = "/rpc", endpoint = "overlay/previews", input = Json, output = Json)]
pub async fn load_previews(wish: OverlayPatch) -> Result<Vec<PreviewSnapshot>, ApiError> {
    use crate::server::{overlay::Overlay, rpc};
    let (overlay, caller) = rpc::admit::<Overlay>().await?;
    rpc::reply(overlay.previews(&caller, &wish).await)
}
