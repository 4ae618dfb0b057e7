//! Ports of a process that is killed after a number of calls.

use async_trait::async_trait;
use footlight::{
    api::broadcast::{ShowReport, WantedShow},
    domain::ids::{EgressId, SessionId},
    server::{
        life::Life,
        livekit::{EgressFacts, EgressRequest, LiveKit, LiveKitError, Slots, fake::FakeLiveKit},
        relay::{Relay, RelayError, RelayEvent, fake::FakeRelay},
    },
};
use futures::stream::BoxStream;
use std::time::Duration;

pub struct MortalLiveKit(pub FakeLiveKit, pub Life);
pub struct MortalRelay(pub FakeRelay, pub Life);

#[async_trait]
impl LiveKit for MortalLiveKit {
    async fn ping(&self) -> Result<(), LiveKitError> {
        self.1.go_on().await;
        self.0.ping().await
    }
    async fn create_room(&self, name: &str, empty: Duration, departure: Duration) -> Result<(), LiveKitError> {
        self.1.go_on().await;
        self.0.create_room(name, empty, departure).await
    }
    async fn delete_room(&self, name: &str) -> Result<(), LiveKitError> {
        self.1.go_on().await;
        self.0.delete_room(name).await
    }
    async fn rooms(&self) -> Result<Vec<String>, LiveKitError> {
        self.1.go_on().await;
        self.0.rooms().await
    }
    async fn participants(&self, room: &str) -> Result<Vec<String>, LiveKitError> {
        self.1.go_on().await;
        self.0.participants(room).await
    }
    async fn start_egress(&self, request: &EgressRequest) -> Result<EgressId, LiveKitError> {
        self.1.go_on().await;
        self.0.start_egress(request).await
    }
    async fn stop_egress(&self, id: &EgressId) -> Result<(), LiveKitError> {
        self.1.go_on().await;
        self.0.stop_egress(id).await
    }
    async fn egresses(&self) -> Result<Vec<EgressFacts>, LiveKitError> {
        self.1.go_on().await;
        self.0.egresses().await
    }
    async fn slots(&self) -> Result<Option<Slots>, LiveKitError> {
        self.1.go_on().await;
        self.0.slots().await
    }
}

#[async_trait]
impl Relay for MortalRelay {
    async fn put(&self, show: &WantedShow) -> Result<ShowReport, RelayError> {
        self.1.go_on().await;
        self.0.put(show).await
    }
    async fn delete(&self, session: &SessionId) -> Result<(), RelayError> {
        self.1.go_on().await;
        self.0.delete(session).await
    }
    async fn shows(&self) -> Result<Vec<ShowReport>, RelayError> {
        self.1.go_on().await;
        self.0.shows().await
    }
    async fn events(&self) -> Result<BoxStream<'static, RelayEvent>, RelayError> {
        self.0.events().await
    }
}
