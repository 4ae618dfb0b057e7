//! Ports of a process that is killed after a number of calls.

use super::{crash_budget::CrashBudget, livekit::FakeLiveKit, relay::FakeRelay};
use async_trait::async_trait;
use footlight::{
    api::relay_control::{ConnectionTrial, DesiredSession, SessionReport, TrialResult},
    domain::ids::{DestinationId, EgressId, SessionId},
    server::{
        livekit::{EgressRequest, LiveKit, LiveKitError, ObservedEgress, Slots},
        relay::{Relay, RelayError, RelayEvent},
    },
};
use futures::stream::BoxStream;
use std::time::Duration;

pub struct CrashingLiveKit(pub FakeLiveKit, pub CrashBudget);
pub struct CrashingRelay(pub FakeRelay, pub CrashBudget);

#[async_trait]
impl LiveKit for CrashingLiveKit {
    async fn ping(&self) -> Result<(), LiveKitError> {
        self.1.spend().await;
        self.0.ping().await
    }
    async fn create_room(&self, name: &str, empty: Duration, departure: Duration) -> Result<(), LiveKitError> {
        self.1.spend().await;
        self.0.create_room(name, empty, departure).await
    }
    async fn delete_room(&self, name: &str) -> Result<(), LiveKitError> {
        self.1.spend().await;
        self.0.delete_room(name).await
    }
    async fn rooms(&self) -> Result<Vec<String>, LiveKitError> {
        self.1.spend().await;
        self.0.rooms().await
    }
    async fn participants(&self, room: &str) -> Result<Vec<String>, LiveKitError> {
        self.1.spend().await;
        self.0.participants(room).await
    }
    async fn start_egress(&self, request: &EgressRequest) -> Result<EgressId, LiveKitError> {
        self.1.spend().await;
        self.0.start_egress(request).await
    }
    async fn stop_egress(&self, id: &EgressId) -> Result<(), LiveKitError> {
        self.1.spend().await;
        self.0.stop_egress(id).await
    }
    async fn egresses(&self) -> Result<Vec<ObservedEgress>, LiveKitError> {
        self.1.spend().await;
        self.0.egresses().await
    }
    async fn slots(&self) -> Result<Option<Slots>, LiveKitError> {
        self.1.spend().await;
        self.0.slots().await
    }
}

#[async_trait]
impl Relay for CrashingRelay {
    async fn put(&self, session: &DesiredSession) -> Result<SessionReport, RelayError> {
        self.1.spend().await;
        self.0.put(session).await
    }
    async fn delete(&self, session: &SessionId) -> Result<(), RelayError> {
        self.1.spend().await;
        self.0.delete(session).await
    }
    async fn retry(&self, session: &SessionId, destination: &DestinationId) -> Result<(), RelayError> {
        self.1.spend().await;
        self.0.retry(session, destination).await
    }
    async fn delete_recording(&self, session: &SessionId) -> Result<bool, RelayError> {
        self.1.spend().await;
        self.0.delete_recording(session).await
    }
    async fn test(&self, trial: &ConnectionTrial) -> Result<TrialResult, RelayError> {
        self.1.spend().await;
        self.0.test(trial).await
    }
    async fn sessions(&self) -> Result<Vec<SessionReport>, RelayError> {
        self.1.spend().await;
        self.0.sessions().await
    }
    async fn events(&self) -> Result<BoxStream<'static, RelayEvent>, RelayError> {
        self.0.events().await
    }
}
