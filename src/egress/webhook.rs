//! Webhooks as LiveKit sends them: signed over the body, in order for each egress, tried five times.

use crate::egress::{
    clock,
    ledger::{Ledger, Owed},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use jsonwebtoken::{EncodingKey, Header};
use livekit_protocol::{EgressInfo, WebhookEvent};
use rand::{Rng as _, distr::Alphanumeric};
use sha2::{Digest as _, Sha256};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::sync::mpsc;
use url::Url;

/// The waits before each further try; after them the event is lost for that receiver.
const WAITS: [Duration; 4] = [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4), Duration::from_secs(8)];

/// Signs and posts.
pub struct Courier {
    client: reqwest::Client,
    receivers: Vec<Url>,
    api_key: String,
    secret: EncodingKey,
}

/// The way to the receivers for one egress; its events arrive in order, a slow receiver does not hold the others.
#[derive(Clone)]
pub struct Line(Vec<mpsc::UnboundedSender<Letter>>);

/// One event on its way to one receiver.
#[derive(Clone)]
struct Letter {
    id: String,
    body: String,
    /// An egress's last word is owed until every receiver has it or is given up.
    debt: Option<Arc<Debt>>,
}

struct Debt {
    ledger: Arc<Ledger>,
    egress_id: String,
    receivers: AtomicUsize,
}

impl Debt {
    fn pay(&self) {
        if self.receivers.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.ledger.settle(&self.egress_id);
        }
    }
}

#[derive(serde::Serialize)]
struct Claims<'a> {
    iss: &'a str,
    exp: i64,
    nbf: i64,
    iat: i64,
    sha256: String,
}

impl Courier {
    /// A courier to `receivers`.
    ///
    /// # Errors
    /// The HTTP client cannot be made.
    pub fn new(receivers: Vec<Url>, api_key: String, api_secret: &str) -> anyhow::Result<Arc<Self>> {
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(crate::egress::tls::client_config())
            .timeout(Duration::from_secs(10))
            .no_proxy()
            .build()?;
        Ok(Arc::new(Self { client, receivers, api_key, secret: EncodingKey::from_secret(api_secret.as_bytes()) }))
    }

    /// Opens a line; it drains and closes when its last handle is dropped. `running` counts lines that still have something to say.
    pub fn line(self: &Arc<Self>, running: &tokio_util::task::TaskTracker) -> Line {
        let senders = self.receivers.iter().map(|receiver| {
            let (sender, mut events) = mpsc::unbounded_channel::<Letter>();
            let (courier, receiver) = (Arc::clone(self), receiver.clone());
            running.spawn(async move {
                while let Some(letter) = events.recv().await {
                    courier.deliver(&receiver, &letter.id, letter.body).await;
                    if let Some(debt) = letter.debt {
                        debt.pay();
                    }
                }
            });
            sender
        });
        Line(senders.collect())
    }

    async fn deliver(&self, receiver: &Url, id: &str, body: String) {
        let mut waits = WAITS.iter();
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
                Ok(answer) if !answer.status().is_server_error() => {
                    if answer.status().is_client_error() {
                        tracing::warn!(webhook = id, status = answer.status().as_u16(), "webhook refused");
                    }
                    return;
                }
                Ok(answer) => tracing::warn!(webhook = id, status = answer.status().as_u16(), "webhook not taken"),
                Err(error) => tracing::warn!(webhook = id, error = %error.without_url(), "webhook not delivered"),
            }
            let Some(wait) = waits.next() else {
                tracing::error!(webhook = id, "webhook given up");
                return;
            };
            tokio::time::sleep(*wait).await;
        }
    }

    fn sign(&self, body: &str) -> String {
        let now = clock::seconds();
        let sha256 = BASE64_STANDARD.encode(Sha256::digest(body.as_bytes()));
        let claims = Claims { iss: &self.api_key, exp: now + 300, nbf: now, iat: now, sha256 };
        jsonwebtoken::encode(&Header::default(), &claims, &self.secret).expect("HS256 over plain claims cannot fail")
    }
}

impl Line {
    /// Queues one event about an egress.
    pub fn say(&self, event: &str, info: &EgressInfo) {
        let (id, body) = written(event, info);
        self.send(&Letter { id, body, debt: None });
    }

    /// Queues the last word about an egress, of this run or of an earlier one; it is paid when every receiver has it.
    pub fn say_last(&self, owed: Owed, ledger: &Arc<Ledger>) {
        let Owed { egress_id, event_id, body } = owed;
        let debt = Debt { ledger: Arc::clone(ledger), egress_id, receivers: AtomicUsize::new(self.0.len()) };
        if self.0.is_empty() {
            debt.ledger.settle(&debt.egress_id);
        }
        self.send(&Letter { id: event_id, body, debt: Some(Arc::new(debt)) });
    }

    fn send(&self, letter: &Letter) {
        for sender in &self.0 {
            // The task ends only when every handle is gone, and this is one.
            let _ = sender.send(letter.clone());
        }
    }
}

/// The last event of an egress, to be kept before it is said.
pub fn last_word(event: &str, info: &EgressInfo) -> Owed {
    let (event_id, body) = written(event, info);
    Owed { egress_id: info.egress_id.clone(), event_id, body }
}

/// An event's id and its body.
fn written(event: &str, info: &EgressInfo) -> (String, String) {
    let id = format!("EV_{}", random_id());
    let event = WebhookEvent {
        event: event.to_owned(),
        egress_info: Some(info.clone()),
        id: id.clone(),
        created_at: clock::seconds(),
        ..Default::default()
    };
    (id, serde_json::to_string(&event).expect("a webhook event has only known enum values"))
}

/// Twelve letters and digits, as LiveKit's ids have.
pub fn random_id() -> String {
    rand::rng().sample_iter(Alphanumeric).take(12).map(char::from).collect()
}
