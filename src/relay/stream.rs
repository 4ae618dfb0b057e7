//! One stream of the relay: its desired state, its publishers and its outputs. It exists until it is deleted.

use super::{RelayState, output::Output, recordings_limit::free_space, stream_hub::StreamHub, thumbnail};
use crate::{
    api::relay_control::{DesiredSession, DestinationReport, DestinationState, IngestState, SessionReport},
    domain::{
        ids::{DestinationId, Generation, SessionId, UserId},
        video::VideoFormat,
    },
    media::timeline::{SourceId, SourceKind},
    net::clock::now,
};
use bytes::Bytes;
use parking_lot::{Mutex, MutexGuard};
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use subtle::ConstantTimeEq;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// How long a finished destination stays in reports.
const KEEP_FINISHED: Duration = Duration::from_secs(60);
/// How long the destinations of an ended stream may take to unpublish.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(3);
/// A publisher that has sent nothing for this long may be replaced by a new connection of the same egress.
const REPLACE_AFTER: Duration = Duration::from_secs(2);

pub struct RelayStream {
    pub id: SessionId,
    pub hub: Arc<StreamHub>,
    /// Notified of every change worth a report.
    pub changed: Arc<Notify>,
    relay: Arc<RelayState>,
    inner: Mutex<Inner>,
    thumbnail: Mutex<Option<Bytes>>,
    ended: CancellationToken,
}

struct Inner {
    wanted: DesiredSession,
    outputs: Vec<Output>,
    finished: Vec<(Instant, DestinationReport)>,
    sources: HashMap<SourceId, Source>,
}

impl Inner {
    fn authorizes(&self, generation: Generation, token: &str) -> bool {
        self.wanted.ingests.iter().any(|ingest| {
            let same = bool::from(ingest.token.as_bytes().ct_eq(token.as_bytes()));
            same && !token.is_empty() && ingest.generation == generation
        })
    }
}

struct Source {
    generation: Generation,
    disconnect: CancellationToken,
    last_heard: Arc<Mutex<Instant>>,
}

/// The permission of one publisher.
pub struct Admission {
    /// Its id in the timeline.
    pub id: SourceId,
    pub stream: Arc<RelayStream>,
    /// Cancelled when it must disconnect.
    pub disconnect: CancellationToken,
    /// When it last sent something; the ingest updates it.
    pub last_heard: Arc<Mutex<Instant>>,
}

impl RelayStream {
    /// A stream without destinations; call [`Self::apply`] next.
    pub fn new(relay: Arc<RelayState>, wanted: DesiredSession) -> Self {
        let changed = Arc::new(Notify::new());
        let id = wanted.session_id.clone();
        let hub = Arc::new(StreamHub::new(changed.clone(), relay.metrics.clone(), relay.config.limits.queue_bytes));
        let inner = Inner { wanted, outputs: Vec::new(), finished: Vec::new(), sources: HashMap::new() };
        Self { id, hub, changed, relay, inner: Mutex::new(inner), thumbnail: Mutex::default(), ended: CancellationToken::new() }
    }

    /// Applies the desired state: starts and stops destinations, and disconnects publishers whose token was removed.
    pub fn apply(&self, wanted: DesiredSession) {
        let mut inner = self.lock();
        let mut before = std::mem::take(&mut inner.outputs);
        for destination in &wanted.destinations {
            let known = before.iter().position(|output| output.wanted.id == destination.id && output.wanted.target == destination.target);
            let output = known.map_or_else(
                || Output::start(destination.clone(), wanted.account.as_ref(), &self.relay, &self.id, &self.hub, &self.changed),
                |index| before.swap_remove(index),
            );
            inner.outputs.push(output);
        }
        for output in before {
            output.stop();
            inner.finished.retain(|(_, report)| report.id != output.wanted.id);
            inner.outputs.push(output.being_removed());
        }
        let allowed: Vec<_> = wanted.ingests.iter().map(|ingest| ingest.generation).collect();
        inner.sources.values().filter(|source| !allowed.contains(&source.generation)).for_each(|source| source.disconnect.cancel());
        inner.wanted = wanted;
        drop(inner);
        self.changed.notify_one();
    }

    /// Whether this is the token of one of its egresses.
    pub fn authorizes(&self, generation: Generation, token: &str) -> bool {
        self.lock().authorizes(generation, token)
    }

