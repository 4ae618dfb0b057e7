//! Deletes what is older than it shall be kept, in the background. One replica does it at a time, in small steps with pauses, and a
//! round has an end: what is left is for the next one.

use super::account_data::AccountData;
use crate::{
    config::serve::Lifetimes,
    domain::{ids::SessionId, session::Session, timestamp::Timestamp},
    server::{
        error::{StudioError, StudioResult, chain},
        metrics,
        ports::Ports,
        sessions::{
            Sessions,
            deletion::{BETWEEN_STEPS, STEP},
            listing::first_id,
        },
        store::{SessionFilter, StoreError},
    },
};
use std::{sync::Arc, time::Duration};

/// After the start, so that sessions are looked after first.
const FIRST: Duration = Duration::from_secs(60);
/// Between two rounds; what is deleted was kept for days.
const EVERY: Duration = Duration::from_secs(600);
/// After a round that left something.
const SOON: Duration = Duration::from_secs(10);
/// Steps of one kind in a round.
const MOST_STEPS: usize = 100;
/// Sessions read at once, and looked at in a round.
const PAGE: usize = 50;
const MOST_SESSIONS: usize = 500;
/// How long another replica waits for one that died.
const LEASE: Duration = Duration::from_secs(300);
/// Ids of deleted accounts are kept this long: a request that began before the deletion finds that there is nothing to add to.
const CLOSED_FOR_MS: i64 = 24 * 3600 * 1000;

/// What a round deleted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pruned {
    pub accounts: usize,
    pub sessions: usize,
    /// Sessions whose events were deleted.
    pub feeds: usize,
    pub webhooks: usize,
    pub deliveries: usize,
    pub audit: usize,
    /// Something is left for the next round.
    pub more: bool,
}

impl Pruned {
    /// The name of each kind, as in the metric, and how many.
    const fn counts(&self) -> [(&'static str, usize); 6] {
        [
            ("accounts", self.accounts),
            ("sessions", self.sessions),
            ("feeds", self.feeds),
            ("webhooks", self.webhooks),
            ("deliveries", self.deliveries),
            ("audit", self.audit),
        ]
    }
}

/// Deletes by age. Cheap to clone.
#[derive(Clone)]
pub struct Retention {
    ports: Arc<Ports>,
    sessions: Sessions,
    accounts: AccountData,
}

impl Retention {
    pub const fn new(ports: Arc<Ports>, sessions: Sessions, accounts: AccountData) -> Self {
        Self { ports, sessions, accounts }
    }

    /// Rounds until the process ends.
    pub async fn run(self) {
        let mut pause = FIRST;
        loop {
            tokio::time::sleep(pause).await;
            pause = match self.round().await {
                Ok(pruned) if pruned.more => SOON,
                Ok(_) => EVERY,
                Err(error) => {
                    tracing::warn!(error = %chain(&error), "old data could not be deleted; trying again later");
                    EVERY
                }
            };
        }
    }

    /// One round; nothing if another replica has one.
    ///
    /// # Errors
    /// The store or the relay failed; what was deleted before is deleted.
    pub async fn round(&self) -> StudioResult<Pruned> {
        let mut pruned = Pruned::default();
        let name: SessionId = "retention".parse().map_err(|_| StudioError::Internal("the lease of a round has no name".into()))?;
        if !self.ports.store.claim_lease(&name, &self.ports.config.replica, LEASE).await? {
            return Ok(pruned);
        }
        let done = self.prune(&mut pruned).await;
        for (what, count) in pruned.counts() {
            metrics::pruned(what, count);
        }
        let Pruned { accounts, sessions, feeds, webhooks, deliveries, audit, more } = pruned;
        if pruned != Pruned::default() {
            tracing::info!(accounts, sessions, feeds, webhooks, deliveries, audit, more, "old data were deleted");
        }
        done.map(|()| pruned)
    }

