//! A relay in memory: it knows the shows it was put, receives what it is told to receive, and reports it. It can be told to
//! be down and to forget everything. Clones share it.

use super::{Relay, RelayError, RelayEvent};
use crate::{
    api::broadcast::{DestinationReport, DestinationState, IngestReport, IngestState, ShowReport, WantedShow},
    domain::{
        ids::{Generation, SessionId},
        timestamp::Timestamp,
    },
};
use async_trait::async_trait;
use futures::stream::{BoxStream, StreamExt};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
};
use tokio::sync::broadcast;
use tokio_stream::wrappers::BroadcastStream;

/// The whole of it.
#[derive(Debug, Clone)]
pub struct FakeRelay(Arc<Mutex<State>>, broadcast::Sender<RelayEvent>);

#[derive(Debug, Default)]
struct State {
    shows: BTreeMap<SessionId, (WantedShow, ShowReport)>,
    down: bool,
    puts: usize,
}

impl Default for FakeRelay {
    fn default() -> Self {
        Self(Arc::default(), broadcast::channel(256).0)
    }
}

impl FakeRelay {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no holder panics: nothing is called under this lock")
    }

    fn up(&self) -> Result<MutexGuard<'_, State>, RelayError> {
        let state = self.lock();
        if state.down { Err(RelayError::Unreachable("connection refused".into())) } else { Ok(state) }
    }

    /// Stops or goes on answering.
    pub fn set_down(&self, down: bool) {
        self.lock().down = down;
    }

    /// It is restarted: every show is forgotten.
    pub fn forget(&self) {
        self.lock().shows.clear();
    }

    /// What it was asked to do for a show.
    pub fn wanted(&self, session: &SessionId) -> Option<WantedShow> {
        self.lock().shows.get(session).map(|(wanted, _)| wanted.clone())
    }

    /// The shows it knows.
    pub fn known(&self) -> Vec<SessionId> {
        self.lock().shows.keys().cloned().collect()
    }

    /// How often it was put a show.
    pub fn puts(&self) -> usize {
        self.lock().puts
    }

    /// The composite of a generation arrives (or of none), every destination takes it (or waits), and this is reported.
    pub fn play(&self, session: &SessionId, generation: Option<Generation>, uptime_ms: u64, at: Timestamp) -> Option<ShowReport> {
        let taken = generation.is_some();
        self.measure(session, at, |report| {
            report.ingest.state = match generation {
                Some(generation) => IngestState::Receiving { generation, since: at },
                None => IngestState::Held { since: at },
            };
            for destination in &mut report.destinations {
                destination.state = if taken { DestinationState::Live { since: at } } else { destination.state.clone() };
                destination.last_progress_at = if taken { Some(at) } else { destination.last_progress_at };
                destination.uptime_ms = uptime_ms;
            }
        })
    }

    /// Something is measured and reported.
    pub fn measure(&self, session: &SessionId, at: Timestamp, change: impl FnOnce(&mut ShowReport)) -> Option<ShowReport> {
        let mut state = self.lock();
        let (_, report) = state.shows.get_mut(session)?;
        change(report);
        report.at = at;
        // Nobody listening is no fault.
        let _ = self.1.send(RelayEvent::Show(Box::new(report.clone())));
        Some(report.clone())
    }
}

#[async_trait]
impl Relay for FakeRelay {
    async fn put(&self, show: &WantedShow) -> Result<ShowReport, RelayError> {
        let mut state = self.up()?;
        state.puts += 1;
        let known = state.shows.get(&show.session_id).map(|(_, report)| report.clone());
        let mut report = known.unwrap_or_else(|| ShowReport {
            session_id: show.session_id.clone(),
            at: Timestamp::default(),
            ingest: IngestReport::nothing(),
            destinations: Vec::new(),
        });
        let before = std::mem::take(&mut report.destinations);
        for wanted in &show.destinations {
            let same = before.iter().find(|of| of.id == wanted.id).cloned();
            report.destinations.push(same.unwrap_or_else(|| DestinationReport::waiting(wanted.id.clone())));
        }
        state.shows.insert(show.session_id.clone(), (show.clone(), report.clone()));
        Ok(report)
    }

    async fn delete(&self, session: &SessionId) -> Result<(), RelayError> {
        self.up()?.shows.remove(session);
        Ok(())
    }

    async fn shows(&self) -> Result<Vec<ShowReport>, RelayError> {
        Ok(self.up()?.shows.values().map(|(_, report)| report.clone()).collect())
    }

    async fn events(&self) -> Result<BoxStream<'static, RelayEvent>, RelayError> {
        drop(self.up()?);
        Ok(BroadcastStream::new(self.1.subscribe()).filter_map(|event| async { event.ok() }).boxed())
    }
}
