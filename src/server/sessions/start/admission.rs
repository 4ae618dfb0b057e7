//! Who may start: the idempotency key, the owner's earlier session, limits, a free slot. Each is decided in the transaction that
//! stores the session. A start that replaces the owner's session claims its place first and checks whatever can be known; only
//! then the earlier one ends, and nobody else gets its place.

use super::super::Sessions;
use crate::{
    api::error::{ApiError, ErrorCode},
    domain::{
        ids::{DestinationId, SessionId},
        session::{Actor, EndReason, Outcome, Owner, Session, SessionStatus},
    },
    server::{
        destinations::{MOST_SAVED, too_many_saved},
        error::{StudioError, StudioResult, chain},
        livekit::{EgressPhase, LiveKitError, Slots},
        sessions::idempotency::key_reused,
        store::{
            IDEMPOTENT_FOR_MS, Idempotency, Limit, NewStoredSession, SavedDestination, SealedKey, SessionLimits, StoreError, TimelineEntry,
        },
    },
};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long a start waits for the end of the session that it replaces. One whose take-down keeps failing is closed within 30 s.
const REPLACED_WITHIN: Duration = Duration::from_secs(32);
/// A claim lasts as long as the checks, that wait and the transaction after it take at most.
const CLAIM: Duration = Duration::from_secs(60);
/// How long a repeated start waits for the answer to the first one.
const FIRST_ANSWERS_WITHIN: Duration = Duration::from_secs(40);
const PAUSE: Duration = Duration::from_millis(200);

/// A start whose request was found acceptable.
pub(super) struct PreparedStart {
    pub session: Session,
    /// Who starts it, and how the timeline says it.
    pub actor: Actor,
    pub what: String,
    pub keys: Vec<(DestinationId, SealedKey)>,
    /// Destinations to be saved, once it is accepted.
    pub saved: Vec<SavedDestination>,
    pub idempotency: Option<Idempotency>,
    /// End the owner's running session first.
    pub replace: bool,
}

impl Sessions {
    /// The session that an earlier call with the same key started.
    pub(super) async fn repeated(&self, owner: &Owner, idempotency: Option<&Idempotency>) -> StudioResult<Option<Session>> {
        let Some(used) = idempotency else { return Ok(None) };
        let since = self.ports.now().plus_millis(-IDEMPOTENT_FOR_MS);
        match self.ports.store.session_by_idempotency_key(owner, &used.key, since).await? {
            Some((_, fingerprint)) if !used.fits(fingerprint.as_deref()) => Err(key_reused()),
            found => Ok(found.map(|(session, _)| session)),
        }
    }

    /// Stores the session. `Some`: the same start was carried out before, by this session.
    pub(super) async fn admit(&self, start: &PreparedStart) -> StudioResult<Option<Session>> {
        let (session, idempotency) = (&start.session, start.idempotency.as_ref());
        let entry = TimelineEntry { at: self.ports.now(), actor: start.actor, what: start.what.clone(), state: SessionStatus::Pending };
        let until = Instant::now() + FIRST_ANSWERS_WITHIN;
        loop {
            let slots = self.ports.livekit.slots().await.ok().flatten();
            let new = NewStoredSession {
                session,
                keys: &start.keys,
                idempotency,
                entry: &entry,
                saving: start.saved.len(),
                limits: self.limits(slots),
                claim: None,
            };
            let Err(error) = self.insert(&new, start, slots).await else {
                tracing::info!(session = %session.id, owner = %session.owner, destinations = session.destinations.len(), "session started");
                self.registry.announce(session).await;
                return Ok(None);
            };
            // Whatever it was refused for may be the work of this very start, sent twice.
            if let Some(earlier) = self.repeated(&session.owner, idempotency).await? {
                return Ok(Some(earlier));
            }
            match error {
                StudioError::Store(StoreError::Starting) if idempotency.is_some() && Instant::now() < until => sleep(PAUSE).await,
                StudioError::Store(error) => return Err(self.refused(error)),
                error => return Err(error),
            }
        }
    }

    async fn insert(&self, new: &NewStoredSession<'_>, start: &PreparedStart, slots: Option<Slots>) -> StudioResult<()> {
        match self.ports.store.active_session_of(&start.session.owner).await? {
            None => {
                slot_for(slots, 0)?;
                Ok(self.ports.store.insert_session(new).await?)
            }
            Some(running) if !start.replace => Err(StoreError::ActiveSession(running.id).into()),
            Some(_) => self.replace(new, start.actor, slots).await,
        }
    }

