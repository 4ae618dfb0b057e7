//! Calls of the HTTP API from its own page, as a program would make them: by key, or by the cookie that is there.

use super::bridge;

/// Sends one call and tells what came back: status line, then the body as it came.
pub async fn call(method: &str, path: &str, key: &str, body: &str) -> String {
    bridge::call_api(method, path, key, body).await.as_string().unwrap_or_default()
}
