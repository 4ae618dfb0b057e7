//! The task of one RTMP destination: connects, publishes and retries until it is stopped or fails permanently.
//! The connection itself is in `rtmp_connection`.

use super::{
    connect::{ConnectionError, Connector},
    metrics::{Metrics, Platform},
    queue::Queue,
    rtmp_connection::{self, End},
    status::Status,
    stream_hub::{Flow, StreamHub},
};
use crate::{
    api::relay_control::DestinationState,
    config::relay::Timeouts,
    domain::{address::IngestTarget, destination::StreamKey, timestamp::Timestamp},
    net::clock::now,
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// A connection that lasted this long was stable: the next loss starts a new outage.
const STABLE_AFTER: Duration = Duration::from_secs(10);

pub struct RtmpOutput {
    pub target: IngestTarget,
    /// The stream key; sent to the platform and nowhere else.
    pub key: StreamKey,
    pub label: String,
    /// Whether the platform accepted this stream before this task started.
    pub accepted_before: bool,
    pub connector: Arc<Connector>,
    pub hub: Arc<StreamHub>,
    /// Tags waiting to be sent.
    pub queue: Arc<Queue>,
    /// Its state and statistics.
    pub status: Arc<Status>,
    /// Whether the composite arrives.
    pub flow: watch::Receiver<Flow>,
    /// Cancelled when the destination is no longer desired.
    pub stop: CancellationToken,
    pub timeouts: Timeouts,
    pub metrics: Arc<Metrics>,
    pub platform: Platform,
}

/// The retries since the last stable connection.
#[derive(Default)]
struct Outage {
    since: Option<(Instant, Timestamp)>,
    attempt: u32,
}

impl RtmpOutput {
    /// Publishes until it ends; the last state is finished or failed.
    pub async fn run(mut self) {
        let end = self.run_until_done().await;
        self.queue.close();
        if let DestinationState::Failed { reason, .. } = &end {
            tracing::warn!(destination = %self.label, %reason, "destination failed");
        }
        self.status.set(end);
    }

    async fn run_until_done(&mut self) -> DestinationState {
        let mut outage = Outage::default();
        let mut accepted_ever = self.accepted_before;
        loop {
            let stop = self.stop.clone();
            tokio::select! {
                () = stop.cancelled() => return DestinationState::Finished { at: now() },
                closed = self.flow.wait_for(|flow| *flow == Flow::Flowing) => if closed.is_err() {
                    return DestinationState::Finished { at: now() };
                },
            }
            if outage.since.is_none() {
                self.status.set(DestinationState::Connecting { since: now() });
            }
            let began = Instant::now();
            let (end, live_at) = rtmp_connection::run(self).await;
            self.queue.close();
            accepted_ever |= live_at.is_some();
            if live_at.is_some_and(|at| at.elapsed() >= STABLE_AFTER) {
                outage = Outage::default();
            }
            let error = match end {
                End::Stopped => return DestinationState::Finished { at: now() },
                End::NothingToSend => {
                    outage = Outage::default();
                    self.status.set(DestinationState::Waiting);
                    continue;
                }
                End::Failed(error) => error,
            };
            let reason = match error {
                ConnectionError::Permanent(reason) if !accepted_ever => return DestinationState::Failed { at: now(), reason },
                ConnectionError::Permanent(reason) | ConnectionError::Transient(reason) => reason,
            };
            tracing::info!(destination = %self.label, %reason, after_ms = began.elapsed().as_millis(), "connection ended");
            if let Some(end) = self.wait_before_retry(&mut outage, reason).await {
                return end;
            }
        }
    }

    /// Waits before the next retry; returns the final state if there is none.
    async fn wait_before_retry(&self, outage: &mut Outage, reason: String) -> Option<DestinationState> {
        let (began, since) = *outage.since.get_or_insert_with(|| (Instant::now(), now()));
        if began.elapsed() >= self.timeouts.outage {
            let reason = format!("{reason}; given up after {} s", began.elapsed().as_secs());
            return Some(DestinationState::Failed { at: now(), reason });
        }
        outage.attempt += 1;
        let delay = delay(&self.timeouts, outage.attempt, rand::random());
        let next_at = now().plus_millis(i64::try_from(delay.as_millis()).unwrap_or(i64::MAX));
        self.metrics.of(self.platform).retries.increment(1);
        self.status.set(DestinationState::Retrying { attempt: outage.attempt, since, next_at, reason });
        tokio::select! {
            () = self.stop.cancelled() => Some(DestinationState::Finished { at: now() }),
            () = tokio::time::sleep(delay) => None,
        }
    }
}

/// Doubles from the first to the longest delay, with 20 % jitter so that many destinations do not reconnect at once.
fn delay(timeouts: &Timeouts, attempt: u32, random: f64) -> Duration {
    let doubled = timeouts.first_retry_delay.saturating_mul(1 << (attempt - 1).min(16));
    doubled.min(timeouts.max_retry_delay).mul_f64(0.8 + 0.4 * random)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_delay_doubles_from_one_second_to_a_minute() {
        let timeouts = Timeouts::default();
        let middle: Vec<_> = (1..=9).map(|attempt| delay(&timeouts, attempt, 0.5).as_secs()).collect();
        assert_eq!(middle, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(delay(&timeouts, 400, 1.0), Duration::from_secs(72));
        assert_eq!(delay(&timeouts, 1, 0.0), Duration::from_millis(800));
    }
}
