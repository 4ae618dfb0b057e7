//! Several replicas share the sessions: each session is led by the one that holds its lease, and only that one acts for it. A lease
//! that is not renewed runs out, so a replica that dies hands over within seconds. Leases avoid duplicate work;
//! correctness, should two replicas both act, comes from the revision that every stored change must follow.

use crate::{
    domain::ids::SessionId,
    server::{error::chain, ports::Ports},
};
use parking_lot::{Mutex, MutexGuard};
use std::{collections::HashMap, sync::Arc, time::Duration};
use tokio::time::Instant;

/// A lease runs out after this long without renewal, by the store's clock.
pub const LEASE: Duration = Duration::from_secs(8);
/// A lease renewed this recently is not renewed again.
const FRESH: Duration = Duration::from_secs(2);

/// The sessions this replica leads, and when it last said so to the store.
#[derive(Clone)]
pub(super) struct Leases {
    ports: Arc<Ports>,
    renewed: Arc<Mutex<HashMap<SessionId, Instant>>>,
}

impl Leases {
    pub(super) fn new(ports: Arc<Ports>) -> Self {
        Self { ports, renewed: Arc::default() }
    }

    /// Whether this replica led the session when it last looked.
    pub(super) fn recently_led(&self, id: &SessionId) -> bool {
        self.renewed().get(id).is_some_and(|at| at.elapsed() < LEASE)
    }

    /// Whether this replica leads the session; takes it over if nobody does.
    pub(super) async fn leads(&self, id: &SessionId) -> bool {
        let renewed = self.renewed().get(id).copied();
        if renewed.is_some_and(|at| at.elapsed() < FRESH) {
            return true;
        }
        self.claim(id).await
    }

    /// Takes or renews the lease of a session.
    pub(super) async fn claim(&self, id: &SessionId) -> bool {
        let asked = Instant::now();
        match self.ports.store.claim_lease(id, &self.ports.config.replica, LEASE).await {
            Ok(true) => {
                if self.renewed().insert(id.clone(), asked).is_none() {
                    tracing::info!(session = %id, "this replica leads the session");
                }
                true
            }
            Ok(false) => {
                if self.renewed().remove(id).is_some() {
                    tracing::info!(session = %id, "another replica leads the session");
                }
                false
            }
            Err(error) => {
                tracing::warn!(session = %id, error = %chain(&error), "a lease could not be renewed");
                self.renewed().get(id).is_some_and(|at| at.elapsed() < LEASE)
            }
        }
    }

    /// Gives every lease back, so that another replica goes on at once.
    pub(super) async fn hand_over(&self) {
        self.renewed().clear();
        if let Err(error) = self.ports.store.release_leases(&self.ports.config.replica).await {
            tracing::warn!(error = %chain(&error), "the leases could not be given back; they run out");
        }
    }

    /// A session is over.
    pub(super) fn forget(&self, id: &SessionId) {
        self.renewed().remove(id);
    }

    fn renewed(&self) -> MutexGuard<'_, HashMap<SessionId, Instant>> {
        self.renewed.lock()
    }
}
