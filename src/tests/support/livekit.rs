//! LiveKit in memory: rooms, participants and egresses with their states; it can be down, lose a response, or refuse.
//! Clones share it. It has no clock: tests drive it.

use async_trait::async_trait;
use footlight::{
    domain::{ids::EgressId, timestamp::Timestamp},
    server::livekit::{EgressPhase, EgressRequest, LiveKit, LiveKitError, ObservedEgress, Reason, Sandbox, Slots},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

/// Its state.
#[derive(Debug, Clone, Default)]
pub struct FakeLiveKit(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    rooms: BTreeMap<String, BTreeSet<String>>,
    egresses: Vec<(ObservedEgress, String)>,
    slots: Option<u32>,
    sandbox: Sandbox,
    down: bool,
    lost_answers: u32,
    refusals: Vec<LiveKitError>,
    starts: usize,
}

impl FakeLiveKit {
    /// With this many egress slots; without, a fleet that does not report them.
    pub fn with_slots(total: u32) -> Self {
        let fake = Self::default();
        fake.lock().slots = Some(total);
        fake
    }

    /// What the local egress says of itself from now on: its slots, and its browser's sandbox.
    pub fn set_engine(&self, slots: u32, sandbox: Sandbox) {
        let mut state = self.lock();
        (state.slots, state.sandbox) = (Some(slots), sandbox);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no holder panics: nothing is called under this lock")
    }

    fn up(&self) -> Result<MutexGuard<'_, State>, LiveKitError> {
        let state = self.lock();
        if state.down { Err(LiveKitError::Down(Reason("connection refused".into()))) } else { Ok(state) }
    }

    /// Stops answering, or answers again.
    pub fn set_down(&self, down: bool) {
        self.lock().down = down;
    }

    /// The next starts succeed, but their responses are lost.
    pub fn lose_answers(&self, count: u32) {
        self.lock().lost_answers = count;
    }

    /// The next starts get this answer.
    pub fn refuse(&self, with: impl IntoIterator<Item = LiveKitError>) {
        self.lock().refusals.extend(with);
    }

    /// Somebody joins a room that is there.
    pub fn join(&self, room: &str, identity: &str) {
        if let Some(there) = self.lock().rooms.get_mut(room) {
            there.insert(identity.to_owned());
        }
    }

    pub fn leave(&self, room: &str, identity: &str) {
        if let Some(there) = self.lock().rooms.get_mut(room) {
            there.remove(identity);
        }
    }

    /// It is restarted: every room is forgotten.
    pub fn forget_rooms(&self) {
        self.lock().rooms.clear();
    }

    /// An egress of somebody else's, or of this deployment's after a crash.
    pub fn add_egress(&self, id: &str, page_url: &str) {
        let observed = ObservedEgress {
            id: id.parse().expect("an id"),
            phase: EgressPhase::Active,
            page_url: page_url.to_owned(),
            error: None,
            updated_at: Timestamp::default(),
        };
        self.lock().egresses.push((observed, String::new()));
    }

    /// An egress changes its state individually.
    pub fn set_phase(&self, id: &EgressId, phase: EgressPhase, error: Option<&str>) {
        if let Some((observed, _)) = self.lock().egresses.iter_mut().find(|(observed, _)| &observed.id == id) {
            observed.phase = phase;
            observed.error = error.map(str::to_owned);
        }
    }

    /// The egresses that run, oldest first.
    pub fn running(&self) -> Vec<ObservedEgress> {
        let state = self.lock();
        state.egresses.iter().filter(|(observed, _)| observed.phase != EgressPhase::Over).map(|(observed, _)| observed.clone()).collect()
    }

    /// Where an egress publishes.
    pub fn output_of(&self, id: &EgressId) -> Option<String> {
        self.lock().egresses.iter().find(|(observed, _)| &observed.id == id).map(|(_, output)| output.clone())
    }

    /// How many starts were accepted so far.
    pub fn starts(&self) -> usize {
        self.lock().starts
    }
}

#[async_trait]
impl LiveKit for FakeLiveKit {
    async fn ping(&self) -> Result<(), LiveKitError> {
        self.up().map(drop)
    }

    async fn create_room(&self, name: &str, _: Duration, _: Duration) -> Result<(), LiveKitError> {
        self.up()?.rooms.entry(name.to_owned()).or_default();
        Ok(())
    }

    async fn delete_room(&self, name: &str) -> Result<(), LiveKitError> {
        self.up()?.rooms.remove(name);
        Ok(())
    }

    async fn rooms(&self) -> Result<Vec<String>, LiveKitError> {
        Ok(self.up()?.rooms.keys().cloned().collect())
    }

    async fn participants(&self, room: &str) -> Result<Vec<String>, LiveKitError> {
        Ok(self.up()?.rooms.get(room).map(|there| there.iter().cloned().collect()).unwrap_or_default())
    }

    async fn start_egress(&self, request: &EgressRequest) -> Result<EgressId, LiveKitError> {
        let mut state = self.up()?;
        if !state.refusals.is_empty() {
            return Err(state.refusals.remove(0));
        }
        let used = state.egresses.iter().filter(|(observed, _)| observed.phase != EgressPhase::Over).count();
        if state.slots.is_some_and(|total| used >= total as usize) {
            return Err(LiveKitError::NoSlot);
        }
        state.starts += 1;
        let id: EgressId = format!("EG_fake{}", state.starts).parse().expect("an id");
        let observed = ObservedEgress {
            id: id.clone(),
            phase: EgressPhase::Starting,
            page_url: request.page_url.clone(),
            error: None,
            updated_at: Timestamp::default(),
        };
        state.egresses.push((observed, request.output_url.clone()));
        if state.lost_answers > 0 {
            state.lost_answers -= 1;
            return Err(LiveKitError::Unreachable(Reason("no answer in time".into())));
        }
        Ok(id)
    }

    async fn stop_egress(&self, id: &EgressId) -> Result<(), LiveKitError> {
        let mut state = self.up()?;
        if let Some((observed, _)) = state.egresses.iter_mut().find(|(observed, _)| &observed.id == id) {
            observed.phase = EgressPhase::Over;
        }
        Ok(())
    }

    async fn egresses(&self) -> Result<Vec<ObservedEgress>, LiveKitError> {
        Ok(self.up()?.egresses.iter().map(|(observed, _)| observed.clone()).collect())
    }

    async fn slots(&self) -> Result<Option<Slots>, LiveKitError> {
        let state = self.up()?;
        let used = state.egresses.iter().filter(|(observed, _)| observed.phase != EgressPhase::Over).count();
        Ok(state.slots.map(|total| Slots { total, used: u32::try_from(used).unwrap_or(u32::MAX), sandbox: state.sandbox }))
    }
}
