//! A LiveKit and a relay that do at once what they are asked and remember it.

use async_trait::async_trait;
use footlight::{
    api::broadcast::{DestinationReport, DestinationState, IngestReport, IngestState, ShowReport, WantedShow},
    domain::{
        ids::{EgressId, SessionId},
        timestamp::Timestamp,
    },
    server::{
        livekit::{EgressFacts, EgressPhase, EgressRequest, LiveKit, LiveKitError, Slots},
        relay::{Relay, RelayError, RelayEvent},
    },
};
use futures::{StreamExt, stream::BoxStream};
use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Default)]
pub struct Rooms {
    egresses: Mutex<Vec<EgressFacts>>,
}

#[async_trait]
impl LiveKit for Rooms {
    async fn ping(&self) -> Result<(), LiveKitError> {
        Ok(())
    }
    async fn create_room(&self, _name: &str, _empty: Duration, _departure: Duration) -> Result<(), LiveKitError> {
        Ok(())
    }
    async fn delete_room(&self, _name: &str) -> Result<(), LiveKitError> {
        Ok(())
    }
    async fn rooms(&self) -> Result<Vec<String>, LiveKitError> {
        Ok(Vec::new())
    }
    async fn participants(&self, _room: &str) -> Result<Vec<String>, LiveKitError> {
        Ok(Vec::new())
    }
    async fn start_egress(&self, request: &EgressRequest) -> Result<EgressId, LiveKitError> {
        let mut egresses = lock(&self.egresses);
        let id: EgressId = format!("EG_{}", egresses.len() + 1).parse().expect("an id");
        let facts = EgressFacts {
            id: id.clone(),
            phase: EgressPhase::Active,
            page_url: request.page_url.clone(),
            error: None,
            updated_at: Timestamp::default(),
        };
        egresses.push(facts);
        Ok(id)
    }
    async fn stop_egress(&self, id: &EgressId) -> Result<(), LiveKitError> {
        lock(&self.egresses).iter_mut().filter(|egress| &egress.id == id).for_each(|egress| egress.phase = EgressPhase::Over);
        Ok(())
    }
    async fn egresses(&self) -> Result<Vec<EgressFacts>, LiveKitError> {
        Ok(lock(&self.egresses).clone())
    }
    async fn slots(&self) -> Result<Option<Slots>, LiveKitError> {
        Ok(None)
    }
}

impl Rooms {
    /// The overlay's address of the latest egress.
    pub fn latest_page(&self) -> Option<String> {
        lock(&self.egresses).last().map(|egress| egress.page_url.clone())
    }
}

#[derive(Default)]
pub struct Remembering {
    shows: Mutex<BTreeMap<SessionId, WantedShow>>,
}

fn report(show: &WantedShow) -> ShowReport {
    let destination = |id: &footlight::domain::ids::DestinationId| DestinationReport {
        id: id.clone(),
        state: DestinationState::Waiting,
        bytes_written: 0,
        bytes_acknowledged: None,
        last_progress_at: None,
        bitrate_kbps: 0,
        reconnects: 0,
        dropped_groups: 0,
        uptime_ms: 0,
    };
    ShowReport {
        session_id: show.session_id.clone(),
        at: Timestamp::default(),
        ingest: IngestReport {
            state: IngestState::Waiting,
            fps: 0.0,
            bitrate_kbps: 0,
            keyframe_interval_ms: None,
            audio: false,
            av_skew_ms: None,
            refusal: None,
        },
        destinations: show.destinations.iter().map(|wanted| destination(&wanted.id)).collect(),
    }
}

#[async_trait]
impl Relay for Remembering {
    async fn put(&self, show: &WantedShow) -> Result<ShowReport, RelayError> {
        lock(&self.shows).insert(show.session_id.clone(), show.clone());
        Ok(report(show))
    }
    async fn delete(&self, session: &SessionId) -> Result<(), RelayError> {
        lock(&self.shows).remove(session);
        Ok(())
    }
    async fn shows(&self) -> Result<Vec<ShowReport>, RelayError> {
        Ok(lock(&self.shows).values().map(report).collect())
    }
    async fn events(&self) -> Result<BoxStream<'static, RelayEvent>, RelayError> {
        Ok(futures::stream::pending().boxed())
    }
}
