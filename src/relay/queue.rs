//! The send queue of one destination. It is bounded; an overflow drops whole GOPs of this destination only.

use super::metrics::Platform;
use crate::media::tag::{Role, Tag};
use parking_lot::Mutex;
use std::collections::VecDeque;
use tokio::sync::Notify;

/// Tags waiting for one destination.
pub struct Queue {
    inner: Mutex<Inner>,
    ready: Notify,
    max_bytes: usize,
    platform: Platform,
}

#[derive(Default)]
struct Inner {
    open: bool,
    tags: VecDeque<Tag>,
    bytes: usize,
    /// Dropping until the next keyframe, after an overflow.
    skipping: bool,
    dropped: u32,
}

impl Queue {
    /// A closed queue for up to `max_bytes` bytes.
    pub fn new(max_bytes: usize, platform: Platform) -> Self {
        Self { inner: Mutex::default(), ready: Notify::new(), max_bytes, platform }
    }

    /// The platform of its destination.
    pub fn platform(&self) -> Platform {
        self.platform
    }

    /// Opens it with the tags a new connection needs first: headers and the current GOP.
    pub fn open(&self, tags: impl IntoIterator<Item = Tag>) {
        let mut inner = self.lock();
        inner.tags = tags.into_iter().collect();
        inner.bytes = inner.tags.iter().map(|tag| tag.body.len()).sum();
        inner.open = true;
        inner.skipping = !inner.tags.iter().any(Tag::is_key);
        drop(inner);
        self.ready.notify_one();
    }

    /// Closes it, and drops what waits in it.
    pub fn close(&self) {
        let mut inner = self.lock();
        let dropped = inner.dropped;
        *inner = Inner { dropped, ..Inner::default() };
    }

    /// Adds a tag unless it is closed. Returns whether a GOP was dropped.
    pub fn push(&self, tag: &Tag) -> bool {
        let mut inner = self.lock();
        if !inner.open {
            return false;
        }
        if tag.is_key() {
            inner.skipping = false;
        } else if inner.skipping && tag.role != Role::Header {
            return false;
        }
        let overflow = inner.bytes + tag.body.len() > self.max_bytes;
        if overflow {
            inner.tags.retain(|tag| tag.role == Role::Header);
            inner.bytes = inner.tags.iter().map(|tag| tag.body.len()).sum();
            inner.dropped += 1;
            inner.skipping = !tag.is_key();
        }
        if !inner.skipping || tag.role == Role::Header {
            inner.bytes += tag.body.len();
            inner.tags.push_back(tag.clone());
        }
        drop(inner);
        self.ready.notify_one();
        overflow
    }

    /// The next tag, if there is one.
    pub fn pop(&self) -> Option<Tag> {
        let mut inner = self.lock();
        let tag = inner.tags.pop_front()?;
        inner.bytes -= tag.body.len();
        Some(tag)
    }

    /// Whether its destination is connected.
    pub fn is_open(&self) -> bool {
        self.lock().open
    }

    /// GOPs dropped so far.
    pub fn dropped(&self) -> u32 {
        self.lock().dropped
    }

    /// Waits until there may be a tag.
    pub async fn ready(&self) {
        if self.lock().tags.is_empty() {
            self.ready.notified().await;
        }
    }

    fn lock(&self) -> parking_lot::MutexGuard<'_, Inner> {
        self.inner.lock()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::tag::Track;
    use bytes::Bytes;

    fn video(role: Role, at: u64, bytes: usize) -> Tag {
        Tag { track: Track::Video, role, at, body: Bytes::from(vec![0; bytes]) }
    }

    #[test]
    fn queue_overflow_drops_whole_gops_and_keeps_headers() {
        let queue = Queue::new(100, Platform::Custom);
        queue.push(&video(Role::Key, 0, 1));
        assert!(queue.pop().is_none(), "closed");
        queue.open([video(Role::Header, 0, 5)]);
        queue.push(&video(Role::Plain, 0, 1));
        queue.push(&video(Role::Key, 1, 60));
        assert!(queue.push(&video(Role::Plain, 2, 60)), "lost");
        queue.push(&video(Role::Plain, 3, 1));
        queue.push(&video(Role::Key, 4, 60));
        queue.push(&video(Role::Plain, 5, 1));
        let got: Vec<_> = std::iter::from_fn(|| queue.pop()).map(|tag| (tag.role, tag.at)).collect();
        assert_eq!(got, [(Role::Header, 0), (Role::Key, 4), (Role::Plain, 5)]);
        assert_eq!(queue.dropped(), 1);
    }
}