    async fn prune(&self, pruned: &mut Pruned) -> StudioResult<()> {
        let (now, store, kept) = (self.ports.now(), &self.ports.store, self.ports.config.lifetimes);
        let Lifetimes { sessions, feeds, webhooks, deliveries, audit } = kept;
        pruned.accounts = self.accounts.finish_all().await?;
        store.forget_closed_accounts(now.plus_millis(-CLOSED_FOR_MS)).await?;
        if let Some(before) = cutoff(now, webhooks) {
            pruned.webhooks = steps(&mut pruned.more, || store.prune_webhooks(before, STEP)).await?;
        }
        if let Some(before) = cutoff(now, deliveries) {
            pruned.deliveries = steps(&mut pruned.more, || store.prune_deliveries(before, STEP)).await?;
        }
        if let Some(before) = cutoff(now, audit) {
            // Ids sort by the time at which they were made, whatever they name.
            let first = first_id(before);
            pruned.audit = steps(&mut pruned.more, || store.prune_audit(first.as_str(), STEP)).await?;
        }
        if let Some(before) = cutoff(now, sessions) {
            self.prune_sessions(before, pruned).await?;
        }
        if let Some(before) = cutoff(now, feeds) {
            self.prune_feeds(before, pruned).await?;
        }
        Ok(())
    }

    /// Sessions that ended before. One that cannot be deleted now, because the relay does not answer, holds up no other.
    async fn prune_sessions(&self, before: Timestamp, pruned: &mut Pruned) -> StudioResult<()> {
        let mut filter = SessionFilter { active: Some(false), oldest_first: true, limit: PAGE, ..SessionFilter::default() };
        for _ in 0..MOST_SESSIONS / PAGE {
            let page = self.ports.store.sessions(&filter).await?;
            let last = page.len() < PAGE;
            for session in page {
                if session.created_at >= before {
                    return Ok(());
                }
                if ended_before(&session, before) {
                    match self.sessions.erase(&session).await {
                        Ok(()) => pruned.sessions += 1,
                        Err(error) => tracing::warn!(session = %session.id, error = %chain(&error), "an old session could not be deleted"),
                    }
                }
                filter.behind = Some(session.id);
            }
            if last {
                return Ok(());
            }
        }
        pruned.more = true;
        Ok(())
    }

    /// Events of sessions that ended before, in the order of the sessions. A session that runs is waited for: its feed is needed, and so is
    /// the order.
    async fn prune_feeds(&self, before: Timestamp, pruned: &mut Pruned) -> StudioResult<()> {
        let store = &self.ports.store;
        let mut filter =
            SessionFilter { oldest_first: true, limit: PAGE, behind: store.feeds_pruned_to().await?, ..SessionFilter::default() };
        for _ in 0..MOST_SESSIONS / PAGE {
            let page = store.sessions(&filter).await?;
            let last = page.len() < PAGE;
            for session in page {
                if !ended_before(&session, before) {
                    return Ok(());
                }
                let mut lines = 0;
                loop {
                    let count = store.prune_feed(&session.id, STEP).await?;
                    if count == 0 {
                        break;
                    }
                    lines += count;
                    tokio::time::sleep(BETWEEN_STEPS).await;
                }
                store.set_feeds_pruned_to(&session.id).await?;
                pruned.feeds += usize::from(lines > 0);
                filter.behind = Some(session.id);
            }
            if last {
                return Ok(());
            }
        }
        pruned.more = true;
        Ok(())
    }
}

/// Steps until one finds less than it may delete, or the round has had enough of them.
async fn steps<F>(more: &mut bool, step: impl Fn() -> F + Send) -> StudioResult<usize>
where
    F: Future<Output = Result<usize, StoreError>> + Send,
{
    let mut total = 0;
    for _ in 0..MOST_STEPS {
        let count = step().await?;
        total += count;
        if count < STEP {
            return Ok(total);
        }
        tokio::time::sleep(BETWEEN_STEPS).await;
    }
    *more = true;
    Ok(total)
}

/// What is older is deleted; `None`: nothing is.
fn cutoff(now: Timestamp, lifetime: Option<Duration>) -> Option<Timestamp> {
    let millis = i64::try_from(lifetime?.as_millis()).unwrap_or(i64::MAX);
    Some(now.plus_millis(-millis))
}

fn ended_before(session: &Session, before: Timestamp) -> bool {
    session.state.over_at().is_some_and(|at| at < before)
}
