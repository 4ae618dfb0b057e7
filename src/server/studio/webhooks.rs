//! LiveKit's webhooks: verified, kept, then only a reason to look again. What they claim is not believed; what LiveKit and
//! the relay answer when asked is. So lost, doubled and reordered ones change nothing but the speed.

use super::Studio;
use crate::{
    api::error::ErrorCode,
    domain::{
        ids::{EgressId, SessionId},
        room::session_of_room,
    },
    server::{
        error::{Answer, StudioError},
        livekit::signature,
        store::StoredWebhook,
    },
};
use serde_json::Value;
use sha2::{Digest, Sha256};

impl Studio {
    /// Takes one delivery: raw body and `Authorization` header as they came.
    ///
    /// # Errors
    /// The signature is not LiveKit's (401), or the store failed (LiveKit then delivers again).
    pub async fn take_webhook(&self, authorization: &str, body: &[u8]) -> Answer<()> {
        let livekit = &self.config().livekit;
        let event = signature::verify(authorization, body, &livekit.api_key, livekit.api_secret.expose(), self.now()).map_err(|error| {
            tracing::warn!(%error, "a webhook was refused");
            StudioError::refused(ErrorCode::Unauthenticated, "The signature is not LiveKit's.")
        })?;
        let egress: Option<EgressId> = text(&event, &["egressInfo", "egressId"]).and_then(|id| id.parse().ok());
        let webhook = StoredWebhook {
            // One without an id is known by what it says.
            id: text(&event, &["id"]).filter(|id| !id.is_empty()).map_or_else(|| hex::encode(Sha256::digest(body)), str::to_owned),
            egress: egress.clone(),
            at: self.now(),
            body: without_secrets(event.clone()),
        };
        if !self.store().insert_webhook(&webhook).await? {
            return Ok(());
        }
        tracing::info!(event = text(&event, &["event"]).unwrap_or_default(), webhook = webhook.id, "webhook");
        let Some(session) = self.session_behind(&event, egress.as_ref()).await? else { return Ok(()) };
        let studio = self.clone();
        tokio::spawn(async move {
            if event.get("room").is_some() {
                studio.look_for_host(&session).await;
            }
            studio.act(&session).await;
        });
        Ok(())
    }

    async fn session_behind(&self, event: &Value, egress: Option<&EgressId>) -> Answer<Option<SessionId>> {
        if let Some(room) = text(event, &["room", "name"]) {
            return Ok(session_of_room(room));
        }
        if let Some((session, _)) = text(event, &["egressInfo", "web", "url"]).and_then(|url| self.origin(url)) {
            return Ok(Some(session));
        }
        match egress {
            Some(egress) => Ok(self.store().session_by_egress(egress).await?.map(|session| session.id)),
            None => Ok(None),
        }
    }
}

fn text<'a>(event: &'a Value, path: &[&str]) -> Option<&'a str> {
    path.iter().try_fold(event, |value, key| value.get(key))?.as_str()
}

/// The page's address carries the overlay token: it is kept without its query.
fn without_secrets(mut event: Value) -> Value {
    if let Some(Value::String(url)) = event.pointer_mut("/egressInfo/web/url") {
        url.truncate(url.find('?').unwrap_or(url.len()));
    }
    event
}
