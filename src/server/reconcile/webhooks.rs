//! LiveKit's webhooks: verified, stored whole, then they trigger a reconciliation. Answers of LiveKit and the relay take
//! precedence, with one exception: an egress that a webhook reported as ended is over, whatever a list says later. So lost,
//! doubled, reordered and early webhooks change only the speed.

use super::Reconciler;
use crate::{
    api::error::ErrorCode,
    domain::{
        ids::{EgressId, Generation, SessionId},
        room::session_of_room,
        timestamp::Timestamp,
    },
    net::webhook_signature::{self, WebhookRefused},
    server::{
        error::{StudioError, StudioResult},
        livekit::{EgressPhase, ObservedEgress},
        metrics,
        store::StoredWebhook,
    },
};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// LiveKit's own are 15 characters.
const LONGEST_ID: usize = 100;

impl Reconciler {
    /// Takes one delivery: raw body and `Authorization` header as they came.
    ///
    /// # Errors
    /// The signature is not LiveKit's (401), or the store failed (LiveKit then delivers again).
    pub async fn handle_webhook(&self, authorization: &str, body: &[u8]) -> StudioResult<()> {
        let livekit = &self.ports.config.livekit;
        let now = self.ports.wall();
        let verified = webhook_signature::verify(authorization, body, &livekit.api_key, livekit.api_secret.expose(), now);
        match &verified {
            Ok(event) if event.get("egressInfo").is_some() => self.compare_clocks("the egress", authorization, now),
            Ok(_) | Err(WebhookRefused::Expired) => self.compare_clocks("LiveKit", authorization, now),
            Err(_) => {}
        }
        let event = verified.map_err(|error| {
            tracing::warn!(%error, "a webhook was refused");
            metrics::webhook("refused");
            StudioError::refused(ErrorCode::Unauthenticated, "The signature is not LiveKit's.")
        })?;
        let egress: Option<EgressId> = text(&event, &["egressInfo", "egressId"]).and_then(|id| id.parse().ok());
        let id = text(&event, &["id"]).filter(|id| (1..=LONGEST_ID).contains(&id.len()));
        let webhook = StoredWebhook {
            // One without an id of its own is known again by its body.
            id: id.map_or_else(|| format!("sha256-{}", hex::encode(Sha256::digest(body))), str::to_owned),
            egress: egress.clone(),
            at: self.ports.now(),
            body: without_secrets(event.clone()),
        };
        let fresh = self.ports.store.insert_webhook(&webhook).await?;
        metrics::webhook(if fresh { "kept" } else { "repeated" });
        if !fresh {
            return Ok(());
        }
        tracing::info!(event = text(&event, &["event"]).unwrap_or_default(), webhook = webhook.id, "webhook");
        let Some(session) = self.session_behind(&event, egress.as_ref()).await? else { return Ok(()) };
        let reconciler = self.clone();
        tokio::spawn(async move {
            if event.get("room").is_some() {
                reconciler.refresh_host_presence(&session).await;
            }
            reconciler.reconcile_session(&session).await;
        });
        Ok(())
    }

    /// A webhook is signed when it is sent, so the signature shows how far the sender's clock is from ours.
    fn compare_clocks(&self, whose: &'static str, authorization: &str, now: Timestamp) {
        let Some(signed) = webhook_signature::signed_at(authorization) else { return };
        let ahead_ms = signed.as_millis().saturating_sub(now.as_millis());
        if let Some(difference) = self.ports.clock.note_other(whose, ahead_ms) {
            tracing::warn!(difference, "webhooks show that clocks differ");
        }
    }

    async fn session_behind(&self, event: &Value, egress: Option<&EgressId>) -> StudioResult<Option<SessionId>> {
        if let Some(room) = text(event, &["room", "name"]) {
            return Ok(session_of_room(room));
        }
        if let Some((session, _)) = text(event, &["egressInfo", "web", "url"]).and_then(|url| self.session_of_page(url)) {
            return Ok(Some(session));
        }
        match egress {
            Some(egress) => Ok(self.ports.store.session_by_egress(egress).await?.map(|session| session.id)),
            None => Ok(None),
        }
    }
}

/// What the webhooks of one egress say of it: the newest by LiveKit's own time, in whatever order they came; but nothing
/// follows an end. Unknown events and states are passed over.
pub(super) fn latest(webhooks: &[StoredWebhook]) -> Option<ObservedEgress> {
    let mut latest: Option<ObservedEgress> = None;
    for reported in webhooks.iter().filter_map(|webhook| snapshot(&webhook.body)) {
        let newer = latest.as_ref().is_none_or(|known| match (known.phase, reported.phase) {
            (EgressPhase::Over, EgressPhase::Over) => reported.updated_at > known.updated_at,
            (EgressPhase::Over, _) => false,
            (_, EgressPhase::Over) => true,
            _ => reported.updated_at > known.updated_at,
        });
        if newer {
            latest = Some(reported);
        }
    }
    latest
}

/// A reported end takes precedence over a list that does not contain it any more or not yet.
pub(super) fn merge(list: &mut Option<Vec<(Generation, ObservedEgress)>>, generation: Generation, reported: Option<ObservedEgress>) {
    let Some(reported) = reported.filter(|reported| reported.phase == EgressPhase::Over) else { return };
    // Without a list only this one is known; what else runs is not, and nothing may be closed on it.
    let Some(list) = list else { return };
    match list.iter_mut().find(|(_, egress)| egress.id == reported.id) {
        Some((_, egress)) if egress.phase != EgressPhase::Over => *egress = reported,
        Some(_) => {}
        None => list.push((generation, reported)),
    }
}

fn snapshot(event: &Value) -> Option<ObservedEgress> {
    let info = event.get("egressInfo")?;
    let phase = match info.get("status").and_then(Value::as_str) {
        // Zero values are left out.
        None | Some("EGRESS_STARTING") => EgressPhase::Starting,
        Some("EGRESS_ACTIVE") => EgressPhase::Active,
        Some("EGRESS_ENDING") => EgressPhase::Ending,
        Some("EGRESS_COMPLETE" | "EGRESS_FAILED" | "EGRESS_ABORTED" | "EGRESS_LIMIT_REACHED") => EgressPhase::Over,
        Some(_) => return None,
    };
    let updated: i64 = text(info, &["updatedAt"]).and_then(|nanos| nanos.parse().ok()).unwrap_or(0);
    Some(ObservedEgress {
        id: text(info, &["egressId"])?.parse().ok()?,
        phase,
        page_url: String::new(),
        error: text(info, &["error"]).filter(|error| !error.is_empty()).map(str::to_owned),
        updated_at: Timestamp::from_millis(updated / 1_000_000),
    })
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
