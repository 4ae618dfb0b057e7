//! The task of one RTMP destination: connects, publishes and retries until it is stopped or fails permanently.
//! The connection itself is in `rtmp_connection`.

use super::{
    connect::Connector,
    connection_error::ConnectionError,
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
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

/// A connection that lasted this long was stable: the next loss starts a new outage.
const STABLE_AFTER: Duration = Duration::from_secs(10);
/// So often in a row a doubtful error may come before it is final.
const MAX_DOUBTS: u32 = 3;
/// An outage is new for this long, and then recent up to the second one.
const NEW_OUTAGE: Duration = Duration::from_mins(1);
const RECENT_OUTAGE: Duration = Duration::from_mins(5);

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
    /// IP addresses of its host that failed lately, the oldest failure first.
    pub avoid: Vec<IpAddr>,
    /// Notified to end the wait before a retry.
    pub try_now: Arc<Notify>,
}

/// The retries since the last stable connection.
#[derive(Default)]
struct Outage {
    since: Option<(Instant, Timestamp)>,
    attempt: u32,
    doubts: u32,
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
            outage.doubts = if matches!(error, ConnectionError::Doubtful(_)) { outage.doubts + 1 } else { 0 };
            let reason = match error {
                ConnectionError::Permanent(reason) if !accepted_ever => return DestinationState::Failed { at: now(), reason },
                ConnectionError::Doubtful(reason) if !accepted_ever && outage.doubts >= MAX_DOUBTS => {
                    return DestinationState::Failed { at: now(), reason };
                }
                ConnectionError::Permanent(reason) | ConnectionError::Doubtful(reason) | ConnectionError::Transient(reason) => reason,
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
        let delay = delay(&self.timeouts, began.elapsed(), rand::random());
        let next_at = now().plus_millis(i64::try_from(delay.as_millis()).unwrap_or(i64::MAX));
        self.metrics.of(self.platform).retries.increment(1);
        self.status.set(DestinationState::Retrying { attempt: outage.attempt, since, next_at, reason });
        tokio::select! {
            () = self.stop.cancelled() => Some(DestinationState::Finished { at: now() }),
            () = tokio::time::sleep(delay) => None,
            () = self.try_now.notified() => None,
        }
    }
}

/// The pause before a retry: short while the session can still be saved, longer the longer the outage lasts. Random, so that many
/// destinations do not reconnect at once.
fn delay(timeouts: &Timeouts, outage: Duration, random: f64) -> Duration {
    let delay = if outage < NEW_OUTAGE {
        timeouts.first_retry_delay.mul_f64(1.0 + 2.0 * random)
    } else if outage < RECENT_OUTAGE {
        timeouts.first_retry_delay.mul_f64(3.0 + 2.0 * random)
    } else {
        timeouts.max_retry_delay.mul_f64(0.8 + 0.2 * random)
    };
    delay.min(timeouts.max_retry_delay)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_live_session_is_retried_every_few_seconds() {
        let timeouts = Timeouts::default();
        let range = |seconds| [0.0, 1.0].map(|random| delay(&timeouts, Duration::from_secs(seconds), random).as_secs());
        for (seconds, expected) in [(0, [1, 3]), (59, [1, 3]), (60, [3, 5]), (299, [3, 5]), (300, [12, 15]), (890, [12, 15])] {
            assert_eq!(range(seconds), expected, "{seconds} s after the loss");
        }
        let short = Timeouts { max_retry_delay: Duration::from_secs(2), ..timeouts };
        assert_eq!(delay(&short, Duration::ZERO, 1.0), Duration::from_secs(2), "FOOTLIGHT_RETRY_MOST is never exceeded");
    }
}
