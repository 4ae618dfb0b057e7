//! Sends webhooks like LiveKit: signed, in order per egress, up to five attempts.

use crate::{
    egress::state_store::{PendingWebhook, StateStore},
    net::{clock, http::direct_client, tls, webhook_signature},
};
use livekit_protocol::{EgressInfo, WebhookEvent};
use rand::{Rng as _, distr::Alphanumeric};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::sync::mpsc;
use url::Url;

/// Delays before each retry; after them the event is lost for that receiver.
const RETRY_DELAYS: [Duration; 4] = [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4), Duration::from_secs(8)];

pub struct WebhookSender {
    client: reqwest::Client,
    receivers: Vec<Url>,
    api_key: String,
    api_secret: String,
}

/// The webhooks of one egress. They arrive in order, and a slow receiver does not delay the others.
#[derive(Clone)]
pub struct WebhookQueue(Vec<mpsc::UnboundedSender<WebhookMessage>>);

/// One event for one receiver.
#[derive(Clone)]
struct WebhookMessage {
    id: String,
    body: String,
    /// The last webhook of an egress is stored until every receiver has it or was given up.
    pending_ack: Option<Arc<PendingAck>>,
}

struct PendingAck {
    state_store: Arc<StateStore>,
    egress_id: String,
    receivers: AtomicUsize,
}

impl PendingAck {
    fn receiver_done(&self) {
        if self.receivers.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.state_store.ack(&self.egress_id);
        }
    }
}

impl WebhookSender {
    /// A sender to `receivers`.
    ///
    /// # Errors
    /// The HTTP client cannot be made.
    pub fn new(receivers: Vec<Url>, api_key: String, api_secret: String) -> anyhow::Result<Arc<Self>> {
        let client = direct_client(tls::client()).timeout(Duration::from_secs(10)).build()?;
        Ok(Arc::new(Self { client, receivers, api_key, api_secret }))
    }

    /// Opens a queue; it is drained and closed when its last handle is dropped. `running` tracks its tasks.
    pub fn queue(self: &Arc<Self>, running: &tokio_util::task::TaskTracker) -> WebhookQueue {
        let senders = self.receivers.iter().map(|receiver| {
            let (sender, mut events) = mpsc::unbounded_channel::<WebhookMessage>();
            let (webhook_sender, receiver) = (Arc::clone(self), receiver.clone());
            running.spawn(async move {
                while let Some(message) = events.recv().await {
                    webhook_sender.deliver(&receiver, &message.id, message.body).await;
                    if let Some(pending_ack) = message.pending_ack {
                        pending_ack.receiver_done();
                    }
                }
            });
            sender
        });
        WebhookQueue(senders.collect())
    }

    async fn deliver(&self, receiver: &Url, id: &str, body: String) {
        let mut delays = RETRY_DELAYS.iter();
        loop {
            let sent = self
                .client
                .post(receiver.clone())
                .header("content-type", "application/webhook+json")
                .header("authorization", self.sign(&body))
                .body(body.clone())
                .send()
                .await;
            match sent {
                Ok(response) if !response.status().is_server_error() => {
                    if response.status().is_client_error() {
                        tracing::warn!(webhook = id, status = response.status().as_u16(), "webhook refused");
                    }
                    return;
                }
                Ok(response) => tracing::warn!(webhook = id, status = response.status().as_u16(), "webhook failed"),
                Err(error) => tracing::warn!(webhook = id, error = %error.without_url(), "webhook not delivered"),
            }
            let Some(delay) = delays.next() else {
                tracing::error!(webhook = id, "webhook given up");
                return;
            };
            tokio::time::sleep(*delay).await;
        }
    }

    fn sign(&self, body: &str) -> String {
        webhook_signature::sign(body.as_bytes(), &self.api_key, &self.api_secret, clock::wall())
            .expect("HS256 over plain claims cannot fail")
    }
}

impl WebhookQueue {
    /// Queues an event of an egress.
    pub fn push(&self, event: &str, info: &EgressInfo) {
        let (id, body) = encode(event, info);
        self.send(&WebhookMessage { id, body, pending_ack: None });
    }

    /// Queues the last event of an egress, of this run or an earlier one; it stays stored until every receiver has it.
    pub fn push_last(&self, pending: PendingWebhook, state_store: &Arc<StateStore>) {
        let PendingWebhook { egress_id, event_id, body } = pending;
        let pending_ack = PendingAck { state_store: Arc::clone(state_store), egress_id, receivers: AtomicUsize::new(self.0.len()) };
        if self.0.is_empty() {
            pending_ack.state_store.ack(&pending_ack.egress_id);
        }
        self.send(&WebhookMessage { id: event_id, body, pending_ack: Some(Arc::new(pending_ack)) });
    }

    fn send(&self, message: &WebhookMessage) {
        for sender in &self.0 {
            // The task ends only when every handle is dropped, and this is one.
            let _ = sender.send(message.clone());
        }
    }
}

/// The last event of an egress, to be stored before it is sent.
pub fn pending_webhook(event: &str, info: &EgressInfo) -> PendingWebhook {
    let (event_id, body) = encode(event, info);
    PendingWebhook { egress_id: info.egress_id.clone(), event_id, body }
}

/// An event's id and body.
fn encode(event: &str, info: &EgressInfo) -> (String, String) {
    let id = format!("EV_{}", random_id());
    let event = WebhookEvent {
        event: event.to_owned(),
        egress_info: Some(info.clone()),
        id: id.clone(),
        created_at: clock::wall().as_millis() / 1000,
        ..Default::default()
    };
    (id, serde_json::to_string(&event).expect("a webhook event has only known enum values"))
}

/// Twelve random letters and digits, like LiveKit's ids.
pub fn random_id() -> String {
    rand::rng().sample_iter(Alphanumeric).take(12).map(char::from).collect()
}
