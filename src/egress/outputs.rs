//! The outputs of one egress: which publisher runs, what each one's result says, and when none is left.

use crate::egress::{
    clock,
    encoding::Encoding,
    feed::Feed,
    output::OutputUrl,
    plan::Plan,
    publisher::{OutputEvent, Publisher},
    record::{Failure, Record, finish},
};
use livekit_protocol::stream_info::Status;
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::{sync::mpsc, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// What an event means for the egress.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Others are left, or this one still has hope.
    GoOn,
    /// The last output failed.
    Hopeless(Failure),
}

/// The outputs by their position in the results.
pub struct Outputs {
    wanted: BTreeMap<usize, (OutputUrl, CancellationToken)>,
    started: bool,
    tasks: TaskTracker,
    feed: Arc<Feed>,
    encoding: Encoding,
    patience: Duration,
    record: Arc<Record>,
    events: mpsc::UnboundedSender<(usize, OutputEvent)>,
}

impl Outputs {
    /// The outputs of a plan, not yet publishing, and where their events arrive.
    pub fn new(
        plan: &Plan,
        patience: Duration,
        feed: Arc<Feed>,
        record: Arc<Record>,
    ) -> (Self, mpsc::UnboundedReceiver<(usize, OutputEvent)>) {
        let (events, heard) = mpsc::unbounded_channel();
        let wanted = plan.outputs.iter().cloned().map(|output| (output, CancellationToken::new())).enumerate().collect();
        let outputs = Self { wanted, started: false, tasks: TaskTracker::new(), feed, encoding: plan.encoding, patience, record, events };
        (outputs, heard)
    }

    /// Lets all publish.
    pub fn start(&mut self) {
        self.started = true;
        for (index, (output, token)) in &self.wanted {
            self.publish(*index, output.clone(), token.clone());
        }
    }

    /// One more.
    pub fn add(&mut self, index: usize, output: OutputUrl) {
        let token = CancellationToken::new();
        self.wanted.insert(index, (output.clone(), token.clone()));
        if self.started {
            self.publish(index, output, token);
        }
    }

    /// One less; true if it was the last.
    pub fn remove(&mut self, index: usize) -> bool {
        let Some((_, token)) = self.wanted.remove(&index) else { return false };
        token.cancel();
        let last = self.wanted.is_empty();
        let change = |info: &mut livekit_protocol::EgressInfo| finish(&mut info.stream_results[index], Status::Finished, "");
        // The last one's end is told with the egress's own.
        if last {
            self.record.note(change)
        } else {
            self.record.update(change)
        };
        last
    }

    /// Writes an event into the result it belongs to.
    pub fn hear(&mut self, index: usize, event: OutputEvent) -> Verdict {
        if !self.wanted.contains_key(&index) {
            return Verdict::GoOn;
        }
        match event {
            OutputEvent::Accepted => {
                let first = self.record.snapshot().stream_results.get(index).is_some_and(|result| result.started_at == 0);
                if first {
                    self.record.update(|info| info.stream_results[index].started_at = clock::nanos());
                }
            }
            OutputEvent::Retrying => {
                let retry = |info: &mut livekit_protocol::EgressInfo| {
                    let result = &mut info.stream_results[index];
                    result.retries += 1;
                    result.last_retry_at = clock::nanos();
                };
                // As LiveKit does: the first try is told, the others are read in the list.
                let first = self.record.snapshot().stream_results.get(index).is_some_and(|result| result.retries == 0);
                if first {
                    self.record.update(retry)
                } else {
                    self.record.note(retry)
                };
            }
            OutputEvent::Failed(reason) => {
                self.wanted.remove(&index);
                let last = self.wanted.is_empty();
                let fail = |info: &mut livekit_protocol::EgressInfo| finish(&mut info.stream_results[index], Status::Failed, &reason);
                if last {
                    self.record.note(fail);
                    return Verdict::Hopeless(Failure::new(503, reason));
                }
                self.record.update(fail);
            }
        }
        Verdict::GoOn
    }

    /// Ends all, and waits for their goodbyes, briefly.
    pub async fn finish(self) {
        for (_, token) in self.wanted.values() {
            token.cancel();
        }
        self.tasks.close();
        if timeout(Duration::from_millis(1500), self.tasks.wait()).await.is_err() {
            tracing::warn!("an output did not say goodbye in time");
        }
    }

    fn publish(&self, index: usize, output: OutputUrl, finish: CancellationToken) {
        let (feed, events) = (Arc::clone(&self.feed), self.events.clone());
        let publisher = Publisher { output, feed, encoding: self.encoding, patience: self.patience, finish, index, events };
        self.tasks.spawn(publisher.run());
    }
}
