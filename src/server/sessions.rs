//! Sessions as their owners handle them: started, stopped, changed, read and listed.

mod defaults;
pub mod deletion;
mod destinations;
mod idempotency;
pub mod listing;
mod preflight;
mod retry;
mod setup;
mod start;
mod timeline;

use super::{
    accounts::audit::AuditLog,
    auth::caller::Caller,
    destinations::Destinations,
    error::StudioResult,
    ports::Ports,
    reconcile::{Reconciler, ending::STOP_WAITS},
    registry::SessionRegistry,
    validation::stop_reason,
};
use crate::{
    api::{public_http::SessionPage, sessions::SessionView},
    domain::{
        ids::SessionId,
        session::{Actor, EndReason, Outcome},
    },
};
use listing::Listing;
use std::sync::Arc;

/// Sessions on one page of a list.
const PAGE: usize = 50;

/// The sessions of callers. Cheap to clone.
#[derive(Clone)]
pub struct Sessions {
    ports: Arc<Ports>,
    registry: SessionRegistry,
    reconciler: Reconciler,
    destinations: Destinations,
    audit: AuditLog,
}

impl Sessions {
    pub const fn new(
        ports: Arc<Ports>,
        registry: SessionRegistry,
        reconciler: Reconciler,
        destinations: Destinations,
        audit: AuditLog,
    ) -> Self {
        Self { ports, registry, reconciler, destinations, audit }
    }

    /// Ends a session; one that is ending or over stays as it is. `reason` is the caller's own, and is kept.
    ///
    /// # Errors
    /// Not the caller's, the reason is too long or no plain text, or the store failed.
    pub async fn stop(&self, caller: &Caller, id: &SessionId, reason: Option<String>) -> StudioResult<SessionView> {
        let session = self.registry.own(caller, id).await?;
        let note = stop_reason(reason.as_deref().unwrap_or_default())?;
        let (actor, reason) = if caller.owns(&session) {
            (caller.actor(), EndReason::Stopped { note })
        } else {
            (Actor::Admin, EndReason::StoppedByAdmin { note })
        };
        self.reconciler.start_ending(id, actor, Outcome::Ended(reason)).await?;
        self.audit.note_admin_action(caller, &session, "was stopped").await;
        self.reconciler.wait_until_ended(id, STOP_WAITS).await?;
        self.session(caller, id).await
    }

    /// One session.
    ///
    /// # Errors
    /// Not the caller's.
    pub async fn session(&self, caller: &Caller, id: &SessionId) -> StudioResult<SessionView> {
        let session = self.registry.own(caller, id).await?;
        let view = self.registry.complete_view(&session).await;
        Ok(if caller.is_admin() { view } else { view.for_owner() })
    }

    /// The caller's running session.
    ///
    /// # Errors
    /// The store failed.
    pub async fn running(&self, caller: &Caller) -> StudioResult<Option<SessionView>> {
        match self.ports.store.active_session_of(&caller.owner()).await? {
            Some(session) => Ok(Some(self.registry.view(&session).await.for_owner())),
            None => Ok(None),
        }
    }

    /// A page of the caller's sessions, newest first: those behind `behind`, or the first ones.
    ///
    /// # Errors
    /// The store failed.
    pub async fn mine(&self, caller: &Caller, behind: Option<SessionId>) -> StudioResult<SessionPage> {
        let listing = Listing { user: Some(caller.user.id.clone()), cursor: behind, limit: PAGE, ..Listing::default() };
        let page = self.list(caller, listing).await?;
        Ok(SessionPage { sessions: page.sessions.into_iter().map(SessionView::for_owner).collect(), ..page })
    }

    /// The current view of a session, for a starting feed and for public sessions.
    ///
    /// # Errors
    /// The store failed.
    pub async fn feed_view(&self, id: &SessionId) -> StudioResult<Option<SessionView>> {
        self.registry.feed_view(id).await
    }

    /// Whether the caller may follow a session.
    ///
    /// # Errors
    /// Not the caller's.
    pub async fn may_follow(&self, caller: &Caller, id: &SessionId) -> StudioResult<()> {
        self.registry.own(caller, id).await.map(drop)
    }
}
