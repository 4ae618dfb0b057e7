//! Lists of sessions for the API: filtered, in pages that stay right while shows come in; and what came of each.

use super::Sessions;
use crate::{
    api::{
        public_http::{DestinationStatistics, SessionPage, Statistics},
        sessions::SessionView,
    },
    domain::{
        destination::Platform,
        ids::{AgentId, SessionId, UserId},
        session::{Owner, Session, SessionStatus},
        timestamp::Timestamp,
    },
    server::{auth::caller::Caller, error::StudioResult, store::SessionFilter},
};

/// Sessions in one answer, at most, and where nothing is said.
pub const MOST_LISTED: usize = 100;
/// Sessions read for one answer, at most: a filter that fits few is continued by the cursor.
const MOST_READ: usize = 1_000;

/// Which sessions are listed.
#[derive(Debug, Clone, Default)]
pub struct Listing {
    /// Only these; all if empty.
    pub status: Vec<SessionStatus>,
    /// Only with a destination there.
    pub platform: Option<Platform>,
    pub agent: Option<AgentId>,
    /// Only this account's; for administrators.
    pub user: Option<UserId>,
    /// Only asked for at or after.
    pub from: Option<Timestamp>,
    /// Only asked for before.
    pub to: Option<Timestamp>,
    /// Only with this in title, names or ids; lower case.
    pub search: String,
    /// The oldest first instead of the newest.
    pub oldest_first: bool,
    /// Only after this one in the list.
    pub cursor: Option<SessionId>,
    /// At most so many.
    pub limit: usize,
}

impl Sessions {
    /// The caller's sessions, an administrator's all, the newest first.
    ///
    /// # Errors
    /// The store failed.
    pub async fn list(&self, caller: &Caller, listing: Listing) -> StudioResult<SessionPage> {
        let limit = listing.limit.clamp(1, MOST_LISTED);
        let account = if caller.is_admin() { listing.user.clone() } else { Some(caller.user.id.clone()) };
        let active = (!listing.status.is_empty()).then(|| {
            let running = |status: &SessionStatus| !status.is_over();
            (listing.status.iter().all(running), listing.status.iter().any(running))
        });
        let active = match active {
            Some((true, _)) => Some(true),
            Some((_, false)) => Some(false),
            _ => None,
        };
        let state = (listing.status.len() == 1 && account.is_none()).then(|| listing.status[0]);
        let behind = listing.begin();
        let mut filter = SessionFilter { account, active, state, behind, oldest_first: listing.oldest_first, limit: MOST_LISTED };
        let (mut sessions, mut read) = (Vec::new(), 0);
        loop {
            let page = self.ports.store.sessions(&filter).await?;
            read += page.len();
            let last_page = page.len() < filter.limit;
            for session in page {
                if listing.is_past(&session) {
                    return Ok(SessionPage { sessions, next_cursor: None });
                }
                filter.behind = Some(session.id.clone());
                if !(caller.is_admin() || caller.owns(&session)) || !listing.fits(&session) {
                    continue;
                }
                let view = self.registry.view(&session).await;
                if listing.finds(&view) {
                    sessions.push(if caller.is_admin() { view } else { view.for_owner() });
                    if sessions.len() == limit {
                        return Ok(SessionPage { sessions, next_cursor: filter.behind });
                    }
                }
            }
            if last_page {
                return Ok(SessionPage { sessions, next_cursor: None });
            }
            if read >= MOST_READ {
                return Ok(SessionPage { sessions, next_cursor: filter.behind });
            }
        }
    }

    /// What came of a session, also while it runs.
    ///
    /// # Errors
    /// The store failed.
    pub async fn statistics(&self, view: &SessionView) -> StudioResult<Statistics> {
        let counts = self.ports.store.feed_counts(&view.session_id).await?;
        let destinations = view.destinations.iter().map(|of| DestinationStatistics {
            id: of.destination.id.clone(),
            platform: of.destination.platform,
            uptime_ms: of.uptime_ms,
            reconnects: of.reconnects,
        });
        Ok(Statistics {
            duration_ms: view.duration,
            decisions_logged: counts.decisions,
            events_recorded: counts.events,
            peak_viewers: view.peak_viewer_count,
            destinations: destinations.collect(),
        })
    }
}

impl Listing {
    /// Where reading begins: at the cursor, or where the wanted time does. Ids sort by the time at which they were made.
    fn begin(&self) -> Option<SessionId> {
        let edge = if self.oldest_first { self.from } else { self.to }.map(first_id);
        match (self.cursor.clone(), edge) {
            (Some(cursor), Some(edge)) => Some(if self.oldest_first { cursor.max(edge) } else { cursor.min(edge) }),
            (cursor, edge) => cursor.or(edge),
        }
    }

    /// Everything that follows is outside the requested time.
    fn is_past(&self, session: &Session) -> bool {
        if self.oldest_first {
            self.to.is_some_and(|to| session.created_at >= to)
        } else {
            self.from.is_some_and(|from| session.created_at < from)
        }
    }

    fn fits(&self, session: &Session) -> bool {
        (self.status.is_empty() || self.status.contains(&session.state.status()))
            && self.platform.is_none_or(|platform| session.destinations.iter().any(|of| of.platform == platform))
            && self.agent.as_ref().is_none_or(|agent| session.owner == Owner::Agent(agent.clone()))
            && self.from.is_none_or(|from| session.created_at >= from)
            && self.to.is_none_or(|to| session.created_at < to)
    }

    fn finds(&self, view: &SessionView) -> bool {
        let egress = view.egress_id.as_ref().map(ToString::to_string).unwrap_or_default();
        let fields = [view.stream_title.as_str(), &view.owner_name, &view.entity_name, view.session_id.as_str(), &egress];
        self.search.is_empty() || fields.iter().any(|field| field.to_lowercase().contains(&self.search))
    }
}

/// No id made at this moment or later is smaller.
pub(in crate::server) fn first_id(at: Timestamp) -> SessionId {
    let millis = u64::try_from(at.as_millis()).unwrap_or_default();
    let text = ulid::Ulid::from_parts(millis, 0).to_string().to_lowercase();
    text.parse().unwrap_or_else(|_| unreachable!("a ULID is 26 letters and digits"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_a_moment_are_not_smaller_than_its_first() {
        let at = Timestamp::from_millis(1_795_421_948_792);
        let first = first_id(at);
        let made = ulid::Ulid::from_parts(1_795_421_948_792, 7).to_string().to_lowercase();
        assert!(made.as_str() > first.as_str());
        assert!(first_id(at.plus_millis(1)).as_str() > made.as_str());
    }
}
