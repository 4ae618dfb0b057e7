//! LiveKit, with every call timed and traced.

use super::{EgressRequest, LiveKit, LiveKitError, ObservedEgress, Slots};
use crate::{domain::ids::EgressId, server::metrics::livekit_call};
use async_trait::async_trait;
use std::time::{Duration, Instant};
use tracing::Instrument;

pub struct Timed<L>(pub L);

async fn timed<T>(call: &'static str, answer: impl Future<Output = T>) -> T {
    let since = Instant::now();
    let answer = answer.instrument(tracing::info_span!("livekit", otel.kind = "client", call)).await;
    livekit_call(call, since);
    answer
}

#[async_trait]
impl<L: LiveKit> LiveKit for Timed<L> {
    async fn ping(&self) -> Result<(), LiveKitError> {
        timed("ping", self.0.ping()).await
    }
    async fn create_room(&self, name: &str, empty: Duration, departure: Duration) -> Result<(), LiveKitError> {
        timed("create_room", self.0.create_room(name, empty, departure)).await
    }
    async fn delete_room(&self, name: &str) -> Result<(), LiveKitError> {
        timed("delete_room", self.0.delete_room(name)).await
    }
    async fn rooms(&self) -> Result<Vec<String>, LiveKitError> {
        timed("rooms", self.0.rooms()).await
    }
    async fn participants(&self, room: &str) -> Result<Vec<String>, LiveKitError> {
        timed("participants", self.0.participants(room)).await
    }
    async fn start_egress(&self, request: &EgressRequest) -> Result<EgressId, LiveKitError> {
        timed("start_egress", self.0.start_egress(request)).await
    }
    async fn stop_egress(&self, id: &EgressId) -> Result<(), LiveKitError> {
        timed("stop_egress", self.0.stop_egress(id)).await
    }
    async fn egresses(&self) -> Result<Vec<ObservedEgress>, LiveKitError> {
        timed("egresses", self.0.egresses()).await
    }
    async fn slots(&self) -> Result<Option<Slots>, LiveKitError> {
        timed("slots", self.0.slots()).await
    }
}