    /// Ends the owner's session and stores the new one in its place.
    async fn replace(&self, new: &NewStoredSession<'_>, actor: Actor, slots: Option<Slots>) -> StudioResult<()> {
        let claim: SessionId = self.ports.new_id();
        let new = NewStoredSession { claim: Some(claim.as_str()), ..*new };
        let Some(earlier) = self.ports.store.claim_start(&new, CLAIM).await? else {
            return Ok(self.ports.store.insert_session(&new).await?);
        };
        let stored = match self.end_earlier(&earlier, actor, slots).await {
            Ok(()) => self.ports.store.insert_session(&new).await.map_err(StudioError::from),
            Err(error) => Err(error),
        };
        if stored.is_err()
            && let Err(error) = self.ports.store.release_start(&new.session.owner, claim.as_str()).await
        {
            tracing::warn!(owner = %new.session.owner, error = %chain(&error), "a claim could not be given back; it runs out");
        }
        stored
    }

    /// Whatever would refuse the new session is looked at before the earlier one ends.
    async fn end_earlier(&self, earlier: &SessionId, actor: Actor, slots: Option<Slots>) -> StudioResult<()> {
        let (livekit, relay) = tokio::join!(self.ports.livekit.ping(), self.ports.relay.sessions());
        livekit?;
        relay?;
        if slots.is_some() {
            slot_for(slots, self.slots_of(earlier).await)?;
        }
        self.reconciler.start_ending(earlier, actor, Outcome::Ended(EndReason::Replaced)).await?;
        if self.reconciler.wait_until_ended(earlier, REPLACED_WITHIN).await? { Ok(()) } else { Err(still_ending(earlier)) }
    }

    /// How many slots a session uses.
    async fn slots_of(&self, id: &SessionId) -> u32 {
        let egresses = self.ports.livekit.egresses().await.unwrap_or_default();
        let own = |page: &str| self.reconciler.session_of_page(page).is_some_and(|(of, _)| &of == id);
        let used = egresses.iter().filter(|egress| egress.phase != EgressPhase::Over && own(&egress.page_url)).count();
        u32::try_from(used).unwrap_or(u32::MAX)
    }

    /// Each session needs a slot, so there are never more sessions than slots, where those are known.
    fn limits(&self, slots: Option<Slots>) -> SessionLimits {
        let slots = slots.map_or(usize::MAX, |slots| slots.total as usize);
        let config = &self.ports.config;
        SessionLimits { of_account: config.shows_per_account, in_all: config.most_shows.min(slots), saved: MOST_SAVED }
    }

    fn refused(&self, error: StoreError) -> StudioError {
        match error {
            StoreError::ActiveSession(id) => conflicting(&id),
            StoreError::Starting => {
                StudioError::refused(ErrorCode::Conflict, "Another start of yours is under way. Wait until it is answered.")
            }
            StoreError::TooMany(Limit::SessionsOfAccount) => {
                let most = self.ports.config.shows_per_account;
                let message = format!("You and your agents have {most} streams running, and no more may run at once. End one first.");
                StudioError::refused(ErrorCode::Conflict, message)
            }
            StoreError::TooMany(Limit::Sessions) => LiveKitError::NoSlot.into(),
            StoreError::TooMany(Limit::SavedDestinations) => too_many_saved(),
            StoreError::Missing => StudioError::not_found("agent"),
            error => error.into(),
        }
    }
}

/// Refuses where every slot is used, without those that become free.
fn slot_for(slots: Option<Slots>, freed: u32) -> Result<(), LiveKitError> {
    match slots {
        Some(slots) if slots.used.saturating_sub(freed) >= slots.total => Err(LiveKitError::NoSlot),
        _ => Ok(()),
    }
}

fn conflicting(id: &SessionId) -> StudioError {
    let detail = serde_json::json!({ "sessionId": id });
    let message = "Another stream of yours is running. End it first, or start with \"replace\": true.";
    StudioError::Refused(ApiError { detail, ..ApiError::new(ErrorCode::Conflict, message) })
}

fn still_ending(id: &SessionId) -> StudioError {
    let message = "Your earlier stream is still ending. Send the same start again in a few seconds.";
    let mut error = ApiError::again_after(ErrorCode::Unavailable, message, 5);
    error.detail["sessionId"] = serde_json::json!(id);
    StudioError::Refused(error)
}
