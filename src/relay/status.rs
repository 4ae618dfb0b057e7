//! State and statistics of one destination. Written by its task, read by reports.

use super::{queue::Queue, rate::Rate};
use crate::{
    api::relay_control::{DestinationReport, DestinationState},
    domain::{ids::DestinationId, timestamp::Timestamp},
    net::clock::now,
};
use parking_lot::{Mutex, MutexGuard};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::Notify;

/// Shared by the task and the stream.
pub struct Status {
    inner: Mutex<Inner>,
    changed: Arc<Notify>,
}

struct Inner {
    state: DestinationState,
    written: u64,
    acknowledged: Option<u64>,
    acknowledged_before: u64,
    last_progress: Option<Timestamp>,
    rate: Rate,
    reconnects: u32,
    live_since: Option<Instant>,
    uptime: Duration,
    was_live: bool,
}

impl Status {
    /// A waiting destination; notifies `changed` on every change of state.
    pub fn new(changed: Arc<Notify>) -> Self {
        let inner = Inner {
            state: DestinationState::Waiting,
            written: 0,
            acknowledged: None,
            acknowledged_before: 0,
            last_progress: None,
            rate: Rate::default(),
            reconnects: 0,
            live_since: None,
            uptime: Duration::ZERO,
            was_live: false,
        };
        Self { inner: Mutex::new(inner), changed }
    }

    /// Changes the state; any state but `Live` stops counting the uptime.
    pub fn set(&self, state: DestinationState) {
        let mut inner = self.lock();
        if let Some(since) = inner.live_since.take() {
            inner.uptime += since.elapsed();
        }
        if let DestinationState::Live { .. } = state {
            inner.live_since = Some(Instant::now());
            inner.reconnects += u32::from(inner.was_live);
            inner.was_live = true;
        } else {
            inner.acknowledged_before = inner.acknowledged.unwrap_or_default();
        }
        inner.state = state;
        drop(inner);
        self.changed.notify_one();
    }

    /// Records written bytes: the first ones after an accepted publish make the destination live.
    pub fn progress(&self, bytes: usize) {
        let mut inner = self.lock();
        inner.written += bytes as u64;
        inner.last_progress = Some(now());
        inner.rate.add(bytes);
        let live = matches!(inner.state, DestinationState::Live { .. });
        drop(inner);
        if !live {
            self.set(DestinationState::Live { since: now() });
        }
    }

    /// Records bytes of this connection that the server acknowledged.
    pub fn acknowledged(&self, bytes: u64) {
        let mut inner = self.lock();
        inner.acknowledged = Some(inner.acknowledged_before + bytes);
        if matches!(inner.state, DestinationState::Live { .. }) {
            inner.last_progress = Some(now());
        }
    }

    /// Whether the state is final.
    pub fn is_over(&self) -> bool {
        matches!(self.lock().state, DestinationState::Failed { .. } | DestinationState::Finished { .. })
    }

    /// Whether the next attempt is being waited for or under way.
    pub fn is_retrying(&self) -> bool {
        matches!(self.lock().state, DestinationState::Retrying { .. })
    }

    /// The report for the control API.
    pub fn report(&self, id: DestinationId, queue: &Queue) -> DestinationReport {
        let mut inner = self.lock();
        let uptime = inner.uptime + inner.live_since.map_or(Duration::ZERO, |since| since.elapsed());
        DestinationReport {
            id,
            state: inner.state.clone(),
            bytes_written: inner.written,
            bytes_acknowledged: inner.acknowledged,
            last_progress_at: inner.last_progress,
            bitrate_kbps: inner.rate.kbps(),
            reconnects: inner.reconnects,
            dropped_groups: queue.dropped(),
            uptime_ms: u64::try_from(uptime.as_millis()).unwrap_or(u64::MAX),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock()
    }
}
