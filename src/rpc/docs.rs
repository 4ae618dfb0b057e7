//! The API's own description, for its page.

use crate::api::{docs::Call, error::ApiError};
use leptos::{prelude::*, server_fn::codec::Json};

/// Every call of the HTTP API, from its OpenAPI document.
#[server(prefix = "/rpc", endpoint = "docs/calls", input = Json)]
pub async fn api_calls() -> Result<Vec<Call>, ApiError> {
    use crate::server::{http::openapi, rpc};
    rpc::studio().await?;
    Ok(openapi::calls())
}
