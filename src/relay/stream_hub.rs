//! Distributes one stream: from its publishers through the timeline into the queue of every destination.
//! Keeps what a new destination needs first (headers, metadata, current GOP), and the statistics.

use super::{ingest_stats::IngestStats, metrics::Metrics, queue::Queue};
use crate::{
    api::relay_control::IngestReport,
    config::relay::Timeouts,
    domain::ids::Generation,
    media::{
        gop::GopCache,
        tag::{Tag, Track, UnsuitableCodec, inspect},
        timeline::{SourceId, SourceKind, Timeline},
    },
};
use bytes::Bytes;
use parking_lot::{Mutex, MutexGuard};
use std::{collections::HashMap, sync::Arc, time::Instant};
use tokio::sync::{Notify, watch};

/// The source id of the slate; publishers count from 1.
pub const SLATE: SourceId = SourceId(0);

/// Whether the composite arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    Waiting,
    Flowing,
    /// It was lost; connections stay open.
    Held,
    /// It was lost for longer than the grace period; connections end.
    Ended,
}

pub struct StreamHub {
    inner: Mutex<Inner>,
    flow: watch::Sender<Flow>,
    changed: Arc<Notify>,
    metrics: Arc<Metrics>,
    began: Instant,
}

struct Inner {
    timeline: Timeline,
    stats: IngestStats,
    gop: GopCache,
    source_metadata: HashMap<SourceId, Bytes>,
    metadata: Option<Bytes>,
    queues: Vec<Arc<Queue>>,
}

impl StreamHub {
    /// A hub without sources; `max_gop_bytes` limits the GOP kept for new destinations.
    pub fn new(changed: Arc<Notify>, metrics: Arc<Metrics>, max_gop_bytes: usize) -> Self {
        let inner = Inner {
            timeline: Timeline::default(),
            stats: IngestStats::default(),
            gop: GopCache::new(max_gop_bytes),
            source_metadata: HashMap::new(),
            metadata: None,
            queues: Vec::new(),
        };
        Self { inner: Mutex::new(inner), flow: watch::channel(Flow::Waiting).0, changed, metrics, began: Instant::now() }
    }

    /// Watches whether the composite arrives.
    pub fn flow(&self) -> watch::Receiver<Flow> {
        self.flow.subscribe()
    }

    /// Whether an egress of this generation may publish.
    pub fn accepts(&self, generation: Generation) -> bool {
        self.lock().timeline.accepts(generation)
    }

    pub fn join(&self, id: SourceId, kind: SourceKind) {
        self.lock().timeline.join(id, kind);
    }

    /// Removes a source. If it was on air, the grace period begins.
    pub fn leave(&self, id: SourceId) {
        let mut inner = self.lock();
        let was_on_air = inner.timeline.on_air() == Some(id);
        inner.timeline.leave(id);
        inner.source_metadata.remove(&id);
        if was_on_air && id != SLATE {
            self.mark_lost(&mut inner);
        }
    }

    /// Sets the metadata of a source.
    pub fn set_metadata(&self, id: SourceId, metadata: Bytes) {
        let mut inner = self.lock();
        if inner.timeline.on_air() == Some(id) {
            inner.metadata = Some(metadata.clone());
        }
        inner.source_metadata.insert(id, metadata);
    }