    /// Admits a publisher.
    ///
    /// # Errors
    /// Why it may not publish, for the log and the publisher.
    pub fn admit(self: &Arc<Self>, generation: Generation, token: &str) -> Result<Admission, &'static str> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let mut inner = self.lock();
        if !inner.authorizes(generation, token) {
            return Err("this stream name is not valid");
        }
        if !self.hub.accepts(generation) {
            return Err("a newer egress is on air");
        }
        for (id, source) in inner.sources.iter().filter(|(_, source)| source.generation == generation) {
            if !source.disconnect.is_cancelled() && source.last_heard.lock().elapsed() < REPLACE_AFTER {
                return Err("this egress is already publishing");
            }
            source.disconnect.cancel();
            self.hub.leave(*id);
        }
        let id = SourceId(NEXT.fetch_add(1, Ordering::Relaxed));
        let (disconnect, last_heard) = (self.ended.child_token(), Arc::new(Mutex::new(Instant::now())));
        inner.sources.insert(id, Source { generation, disconnect: disconnect.clone(), last_heard: last_heard.clone() });
        self.hub.join(id, SourceKind::Egress(generation));
        Ok(Admission { id, stream: self.clone(), disconnect, last_heard })
    }

    /// Disconnects sources that a newer generation replaced.
    pub fn disconnect_sources(&self, superseded: &[SourceId]) {
        let inner = self.lock();
        superseded.iter().filter_map(|id| inner.sources.get(id)).for_each(|source| source.disconnect.cancel());
    }

    /// Removes a publisher that has disconnected.
    pub fn leave(&self, id: SourceId) {
        self.lock().sources.remove(&id);
        self.hub.leave(id);
    }

    pub fn report(&self) -> SessionReport {
        let mut inner = self.lock();
        let (gone, kept): (Vec<_>, Vec<_>) = std::mem::take(&mut inner.outputs).into_iter().partition(Output::is_removed);
        inner.outputs = kept;
        for output in gone {
            self.hub.remove(&output.queue);
            inner.finished.push((Instant::now(), output.report()));
        }
        inner.finished.retain(|(at, _)| at.elapsed() < KEEP_FINISHED);
        let current = inner.outputs.iter().map(Output::report);
        let destinations: Vec<_> = current.chain(inner.finished.iter().map(|(_, report)| report.clone())).collect();
        drop(inner);
        SessionReport { session_id: self.id.clone(), at: now(), ingest: self.hub.report(), destinations }
    }

    /// Ends a destination's wait before its next retry; `None` if there is no such destination, `false` if it is not being retried.
    pub fn try_now(&self, id: &DestinationId) -> Option<bool> {
        let inner = self.lock();
        inner.outputs.iter().filter(|output| &output.wanted.id == id).map(Output::try_now).reduce(|one, other| one || other)
    }

    /// Whether the stream is worth a report every second.
    pub fn is_active(report: &SessionReport) -> bool {
        use DestinationState::{Connecting, Live, Retrying};
        report.ingest.state != IngestState::Waiting
            || report.destinations.iter().any(|one| matches!(one.state, Connecting { .. } | Live { .. } | Retrying { .. }))
    }

    /// Ends the stream: disconnects publishers and unpublishes. Returns when that is done, or after 3 s.
    pub async fn end(&self) {
        self.ended.cancel();
        let outputs: Vec<_> = {
            let inner = self.lock();
            inner.outputs.iter().for_each(Output::stop);
            inner.outputs.iter().map(|output| output.status.clone()).collect()
        };
        let deadline = Instant::now() + CLOSE_TIMEOUT;
        while outputs.iter().any(|status| !status.is_over()) && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.keep_thumbnail().await;
    }

    /// The format of the slate, if it is enabled.
    pub fn slate(&self) -> Option<VideoFormat> {
        let inner = self.lock();
        inner.wanted.slate.then_some(inner.wanted.video)
    }

    /// Whether a destination is live.
    pub fn is_live(report: &DestinationReport) -> bool {
        matches!(report.state, DestinationState::Live { .. })
    }

    pub fn thumbnail(&self) -> Option<Bytes> {
        self.thumbnail.lock().clone()
    }

    /// Keeps the last thumbnail with the recording, unless the disk is full.
    async fn keep_thumbnail(&self) {
        let Some(picture) = self.thumbnail() else { return };
        let (recordings, account) = (self.relay.recordings(), self.lock().wanted.account.clone());
        if free_space(&self.relay.config.data).is_some_and(|free| free < self.relay.config.limits.disk_reserve) {
            return;
        }
        let kept = thumbnail::keep(&recordings.join(self.id.as_str()), account.as_ref().map(UserId::as_str), &picture).await;
        if let Err(error) = kept {
            tracing::warn!(session = %self.id, %error, "the last thumbnail could not be kept");
        }
    }

    pub fn set_thumbnail(&self, picture: Bytes) {
        *self.thumbnail.lock() = Some(picture);
    }

    /// Cancelled when the stream ends.
    pub fn ended(&self) -> &CancellationToken {
        &self.ended
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock()
    }
}
