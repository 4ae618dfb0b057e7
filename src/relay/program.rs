//! One show's composite: from whoever publishes it, through the timeline, into every destination's queue.
//! Keeps what a newcomer needs (headers, description, current group) and what is measured of it.

use super::{
    intake::Intake,
    metrics::Metrics,
    queue::Queue,
    tag::{Role, Tag, Track, UnsuitableCodec, inspect},
    timeline::{Rank, SourceId, Timeline},
};
use crate::{api::broadcast::IngestReport, config::relay::Patience, domain::ids::Generation};
use bytes::Bytes;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
    time::Instant,
};
use tokio::sync::{Notify, watch};

/// The slate's place in line; connections count from 1.
pub const SLATE: SourceId = SourceId(0);

/// Whether there is something to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// Nothing yet.
    Waiting,
    /// Tags come.
    Flowing,
    /// None come; connections are held.
    Held,
    /// None came for longer than the hold; connections end.
    Over,
}

/// See the module.
pub struct Program {
    inner: Mutex<Inner>,
    flow: watch::Sender<Flow>,
    changed: Arc<Notify>,
    metrics: Arc<Metrics>,
    began: Instant,
    group_bound: usize,
}

#[derive(Default)]
struct Inner {
    timeline: Timeline,
    intake: Intake,
    group: Vec<Tag>,
    group_bytes: usize,
    descriptions: HashMap<SourceId, Bytes>,
    description: Option<Bytes>,
    queues: Vec<Arc<Queue>>,
}

impl Program {
    /// A program without sources; `group_bound` is the most bytes kept for newcomers.
    pub fn new(changed: Arc<Notify>, metrics: Arc<Metrics>, group_bound: usize) -> Self {
        Self { inner: Mutex::default(), flow: watch::channel(Flow::Waiting).0, changed, metrics, began: Instant::now(), group_bound }
    }

    /// Follows whether there is something to send.
    pub fn flow(&self) -> watch::Receiver<Flow> {
        self.flow.subscribe()
    }

    /// Whether an egress of this generation may publish.
    pub fn admits(&self, generation: Generation) -> bool {
        self.lock().timeline.admits(generation)
    }

    /// A source appears.
    pub fn join(&self, id: SourceId, rank: Rank) {
        self.lock().timeline.join(id, rank);
    }

    /// A source is gone. If it was on air, the hold begins.
    pub fn leave(&self, id: SourceId) {
        let mut inner = self.lock();
        let was_on_air = inner.timeline.on_air() == Some(id);
        inner.timeline.leave(id);
        inner.descriptions.remove(&id);
        if was_on_air && id != SLATE {
            self.lose(&mut inner);
        }
    }

    /// A source describes its stream.
    pub fn describe(&self, id: SourceId, description: Bytes) {
        let mut inner = self.lock();
        if inner.timeline.on_air() == Some(id) {
            inner.description = Some(description.clone());
        }
        inner.descriptions.insert(id, description);
    }

    /// Takes a tag of a source; answers which other sources it has replaced for good.
    ///
    /// # Errors
    /// Neither H.264 nor AAC.
    pub fn offer(&self, id: SourceId, track: Track, timestamp: u32, body: Bytes) -> Result<Vec<SourceId>, UnsuitableCodec> {
        let Some(role) = inspect(track, &body)? else { return Ok(Vec::new()) };
        let wall = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let mut inner = self.lock();
        let before = inner.timeline.on_air();
        let taken = inner.timeline.take(id, track, role, timestamp, body, wall);
        let on_air = inner.timeline.on_air();
        if on_air != before {
            inner.description = inner.descriptions.get(&id).cloned().or(inner.description.take());
        }
        if on_air == Some(id) && id != SLATE {
            let generation = inner.timeline.generation().expect("an egress is on air");
            if inner.intake.receives(generation) {
                self.changed.notify_one();
            }
        }
        for tag in &taken.tags {
            if id != SLATE {
                inner.intake.measure(tag);
                self.metrics.bytes_in.add(tag.body.len() as u64);
            }
            inner.put(tag, self.group_bound, &self.metrics);
        }
        if on_air == Some(id) {
            self.flow.send_if_modified(|flow| std::mem::replace(flow, Flow::Flowing) != Flow::Flowing);
        }
        Ok(taken.superseded)
    }

