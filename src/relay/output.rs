//! One desired destination and the task that sends to it.

use super::{
    RelayState, metrics::Platform, queue::Queue, recorder::Recorder, rtmp_output::RtmpOutput, status::Status, stream_hub::StreamHub,
};
use crate::{
    api::relay_control::{DesiredDestination, DesiredTarget, DestinationReport, DestinationState},
    domain::{
        address::check_address,
        ids::{SessionId, UserId},
    },
    net::clock::now,
};
use std::sync::Arc;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

pub struct Output {
    pub wanted: DesiredDestination,
    /// Tags waiting to be sent.
    pub queue: Arc<Queue>,
    /// Its state and statistics.
    pub status: Arc<Status>,
    stop: CancellationToken,
    try_now: Arc<Notify>,
    being_removed: bool,
}

impl Output {
    /// Starts the task of a destination.
    pub fn start(
        wanted: DesiredDestination,
        account: Option<&UserId>,
        relay: &Arc<RelayState>,
        stream: &SessionId,
        hub: &Arc<StreamHub>,
        changed: &Arc<Notify>,
    ) -> Self {
        let platform = Platform::of(&wanted.target);
        let queue = Arc::new(Queue::new(relay.config.limits.queue_bytes, platform));
        let status = Arc::new(Status::new(changed.clone()));
        let (stop, try_now) = (CancellationToken::new(), Arc::new(Notify::new()));
        hub.add(queue.clone());
        match &wanted.target {
            DesiredTarget::Publish { address, stream_key } => match check_address(address, &relay.config.allow) {
                Ok(target) => {
                    let output = RtmpOutput {
                        target,
                        key: stream_key.clone(),
                        label: wanted.id.to_string(),
                        accepted_before: wanted.accepted_before,
                        connector: relay.connector.clone(),
                        hub: hub.clone(),
                        queue: queue.clone(),
                        status: status.clone(),
                        flow: hub.flow(),
                        stop: stop.clone(),
                        timeouts: relay.config.timeouts,
                        metrics: relay.metrics.clone(),
                        platform,
                        avoid: Vec::new(),
                        try_now: try_now.clone(),
                    };
                    tokio::spawn(output.run());
                }
                Err(refused) => status.set(DestinationState::Failed { at: now(), reason: refused.to_string() }),
            },
            DesiredTarget::Record => {
                let recorder = Recorder {
                    folder: relay.recordings().join(stream.as_str()),
                    account: account.map(ToString::to_string),
                    label: wanted.id.to_string(),
                    hub: hub.clone(),
                    queue: queue.clone(),
                    status: status.clone(),
                    flow: hub.flow(),
                    stop: stop.clone(),
                    timeouts: relay.config.timeouts,
                    quota: relay.quota.clone(),
                    disk_reserve: relay.config.limits.disk_reserve,
                };
                tokio::spawn(recorder.run());
            }
        }
        Self { wanted, queue, status, stop, try_now, being_removed: false }
    }

    /// Asks the task to end cleanly.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// Ends the wait before the next retry; `false` if it is not waiting for one.
    pub fn try_now(&self) -> bool {
        let waiting = !self.being_removed && self.status.is_retrying();
        if waiting {
            self.try_now.notify_waiters();
        }
        waiting
    }

    /// Marks it as no longer desired; it is reported until its task has ended.
    #[must_use]
    pub fn being_removed(mut self) -> Self {
        self.being_removed = true;
        self
    }

    /// Whether it is no longer desired and its task has ended.
    pub fn is_removed(&self) -> bool {
        self.being_removed && self.status.is_over()
    }

    /// The report for the control API.
    pub fn report(&self) -> DestinationReport {
        self.status.report(self.wanted.id.clone(), &self.queue)
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