    /// Handles a tag of a source; returns the sources that it has replaced permanently.
    ///
    /// # Errors
    /// Neither H.264 nor AAC.
    pub fn push_tag(&self, id: SourceId, track: Track, timestamp: u32, body: Bytes) -> Result<Vec<SourceId>, UnsuitableCodec> {
        let Some(role) = inspect(track, &body)? else { return Ok(Vec::new()) };
        let received_ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let mut inner = self.lock();
        let before = inner.timeline.on_air();
        let taken = inner.timeline.take(id, track, role, timestamp, body, received_ms);
        let on_air = inner.timeline.on_air();
        if on_air != before {
            inner.metadata = inner.source_metadata.get(&id).cloned().or(inner.metadata.take());
        }
        if on_air == Some(id) && id != SLATE {
            let generation = inner.timeline.generation().expect("an egress is on air");
            if inner.stats.receives(generation) {
                self.changed.notify_one();
            }
        }
        for tag in &taken.tags {
            if id != SLATE {
                inner.stats.measure(tag);
                self.metrics.bytes_in.increment(tag.body.len() as u64);
            }
            inner.distribute(tag, &self.metrics);
        }
        if on_air == Some(id) {
            self.flow.send_if_modified(|flow| std::mem::replace(flow, Flow::Flowing) != Flow::Flowing);
        }
        Ok(taken.superseded)
    }

    /// Records why a publisher was disconnected or refused.
    pub fn set_refusal(&self, reason: String) {
        self.lock().stats.refusal = Some(reason);
        self.changed.notify_one();
    }

    /// Adds a destination; its queue stays closed until it subscribes.
    pub fn add(&self, queue: Arc<Queue>) {
        self.lock().queues.push(queue);
    }

    pub fn remove(&self, queue: &Arc<Queue>) {
        self.lock().queues.retain(|other| !Arc::ptr_eq(other, queue));
    }

    /// Opens a destination's queue at the latest keyframe; returns the stream's metadata.
    pub fn subscribe(&self, queue: &Queue) -> Option<Bytes> {
        let inner = self.lock();
        queue.open(inner.gop.start_tags());
        inner.metadata.clone()
    }

    /// Video header and latest keyframe, for a thumbnail.
    pub fn keyframe_tags(&self) -> Option<[Tag; 2]> {
        self.lock().gop.keyframe()
    }

    /// Whether the composite has been lost long enough and a destination is connected.
    pub fn needs_slate(&self, timeouts: &Timeouts) -> bool {
        let inner = self.lock();
        let away = inner.stats.lost_for().is_some_and(|lost_for_now| lost_for_now < timeouts.grace)
            && inner.stats.silent_for() >= timeouts.silence;
        away && inner.timeline.on_air().is_none() && inner.queues.iter().any(|queue| queue.is_open())
    }

    /// Adds the slate as a source.
    pub fn add_slate(&self) {
        self.lock().timeline.join(SLATE, SourceKind::Slate);
    }

    /// Whether the slate is still needed; removes it when it is not.
    pub fn slate_still_needed(&self) -> bool {
        let mut inner = self.lock();
        let needed = inner.timeline.contains(SLATE) && inner.timeline.generation().is_none();
        if !needed {
            inner.timeline.leave(SLATE);
        }
        needed
    }

    /// Checks the timeouts: a silent composite counts as lost, and after the grace period connections end.
    pub fn tick(&self, timeouts: &Timeouts) {
        let mut inner = self.lock();
        if inner.stats.is_silent(timeouts.silence) {
            inner.timeline.take_off_air();
            self.mark_lost(&mut inner);
        }
        if inner.stats.lost_for().is_some_and(|lost_for_now| lost_for_now >= timeouts.grace) {
            inner.timeline.leave(SLATE);
            if self.flow.send_if_modified(|flow| std::mem::replace(flow, Flow::Ended) != Flow::Ended) {
                self.changed.notify_one();
            }
        }
    }

    pub fn report(&self) -> IngestReport {
        self.lock().stats.report()
    }

    fn mark_lost(&self, inner: &mut Inner) {
        inner.stats.lost();
        inner.gop.clear();
        self.flow.send_if_modified(|flow| std::mem::replace(flow, Flow::Held) != Flow::Held);
        self.changed.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock()
    }
}

impl Inner {
    fn distribute(&mut self, tag: &Tag, metrics: &Metrics) {
        self.gop.push(tag);
        for queue in &self.queues {
            if queue.push(tag) {
                metrics.of(queue.platform()).dropped_groups.increment(1);
            }
        }
    }
}