    /// A publisher was cut or refused, and why.
    pub fn refused(&self, reason: String) {
        self.lock().intake.refusal = Some(reason);
        self.changed.notify_one();
    }

    /// A destination appears; its queue stays closed until it subscribes.
    pub fn add(&self, queue: Arc<Queue>) {
        self.lock().queues.push(queue);
    }

    /// A destination is gone.
    pub fn remove(&self, queue: &Arc<Queue>) {
        self.lock().queues.retain(|known| !Arc::ptr_eq(known, queue));
    }

    /// Opens a destination's queue at the latest keyframe; answers the stream's description.
    pub fn subscribe(&self, queue: &Queue) -> Option<Bytes> {
        let inner = self.lock();
        queue.open(inner.opening());
        inner.description.clone()
    }

    /// Headers and the latest keyframe, for a still picture.
    pub fn still(&self) -> Option<Vec<Tag>> {
        let inner = self.lock();
        let key = inner.group.first().filter(|tag| tag.is_key())?.clone();
        let header = inner.opening().into_iter().find(|tag| tag.track == Track::Video && tag.role == Role::Header)?;
        Some(vec![header, key])
    }

    /// Whether the composite has been away long enough, and a destination is there to see the slate.
    pub fn wants_slate(&self, patience: &Patience) -> bool {
        let inner = self.lock();
        let away = inner.intake.held_for().is_some_and(|held| held < patience.hold) && inner.intake.quiet_for() >= patience.silence;
        away && inner.timeline.on_air().is_none() && inner.queues.iter().any(|queue| queue.is_open())
    }

    /// The slate gets in line, behind everyone.
    pub fn join_slate(&self) {
        self.lock().timeline.join(SLATE, Rank::Slate);
    }

    /// Whether the slate is still needed. When it is not, it is out of line.
    pub fn is_slate_in_line(&self) -> bool {
        let mut inner = self.lock();
        let needed = inner.timeline.knows(SLATE) && inner.timeline.generation().is_none();
        if !needed {
            inner.timeline.leave(SLATE);
        }
        needed
    }

    /// Looks at the clock: silence becomes a hold, a long hold an end.
    pub fn tick(&self, patience: &Patience) {
        let mut inner = self.lock();
        if inner.intake.is_silent(patience.silence) {
            inner.timeline.rest();
            self.lose(&mut inner);
        }
        if inner.intake.held_for().is_some_and(|held| held >= patience.hold) {
            inner.timeline.leave(SLATE);
            if self.flow.send_if_modified(|flow| std::mem::replace(flow, Flow::Over) != Flow::Over) {
                self.changed.notify_one();
            }
        }
    }

    /// What is measured of the composite.
    pub fn report(&self) -> IngestReport {
        self.lock().intake.report()
    }

    fn lose(&self, inner: &mut Inner) {
        inner.intake.lost();
        inner.group.clear();
        inner.group_bytes = 0;
        self.flow.send_if_modified(|flow| std::mem::replace(flow, Flow::Held) != Flow::Held);
        self.changed.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("no one panics while holding a program")
    }
}

impl Inner {
    fn put(&mut self, tag: &Tag, group_bound: usize, metrics: &Metrics) {
        if tag.role != Role::Header {
            if tag.is_key() {
                self.group.clear();
                self.group_bytes = 0;
            }
            self.group_bytes += tag.body.len();
            if self.group_bytes <= group_bound && (tag.is_key() || !self.group.is_empty()) {
                self.group.push(tag.clone());
            } else {
                self.group.clear(); // Without its beginning a group helps nobody; newcomers wait for the next.
            }
        }
        for queue in &self.queues {
            if queue.push(tag) {
                metrics.of(queue.platform()).dropped_groups.add(1);
            }
        }
    }

    /// Headers, then the current group.
    fn opening(&self) -> Vec<Tag> {
        let at = self.group.first().map_or(0, |tag| tag.at);
        let [video, audio] = self.timeline.headers();
        let header = |track, body: Option<&Bytes>| body.map(|body| Tag { track, role: Role::Header, at, body: body.clone() });
        let headers = [header(Track::Video, video), header(Track::Audio, audio)];
        headers.into_iter().flatten().chain(self.group.iter().cloned()).collect()
    }
}
