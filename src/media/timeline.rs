//! Makes one continuous stream out of changing sources. Pure: time is a parameter.
//! Decides which source is on air, when another takes over, and how timestamps are shifted.

use super::tag::{Role, Tag, Track};
use crate::domain::ids::Generation;
use bytes::Bytes;
use std::collections::BTreeMap;

/// A larger jump of a source's timestamps is a break in the source, not a pause.
const MAX_JUMP_MS: i64 = 10_000;

/// Id of one publishing connection, or of the slate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(pub u64);

/// The priority of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceKind {
    /// On air only when nothing else is.
    Slate,
    /// An egress; the newer generation wins.
    Egress(Generation),
}

/// Result of handling a tag.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Tags to send, in this order.
    pub tags: Vec<Tag>,
    /// Sources that were replaced permanently.
    pub superseded: Vec<SourceId>,
}

#[derive(Default)]
pub struct Timeline {
    sources: BTreeMap<SourceId, Source>,
    current: Option<OnAir>,
    newest: Option<Generation>,
    end: Option<End>,
    last: [Option<u64>; 2],
    headers: [Option<Bytes>; 2],
}

struct Source {
    kind: SourceKind,
    headers: [Option<Bytes>; 2],
    /// The latest timestamp in milliseconds: as received (wrapping) and unwrapped.
    clock: Option<(u32, i64)>,
}

struct OnAir {
    source: SourceId,
    kind: SourceKind,
    offset: i64,
}

/// The latest timestamp of the stream, and when it was received, in milliseconds.
#[derive(Clone, Copy)]
struct End {
    at: u64,
    received_ms: u64,
}

impl Timeline {
    /// Whether an egress of this generation may publish: not if a newer one has been on air.
    pub fn accepts(&self, generation: Generation) -> bool {
        self.newest.is_none_or(|newest| generation >= newest)
    }

    pub fn join(&mut self, id: SourceId, kind: SourceKind) {
        self.sources.insert(id, Source { kind, headers: [None, None], clock: None });
    }

    /// Removes a source, also if it is on air.
    pub fn leave(&mut self, id: SourceId) {
        self.sources.remove(&id);
        if self.on_air() == Some(id) {
            self.current = None;
        }
    }

    /// Whether a source was added.
    pub fn contains(&self, id: SourceId) -> bool {
        self.sources.contains_key(&id)
    }

    /// Takes a silent source off air without removing it.
    pub fn take_off_air(&mut self) {
        self.current = None;
    }

    /// The source on air.
    pub fn on_air(&self) -> Option<SourceId> {
        self.current.as_ref().map(|current| current.source)
    }

    /// The generation on air, if an egress is.
    pub fn generation(&self) -> Option<Generation> {
        match self.current.as_ref()?.kind {
            SourceKind::Egress(generation) => Some(generation),
            SourceKind::Slate => None,
        }
    }

    /// Handles a tag of `source` with its own wrapping timestamp, received at `received_ms` of a monotonic clock.
    pub fn take(&mut self, id: SourceId, track: Track, role: Role, timestamp: u32, body: Bytes, received_ms: u64) -> Taken {
        let mut taken = Taken::default();
        let Some(source) = self.sources.get_mut(&id) else { return taken };
        let (before, own) = source.unwrap(timestamp);
        let kind = source.kind;
        if role == Role::Header {
            source.headers[track as usize] = Some(body);
            if self.on_air() == Some(id) {
                self.put_headers(id, &mut taken);
            }
            return taken;
        }
        let ready = track == Track::Video && role == Role::Key && source.headers[Track::Video as usize].is_some();
        if self.on_air() != Some(id) {
            if !ready || !self.may_take_over(kind) {
                return taken;
            }
            self.take_over(id, kind, own, received_ms, &mut taken);
        } else if before.is_some_and(|before| (own - before).abs() > MAX_JUMP_MS) {
            let offset = self.next_timestamp(received_ms) - own;
            self.current.as_mut().expect("it is on air").offset = offset;
        }
        let offset = self.current.as_ref().expect("it is on air").offset;
        let Ok(at) = u64::try_from(own + offset) else { return taken };
        if self.last[track as usize].is_some_and(|last| at < last) {
            return taken; // Dropped rather than shifted: the offset between video and audio stays.
        }
        self.last[track as usize] = Some(at);
        if self.end.is_none_or(|end| at >= end.at) {
            self.end = Some(End { at, received_ms });
        }
        taken.tags.push(Tag { track, role, at, body });
        taken
    }

    fn may_take_over(&self, kind: SourceKind) -> bool {
        match (kind, self.current.as_ref().map(|current| current.kind)) {
            (SourceKind::Slate, on_air) => on_air.is_none(),
            (SourceKind::Egress(generation), Some(SourceKind::Egress(current))) => generation > current,
            (SourceKind::Egress(generation), _) => self.accepts(generation),
        }
    }

    fn take_over(&mut self, id: SourceId, kind: SourceKind, own: i64, received_ms: u64, taken: &mut Taken) {
        let offset = self.next_timestamp(received_ms) - own;
        self.current = Some(OnAir { source: id, kind, offset });
        if let SourceKind::Egress(generation) = kind {
            self.newest = self.newest.max(Some(generation));
            let older = |other: &Source| matches!(other.kind, SourceKind::Egress(theirs) if theirs < generation);
            taken.superseded = self.sources.iter().filter(|(_, other)| older(other)).map(|(id, _)| *id).collect();
            taken.superseded.iter().for_each(|id| drop(self.sources.remove(id)));
        }
        self.put_headers(id, taken);
    }

    /// Sends the headers of `id` that differ from the current ones.
    fn put_headers(&mut self, id: SourceId, taken: &mut Taken) {
        let at = self.last.iter().flatten().max().copied().unwrap_or_default();
        for track in [Track::Video, Track::Audio] {
            let theirs = &self.sources[&id].headers[track as usize];
            if theirs.is_some() && *theirs != self.headers[track as usize] {
                self.headers[track as usize].clone_from(theirs);
                taken.tags.push(Tag { track, role: Role::Header, at, body: theirs.clone().expect("just seen") });
            }
        }
    }

    /// Timestamp at which a new source starts: the elapsed time after the end of the stream, so that the stream keeps real time.
    fn next_timestamp(&self, received_ms: u64) -> i64 {
        let next = self.end.map_or(0, |end| end.at + received_ms.saturating_sub(end.received_ms).max(1));
        i64::try_from(next).expect("a stream never lasts 292 million years")
    }
}

impl Source {
    /// The timestamp before this one and this one, both unwrapped.
    fn unwrap(&mut self, timestamp: u32) -> (Option<i64>, i64) {
        let before = self.clock.map(|(_, unwrapped)| unwrapped);
        let now = self
            .clock
            .map_or(i64::from(timestamp), |(wrapped, unwrapped)| unwrapped + i64::from(timestamp.wrapping_sub(wrapped).cast_signed()));
        self.clock = Some((timestamp, now));
        (before, now)
    }
}

#[cfg(test)]
mod tests;
