//! A relay in memory: it stores the desired states, pretends to receive, and reports. It can be down and forget
//! everything. Clones share it.

use async_trait::async_trait;
use footlight::{
    api::relay_control::{
        ConnectionTrial, DesiredSession, DestinationReport, DestinationState, IngestReport, IngestState, SessionReport, TrialResult,
    },
    domain::{
        ids::{DestinationId, Generation, SessionId},
        timestamp::Timestamp,
    },
    server::relay::{Relay, RelayError, RelayEvent},
};
use futures::stream::{BoxStream, StreamExt};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard},
};
use tokio::sync::broadcast;
use tokio_stream::wrappers::BroadcastStream;

/// Its state.
#[derive(Debug, Clone)]
pub struct FakeRelay(Arc<Mutex<State>>, broadcast::Sender<RelayEvent>);

#[derive(Debug, Default)]
struct State {
    sessions: BTreeMap<SessionId, (DesiredSession, SessionReport)>,
    down: bool,
    /// Sessions stay as they are, because their end is not answered.
    holds: bool,
    puts: usize,
    recordings: BTreeSet<SessionId>,
    /// The servers that were tried.
    trials: Vec<ConnectionTrial>,
    /// What comes of trying an address; the others answer.
    trial_results: BTreeMap<String, TrialResult>,
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

    /// Stops answering, or answers again.
    pub fn set_down(&self, down: bool) {
        self.lock().down = down;
    }

    /// Answers, but cannot end sessions; or can again.
    pub fn set_holding(&self, holds: bool) {
        self.lock().holds = holds;
    }

    /// It is restarted: every session is forgotten.
    pub fn forget(&self) {
        self.lock().sessions.clear();
    }

    /// What it was asked to do for a session.
    pub fn desired(&self, session: &SessionId) -> Option<DesiredSession> {
        self.lock().sessions.get(session).map(|(desired, _)| desired.clone())
    }

    /// The sessions it knows.
    pub fn known(&self) -> Vec<SessionId> {
        self.lock().sessions.keys().cloned().collect()
    }

    /// It has a recording of this session, as it would after a rehearsal.
    pub fn record(&self, session: &SessionId) {
        self.lock().recordings.insert(session.clone());
    }

    pub fn has_recording(&self, session: &SessionId) -> bool {
        self.lock().recordings.contains(session)
    }

    /// How often a desired state was put.
    pub fn puts(&self) -> usize {
        self.lock().puts
    }

    /// What comes of trying this address from now on.
    pub fn set_trial_result(&self, address: &str, result: TrialResult) {
        self.lock().trial_results.insert(address.to_owned(), result);
    }

    /// The servers that were tried, with their keys.
    pub fn trials(&self) -> Vec<ConnectionTrial> {
        self.lock().trials.clone()
    }

    /// The composite of a generation arrives (or of none), every destination takes it (or waits), and this is reported.
    pub fn play(&self, session: &SessionId, generation: Option<Generation>, uptime_ms: u64, at: Timestamp) -> Option<SessionReport> {
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
    pub fn measure(&self, session: &SessionId, at: Timestamp, change: impl FnOnce(&mut SessionReport)) -> Option<SessionReport> {
        let mut state = self.lock();
        let (_, report) = state.sessions.get_mut(session)?;
        change(report);
        report.at = at;
        // It is no error if nobody listens.
        let _ = self.1.send(RelayEvent::Session(Box::new(report.clone())));
        Some(report.clone())
    }
}

#[async_trait]
impl Relay for FakeRelay {
    async fn put(&self, session: &DesiredSession) -> Result<SessionReport, RelayError> {
        let mut state = self.up()?;
        state.puts += 1;
        let known = state.sessions.get(&session.session_id).map(|(_, report)| report.clone());
        let mut report = known.unwrap_or_else(|| SessionReport {
            session_id: session.session_id.clone(),
            at: Timestamp::default(),
            ingest: IngestReport::nothing(),
            destinations: Vec::new(),
        });
        let before = std::mem::take(&mut report.destinations);
        for desired in &session.destinations {
            let same = before.iter().find(|of| of.id == desired.id).cloned();
            report.destinations.push(same.unwrap_or_else(|| DestinationReport::waiting(desired.id.clone())));
        }
        state.sessions.insert(session.session_id.clone(), (session.clone(), report.clone()));
        Ok(report)
    }

    async fn delete(&self, session: &SessionId) -> Result<(), RelayError> {
        let mut state = self.up()?;
        if state.holds {
            return Err(RelayError::Unreachable("no answer in time".into()));
        }
        state.sessions.remove(session);
        Ok(())
    }

    async fn retry(&self, session: &SessionId, destination: &DestinationId) -> Result<(), RelayError> {
        let state = self.up()?;
        let found = state.sessions.get(session).and_then(|(_, report)| report.destinations.iter().find(|one| &one.id == destination));
        match found.map(|one| &one.state) {
            Some(DestinationState::Retrying { .. }) => Ok(()),
            _ => Err(RelayError::Refused("this destination is not being retried".into())),
        }
    }

    async fn delete_recording(&self, session: &SessionId) -> Result<bool, RelayError> {
        let mut state = self.up()?;
        if state.sessions.contains_key(session) {
            return Err(RelayError::Refused("409 Conflict the stream is running".into()));
        }
        Ok(state.recordings.remove(session))
    }

    async fn test(&self, trial: &ConnectionTrial) -> Result<TrialResult, RelayError> {
        let mut state = self.up()?;
        state.trials.push(trial.clone());
        Ok(state.trial_results.get(&trial.address).cloned().unwrap_or(TrialResult::Connected))
    }

    async fn sessions(&self) -> Result<Vec<SessionReport>, RelayError> {
        Ok(self.up()?.sessions.values().map(|(_, report)| report.clone()).collect())
    }

    async fn events(&self) -> Result<BoxStream<'static, RelayEvent>, RelayError> {
        drop(self.up()?);
        Ok(BroadcastStream::new(self.1.subscribe()).filter_map(|event| async { event.ok() }).boxed())
    }
}
