//! Readiness, and what the metrics show of the present. Both ask other parts, so an answer serves everybody for a second.

use crate::server::{error::chain, feed::Feed, livekit::Slots, metrics, ports::Ports};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};

/// Pending deliveries that are counted, at most.
const MOST_COUNTED: usize = 1_000;
const ANSWER_SERVES: Duration = Duration::from_secs(1);
/// A part that takes longer does not answer.
const ASK_WITHIN: Duration = Duration::from_secs(3);

/// Each part's name, and why it does not answer.
pub type Checks = Vec<(&'static str, Result<(), String>)>;

/// What monitoring asks for. Cheap to clone.
#[derive(Clone)]
pub struct Monitoring {
    ports: Arc<Ports>,
    feed: Feed,
    ready: Shared<Checks>,
    text: Shared<String>,
}

/// The last answer and when it was made. Who asks meanwhile waits for the one that is being made.
type Shared<T> = Arc<Mutex<Option<(Instant, T)>>>;

impl Monitoring {
    pub fn new(ports: Arc<Ports>, feed: Feed) -> Self {
        Self { ports, feed, ready: Shared::default(), text: Shared::default() }
    }

    /// LiveKit and the store answer, or why not.
    pub async fn ready(&self) -> Checks {
        shared(&self.ready, async {
            let (store, livekit) = tokio::join!(within(self.ports.store.ping()), within(self.ports.livekit.ping()));
            vec![("store", store), ("livekit", livekit)]
        })
        .await
    }

    /// Everything in Prometheus' text format. What cannot be asked now is left out; its absence is what an alert looks for.
    pub async fn metrics(&self) -> String {
        shared(&self.text, self.measure()).await
    }

    async fn measure(&self) -> String {
        // Before anything is counted there must be something that counts.
        metrics::handle();
        match self.ports.store.active_sessions().await {
            Ok(active) => {
                let names: Vec<_> = active.iter().map(|session| session.state.name()).collect();
                metrics::sessions(&names, active.iter().filter(|session| !session.health.is_empty()).count());
            }
            Err(error) => tracing::warn!(error = %chain(&error), "sessions could not be counted"),
        }
        if let Ok(Ok(Some(Slots { total, used, .. }))) = timeout(ASK_WITHIN, self.ports.livekit.slots()).await {
            metrics::slots(total, used);
        }
        metrics::feed_listeners(self.feed.open_feeds().count());
        if let Ok(pending) = self.ports.store.pending_deliveries(MOST_COUNTED).await {
            metrics::deliveries_pending(pending.len());
        }
        metrics::render()
    }
}

/// The last answer, or a new one.
async fn shared<T: Clone>(last: &Mutex<Option<(Instant, T)>>, make: impl Future<Output = T>) -> T {
    let mut last = last.lock().await;
    match &*last {
        Some((at, answer)) if at.elapsed() < ANSWER_SERVES => answer.clone(),
        _ => {
            let answer = make.await;
            *last = Some((Instant::now(), answer.clone()));
            answer
        }
    }
}

async fn within<E: std::error::Error>(answer: impl Future<Output = Result<(), E>>) -> Result<(), String> {
    match timeout(ASK_WITHIN, answer).await {
        Ok(answered) => answered.map_err(|error| chain(&error)),
        Err(_) => Err(format!("no answer within {} s", ASK_WITHIN.as_secs())),
    }
}
