//! One show in the relay: the wanted state, who publishes it, where it goes. Ends when it is deleted, not before.

use super::{
    House,
    meter::now,
    outlet::Outlet,
    program::Program,
    timeline::{Rank, SourceId},
};
use crate::{
    api::broadcast::{DestinationReport, DestinationState, IngestState, ShowReport, WantedShow},
    domain::{
        ids::{Generation, SessionId},
        video::VideoFormat,
    },
};
use bytes::Bytes;
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use subtle::ConstantTimeEq;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// How long a finished destination stays in reports, so that its last figures are seen.
const REMEMBERED: Duration = Duration::from_secs(60);
/// How long the destinations of an ended show may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(3);
/// A publisher that has been silent for so long may be replaced by its own return.
const HALF_DEAD: Duration = Duration::from_secs(2);

/// See the module.
pub struct Show {
    /// Whose.
    pub id: SessionId,
    /// The composite.
    pub program: Arc<Program>,
    /// Told of every change worth a report.
    pub changed: Arc<Notify>,
    house: Arc<House>,
    inner: Mutex<Inner>,
    thumbnail: Mutex<Option<Bytes>>,
    ended: CancellationToken,
}

struct Inner {
    wanted: WantedShow,
    outlets: Vec<Outlet>,
    finished: Vec<(Instant, DestinationReport)>,
    sources: HashMap<SourceId, Source>,
}

struct Source {
    generation: Generation,
    cut: CancellationToken,
    heard: Arc<Mutex<Instant>>,
}

/// A publisher's leave to publish.
pub struct Admission {
    /// Its name in the timeline.
    pub id: SourceId,
    /// Where it publishes.
    pub show: Arc<Show>,
    /// Cancelled when it must go.
    pub cut: CancellationToken,
    /// When it was last heard; to be kept up to date.
    pub heard: Arc<Mutex<Instant>>,
}

impl Show {
    /// A show without destinations; call [`Self::apply`] next.
    pub fn new(house: Arc<House>, wanted: WantedShow) -> Self {
        let changed = Arc::new(Notify::new());
        let id = wanted.session_id.clone();
        let program = Arc::new(Program::new(changed.clone(), house.metrics.clone(), house.config.limits.queue_bytes));
        let inner = Inner { wanted, outlets: Vec::new(), finished: Vec::new(), sources: HashMap::new() };
        Self { id, program, changed, house, inner: Mutex::new(inner), thumbnail: Mutex::default(), ended: CancellationToken::new() }
    }

    /// Makes the show what is wanted: destinations come and go, publishers whose token is gone are cut.
    pub fn apply(&self, wanted: WantedShow) {
        let mut inner = self.lock();
        let mut before = std::mem::take(&mut inner.outlets);
        for destination in &wanted.destinations {
            let known = before.iter().position(|outlet| outlet.wanted.id == destination.id && outlet.wanted.target == destination.target);
            let outlet = known.map_or_else(
                || Outlet::begin(destination.clone(), &self.house, &self.id, &self.program, &self.changed),
                |index| before.swap_remove(index),
            );
            inner.outlets.push(outlet);
        }
        for outlet in before {
            outlet.stop();
            inner.finished.retain(|(_, report)| report.id != outlet.wanted.id);
            inner.outlets.push(outlet.leaving());
        }
        let allowed: Vec<_> = wanted.ingests.iter().map(|ingest| ingest.generation).collect();
        inner.sources.values().filter(|source| !allowed.contains(&source.generation)).for_each(|source| source.cut.cancel());
        inner.wanted = wanted;
        drop(inner);
        self.changed.notify_one();
    }

