//! The outputs of one egress: starts and stops them, and writes their events into the stream results.

use crate::{
    egress::{
        egress_info::{Failure, SharedEgressInfo, finish},
        encoder_output::EncoderOutput,
        encoding::Encoding,
        output::OutputUrl,
        request::EgressRequest,
        rtmp_output::{OutputEvent, RtmpOutput},
    },
    net::clock,
};
use livekit_protocol::stream_info::Status;
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::{sync::mpsc, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// What an event means for the egress.
#[derive(Debug, PartialEq, Eq)]
pub enum OutputsOutcome {
    /// Other outputs are left, or this one is being retried.
    Continue,
    /// The last output failed.
    AllFailed(Failure),
}

/// The outputs by their position in the stream results.
pub struct Outputs {
    active: BTreeMap<usize, (OutputUrl, CancellationToken)>,
    started: bool,
    tasks: TaskTracker,
    encoder_output: Arc<EncoderOutput>,
    encoding: Encoding,
    outage_limit: Duration,
    shared_info: Arc<SharedEgressInfo>,
    events: mpsc::UnboundedSender<(usize, OutputEvent)>,
}

impl Outputs {
    /// The outputs of a request, not yet publishing, and the receiver of their events.
    pub fn new(
        request: &EgressRequest,
        outage_limit: Duration,
        encoder_output: Arc<EncoderOutput>,
        shared_info: Arc<SharedEgressInfo>,
    ) -> (Self, mpsc::UnboundedReceiver<(usize, OutputEvent)>) {
        let (events, received) = mpsc::unbounded_channel();
        let active = request.outputs.iter().cloned().map(|output| (output, CancellationToken::new())).enumerate().collect();
        let outputs = Self {
            active,
            started: false,
            tasks: TaskTracker::new(),
            encoder_output,
            encoding: request.encoding,
            outage_limit,
            shared_info,
            events,
        };
        (outputs, received)
    }

    pub fn start(&mut self) {
        self.started = true;
        for (index, (output, token)) in &self.active {
            self.publish(*index, output.clone(), token.clone());
        }
    }

    pub fn add(&mut self, index: usize, output: OutputUrl) {
        let token = CancellationToken::new();
        self.active.insert(index, (output.clone(), token.clone()));
        if self.started {
            self.publish(index, output, token);
        }
    }

    /// Removes an output; true if it was the last.
    pub fn remove(&mut self, index: usize) -> bool {
        let Some((_, token)) = self.active.remove(&index) else { return false };
        token.cancel();
        let last = self.active.is_empty();
        let change = |info: &mut livekit_protocol::EgressInfo| finish(&mut info.stream_results[index], Status::Finished, "");
        // The end of the last output is announced with the end of the egress.
        if last {
            self.shared_info.update_silently(change)
        } else {
            self.shared_info.update(change)
        };
        last
    }

    /// Writes an event into the output's stream result.
    pub fn handle_event(&mut self, index: usize, event: OutputEvent) -> OutputsOutcome {
        if !self.active.contains_key(&index) {
            return OutputsOutcome::Continue;
        }
        match event {
            OutputEvent::Accepted => {
                let first = self.shared_info.snapshot().stream_results.get(index).is_some_and(|result| result.started_at == 0);
                if first {
                    self.shared_info.update(|info| info.stream_results[index].started_at = clock::nanos());
                }
            }
            OutputEvent::Retrying => {
                let retry = |info: &mut livekit_protocol::EgressInfo| {
                    let result = &mut info.stream_results[index];
                    result.retries += 1;
                    result.last_retry_at = clock::nanos();
                };
                // Like LiveKit: only the first retry sends a webhook.
                let first = self.shared_info.snapshot().stream_results.get(index).is_some_and(|result| result.retries == 0);
                if first {
                    self.shared_info.update(retry)
                } else {
                    self.shared_info.update_silently(retry)
                };
            }
            OutputEvent::Failed(error) => {
                let reason = error.to_string();
                self.active.remove(&index);
                let last = self.active.is_empty();
                let fail = |info: &mut livekit_protocol::EgressInfo| finish(&mut info.stream_results[index], Status::Failed, &reason);
                if last {
                    self.shared_info.update_silently(fail);
                    return OutputsOutcome::AllFailed(Failure::new(503, reason));
                }
                self.shared_info.update(fail);
            }
        }
        OutputsOutcome::Continue
    }

    /// Ends all outputs, waiting briefly for them to unpublish.
    pub async fn finish(self) {
        for (_, token) in self.active.values() {
            token.cancel();
        }
        self.tasks.close();
        if timeout(Duration::from_millis(1500), self.tasks.wait()).await.is_err() {
            tracing::warn!("an output did not unpublish in time");
        }
    }

    fn publish(&self, index: usize, output: OutputUrl, finish: CancellationToken) {
        let (encoder_output, events) = (Arc::clone(&self.encoder_output), self.events.clone());
        let output = RtmpOutput { output, encoder_output, encoding: self.encoding, outage_limit: self.outage_limit, finish, index, events };
        self.tasks.spawn(output.run());
    }
}

/// An egress that ends by a defect leaves no output behind either.
impl Drop for Outputs {
    fn drop(&mut self) {
        for (_, token) in self.active.values() {
            token.cancel();
        }
    }
}
