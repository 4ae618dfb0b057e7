//! Server functions for the API page and the help page.

use crate::api::{
    docs::{Call, InstallationInfo},
    error::ApiError,
    wire::Json,
};
use leptos::prelude::*;

/// Every call of the HTTP API, from its OpenAPI document.
#[server(prefix = "/rpc", endpoint = "docs/calls", input = Json, output = Json)]
pub async fn api_calls() -> Result<Vec<Call>, ApiError> {
    use crate::server::{http::openapi, rpc};
    rpc::own_page().await?;
    Ok(openapi::calls())
}

/// What the help page says about this installation. Needs no sign-in.
#[server(prefix = "/rpc", endpoint = "docs/help", input = Json, output = Json)]
pub async fn load_installation_info() -> Result<InstallationInfo, ApiError> {
    use crate::server::rpc;
    rpc::own_page().await?;
    Ok(rpc::installation_info())
}
