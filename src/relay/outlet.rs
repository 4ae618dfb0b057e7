//! One wanted destination and the task that serves it.

use super::{
    House, meter::now, metrics::Platform, program::Program, publisher::Publisher, queue::Queue, recorder::Recorder, status::Status,
};
use crate::{
    api::broadcast::{DestinationReport, DestinationState, WantedDestination, WantedTarget},
    domain::{address::check_address, ids::SessionId},
};
use std::sync::Arc;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// See the module.
pub struct Outlet {
    /// As wanted.
    pub wanted: WantedDestination,
    /// What waits for it.
    pub queue: Arc<Queue>,
    /// What is known about it.
    pub status: Arc<Status>,
    stop: CancellationToken,
    leaving: bool,
}

impl Outlet {
    /// Starts to serve a destination.
    pub fn begin(wanted: WantedDestination, house: &Arc<House>, show: &SessionId, program: &Arc<Program>, changed: &Arc<Notify>) -> Self {
        let platform = Platform::of(&wanted.target);
        let queue = Arc::new(Queue::new(house.config.limits.queue_bytes, platform));
        let status = Arc::new(Status::new(changed.clone()));
        let stop = CancellationToken::new();
        program.add(queue.clone());
        match &wanted.target {
            WantedTarget::Publish { address, stream_key } => match check_address(address, &house.config.allow) {
                Ok(target) => {
                    let publisher = Publisher {
                        target,
                        key: stream_key.clone(),
                        label: wanted.id.to_string(),
                        accepted_before: wanted.accepted_before,
                        connector: house.connector.clone(),
                        program: program.clone(),
                        queue: queue.clone(),
                        status: status.clone(),
                        flow: program.flow(),
                        stop: stop.clone(),
                        patience: house.config.patience,
                        metrics: house.metrics.clone(),
                        platform,
                    };
                    tokio::spawn(publisher.run());
                }
                Err(refused) => status.set(DestinationState::Failed { at: now(), reason: refused.to_string() }),
            },
            WantedTarget::Record => {
                let recorder = Recorder {
                    folder: house.recordings().join(show.as_str()),
                    label: wanted.id.to_string(),
                    program: program.clone(),
                    queue: queue.clone(),
                    status: status.clone(),
                    flow: program.flow(),
                    stop: stop.clone(),
                    patience: house.config.patience,
                    quota: house.quota.clone(),
                };
                tokio::spawn(recorder.run());
            }
        }
        Self { wanted, queue, status, stop, leaving: false }
    }

    /// Asks it to end properly.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// No longer wanted: reported until it has said goodbye.
    #[must_use]
    pub fn leaving(mut self) -> Self {
        self.leaving = true;
        self
    }

    /// Whether it is no longer wanted and has said goodbye.
    pub fn has_left(&self) -> bool {
        self.leaving && self.status.is_over()
    }

    /// Everything known about it.
    pub fn report(&self) -> DestinationReport {
        self.status.report(self.wanted.id.clone(), &self.queue)
    }
}

impl Drop for Outlet {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
