//! Calls of the HTTP API from its documentation page, with an API key or with the cookie.

use super::bridge;

/// Returns the status line and the body.
pub async fn call(method: &str, path: &str, key: &str, body: &str) -> String {
    bridge::call_api(method, path, key, body).await.as_string().unwrap_or_default()
}
