//! Whether webhooks arrive: one is sent to this server by its public address.

use super::OperatorCommands;
use crate::{
    api::error::{ApiError, ErrorCode},
    net::webhook_signature,
    server::error::{StudioError, StudioResult},
};
use std::time::Duration;

/// Timeout of a test webhook.
const WEBHOOK_TIMEOUT: Duration = Duration::from_secs(10);

impl OperatorCommands {
    /// Signs a webhook as LiveKit does and sends it the way LiveKit would: to the public address, which is returned.
    ///
    /// # Errors
    /// The address cannot be reached, or something else answers there.
    pub async fn test_webhook(&self, http: &reqwest::Client) -> StudioResult<String> {
        let config = &self.ports.config;
        let address = format!("{}/api/webhooks/livekit", config.app_url);
        let now = self.ports.wall();
        let event = serde_json::json!({
            "event": "room_started",
            "id": format!("EV_test_{}", now.as_millis()),
            "createdAt": (now.as_millis() / 1000).to_string(),
            "room": { "name": "footlight-test" },
        });
        let body = event.to_string().into_bytes();
        let signature = webhook_signature::sign(&body, &config.livekit.api_key, config.livekit.api_secret.expose(), now)
            .map_err(|error| StudioError::Internal(error.to_string()))?;
        let request = http.post(&address).timeout(WEBHOOK_TIMEOUT).header("authorization", signature);
        let refused = |why: String| StudioError::from(ApiError::new(ErrorCode::Unavailable, why));
        let answer = request.header("content-type", "application/webhook+json").body(body).send().await.map_err(|error| {
            refused(format!(
                "{address} cannot be reached from here ({}). Check PUBLIC_APP_URL, and the proxy in front of it.",
                error.without_url()
            ))
        })?;
        match answer.status() {
            status if status.is_success() => Ok(address),
            reqwest::StatusCode::UNAUTHORIZED => {
                Err(refused(format!("{address} answers 401: another studio answers there, or a proxy changes the body or the headers.")))
            }
            status => Err(refused(format!("{address} answers {status}: something else than this studio answers there."))),
        }
    }
}
