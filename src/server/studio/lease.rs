//! Several replicas share the sessions: each session is led by the one that holds its lease, and only that one acts for it. A lease
//! that is not renewed runs out, so a replica that dies hands over within seconds. Leases avoid duplicate work;
//! correctness, should two replicas both act, comes from the revision that every stored change must follow.

use super::Studio;
use crate::{
    domain::{ids::SessionId, session::Session},
    server::error::{StudioResult, chain},
};
use std::{
    collections::{HashMap, HashSet},
    sync::MutexGuard,
    time::Duration,
};
use tokio::time::Instant;

/// A lease runs out after this long without renewal, by the store's clock.
pub const LEASE: Duration = Duration::from_secs(8);
/// A lease renewed this recently is not renewed again.
const FRESH: Duration = Duration::from_secs(2);

impl Studio {
    /// Whether this replica led the session when it last looked.
    pub(super) fn recently_led(&self, id: &SessionId) -> bool {
        self.leases().get(id).is_some_and(|at| at.elapsed() < LEASE)
    }

    /// Whether this replica leads the session; takes it over if nobody does.
    pub(super) async fn leads(&self, id: &SessionId) -> bool {
        let renewed = self.leases().get(id).copied();
        if renewed.is_some_and(|at| at.elapsed() < FRESH) {
            return true;
        }
        self.claim(id).await
    }

    /// Takes or renews the lease of a session.
    pub(super) async fn claim(&self, id: &SessionId) -> bool {
        let asked = Instant::now();
        match self.store().claim_lease(id, &self.config().replica, LEASE).await {
            Ok(true) => {
                if self.leases().insert(id.clone(), asked).is_none() {
                    tracing::info!(session = %id, "this replica leads the session");
                }
                true
            }
            Ok(false) => {
                if self.leases().remove(id).is_some() {
                    tracing::info!(session = %id, "another replica leads the session");
                }
                false
            }
            Err(error) => {
                tracing::warn!(session = %id, error = %chain(&error), "a lease could not be renewed");
                self.leases().get(id).is_some_and(|at| at.elapsed() < LEASE)
            }
        }
    }

    /// Gives every lease back, so that another replica goes on at once.
    pub async fn hand_over(&self) {
        self.leases().clear();
        if let Err(error) = self.store().release_leases(&self.config().replica).await {
            tracing::warn!(error = %chain(&error), "the leases could not be given back; they run out");
        }
    }

    /// Announces what other replicas have stored: the events of this process's clients come from this process.
    pub(super) async fn announce_changes(&self, active: &[Session]) -> StudioResult<()> {
        let known = self.announced().clone();
        for session in active.iter().filter(|session| known.get(&session.id) != Some(&session.revision)) {
            self.announce(session).await;
        }
        let running: HashSet<_> = active.iter().map(|session| &session.id).collect();
        for (id, revision) in known.iter().filter(|(id, _)| !running.contains(id)) {
            if let Some(session) = self.store().session(id).await? {
                if session.state.is_active() {
                    continue;
                }
                if session.revision != *revision {
                    self.announce(&session).await;
                }
            }
            self.announced().remove(id);
            self.leases().remove(id);
        }
        Ok(())
    }

    fn leases(&self) -> MutexGuard<'_, HashMap<SessionId, Instant>> {
        self.0.leases.lock().expect("no holder panics: nothing is called under this lock")
    }

    pub(super) fn announced(&self) -> MutexGuard<'_, HashMap<SessionId, u64>> {
        self.0.announced.lock().expect("no holder panics: nothing is called under this lock")
    }
}