    /// Lets an egress publish, or says why not.
    ///
    /// # Errors
    /// A sentence for the log and the publisher.
    pub fn admit(self: &Arc<Self>, generation: Generation, token: &str) -> Result<Admission, &'static str> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let mut inner = self.lock();
        let fits = inner.wanted.ingests.iter().any(|ingest| {
            let same = bool::from(ingest.token.as_bytes().ct_eq(token.as_bytes()));
            same && !token.is_empty() && ingest.generation == generation
        });
        if !fits {
            return Err("this stream name is not valid");
        }
        if !self.program.admits(generation) {
            return Err("a newer egress is on air");
        }
        for (id, source) in inner.sources.iter().filter(|(_, source)| source.generation == generation) {
            if !source.cut.is_cancelled() && source.heard.lock().expect("never held across a panic").elapsed() < HALF_DEAD {
                return Err("this egress is already publishing");
            }
            source.cut.cancel();
            self.program.leave(*id);
        }
        let id = SourceId(NEXT.fetch_add(1, Ordering::Relaxed));
        let (cut, heard) = (self.ended.child_token(), Arc::new(Mutex::new(Instant::now())));
        inner.sources.insert(id, Source { generation, cut: cut.clone(), heard: heard.clone() });
        self.program.join(id, Rank::Egress(generation));
        Ok(Admission { id, show: self.clone(), cut, heard })
    }

    /// Sources that were replaced by a newer generation go.
    pub fn cut(&self, superseded: &[SourceId]) {
        let inner = self.lock();
        superseded.iter().filter_map(|id| inner.sources.get(id)).for_each(|source| source.cut.cancel());
    }

    /// A publisher is gone.
    pub fn leave(&self, id: SourceId) {
        self.lock().sources.remove(&id);
        self.program.leave(id);
    }

    /// Everything measured.
    pub fn report(&self) -> ShowReport {
        let mut inner = self.lock();
        let (gone, kept): (Vec<_>, Vec<_>) = std::mem::take(&mut inner.outlets).into_iter().partition(Outlet::has_left);
        inner.outlets = kept;
        for outlet in gone {
            self.program.remove(&outlet.queue);
            inner.finished.push((Instant::now(), outlet.report()));
        }
        inner.finished.retain(|(at, _)| at.elapsed() < REMEMBERED);
        let current = inner.outlets.iter().map(Outlet::report);
        let destinations: Vec<_> = current.chain(inner.finished.iter().map(|(_, report)| report.clone())).collect();
        drop(inner);
        ShowReport { session_id: self.id.clone(), at: now(), ingest: self.program.report(), destinations }
    }

    /// Whether anything happens that is worth a report every second.
    pub fn is_on(report: &ShowReport) -> bool {
        use DestinationState::{Connecting, Live, Retrying};
        report.ingest.state != IngestState::Waiting
            || report.destinations.iter().any(|one| matches!(one.state, Connecting { .. } | Live { .. } | Retrying { .. }))
    }

    /// Ends the show: publishers are cut, destinations unpublish. Returns when they have, or after 3 s.
    pub async fn end(&self) {
        self.ended.cancel();
        let outlets: Vec<_> = {
            let inner = self.lock();
            inner.outlets.iter().for_each(Outlet::stop);
            inner.outlets.iter().map(|outlet| outlet.status.clone()).collect()
        };
        let deadline = Instant::now() + GOODBYE;
        while outlets.iter().any(|status| !status.is_over()) && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The format of the slate, if one is wanted.
    pub fn slate(&self) -> Option<VideoFormat> {
        let inner = self.lock();
        inner.wanted.slate.then_some(inner.wanted.video)
    }

    /// Whether a destination takes the show now.
    pub fn takes(report: &DestinationReport) -> bool {
        matches!(report.state, DestinationState::Live { .. })
    }

    /// The latest picture.
    pub fn thumbnail(&self) -> Option<Bytes> {
        self.thumbnail.lock().expect("never held across a panic").clone()
    }

    /// Replaces the picture.
    pub fn keep_thumbnail(&self, picture: Bytes) {
        *self.thumbnail.lock().expect("never held across a panic") = Some(picture);
    }

    /// Cancelled when the show has ended.
    pub fn ended(&self) -> &CancellationToken {
        &self.ended
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("no one panics while holding a show")
    }
}
