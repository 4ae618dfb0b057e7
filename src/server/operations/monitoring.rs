//! Readiness, and what the metrics show of the present.

use crate::server::{error::chain, feed::Feed, livekit::Slots, metrics, ports::Ports};
use std::sync::Arc;

/// Pending deliveries that are counted, at most.
const MOST_COUNTED: usize = 1_000;

/// What monitoring asks for. Cheap to clone.
#[derive(Clone)]
pub struct Monitoring {
    ports: Arc<Ports>,
    feed: Feed,
}

impl Monitoring {
    pub const fn new(ports: Arc<Ports>, feed: Feed) -> Self {
        Self { ports, feed }
    }

    /// LiveKit and the store answer, or why not.
    pub async fn ready(&self) -> Vec<(&'static str, Result<(), String>)> {
        let store = self.ports.store.ping().await.map_err(|error| chain(&error));
        let livekit = self.ports.livekit.ping().await.map_err(|error| chain(&error));
        vec![("store", store), ("livekit", livekit)]
    }

    /// Everything in Prometheus' text format. What cannot be asked now is left out; its absence is what an alert looks for.
    pub async fn metrics(&self) -> String {
        // Before anything is counted there must be something that counts.
        metrics::handle();
        match self.ports.store.active_sessions().await {
            Ok(active) => {
                let names: Vec<_> = active.iter().map(|session| session.state.name()).collect();
                metrics::sessions(&names, active.iter().filter(|session| !session.health.is_empty()).count());
            }
            Err(error) => tracing::warn!(error = %chain(&error), "sessions could not be counted"),
        }
        if let Ok(Some(Slots { total, used })) = self.ports.livekit.slots().await {
            metrics::slots(total, used);
        }
        metrics::feed_listeners(self.feed.open_feeds().count());
        if let Ok(pending) = self.ports.store.pending_deliveries(MOST_COUNTED).await {
            metrics::deliveries_pending(pending.len());
        }
        metrics::render()
    }
}
