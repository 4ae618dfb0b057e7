//! Lines on their way into a session's feed. Numbers are assigned one transaction at a time; lines that arrive during one are
//! batched into the next, so many senders cost little more than one and listeners get every line in order.

use super::{Feed, KIND, history::FeedHistory, line_limits::LineLimits};
use crate::{
    domain::{ids::SessionId, timestamp::Timestamp},
    server::{
        error::{StudioError, StudioResult, chain},
        ports::Ports,
        store::{FeedEntry, NewLine, StoreError},
    },
};
use parking_lot::Mutex;
use std::{collections::HashMap, sync::Arc};
use tokio::sync::oneshot;

/// Lines in one transaction: several full batches.
const AT_ONCE: usize = 500;

type Numbers = Result<Vec<Option<u64>>, StoreError>;

/// One caller's lines, and where their numbers are waited for.
struct Waiting {
    lines: Vec<NewLine>,
    reply: oneshot::Sender<Numbers>,
}

/// The queue of one session.
#[derive(Default)]
struct Queue {
    waiting: Mutex<Vec<Waiting>>,
    writing: tokio::sync::Mutex<()>,
}

/// The queues of all sessions with pending lines.
#[derive(Default)]
struct Queues(Mutex<HashMap<SessionId, Arc<Queue>>>);

impl Queues {
    fn of(&self, id: &SessionId) -> Arc<Queue> {
        let mut all = self.0.lock();
        // A queue without other references is empty.
        all.retain(|known, queue| known == id || Arc::strong_count(queue) > 1);
        Arc::clone(all.entry(id.clone()).or_default())
    }
}

impl Queue {
    fn add(&self, lines: Vec<NewLine>) -> oneshot::Receiver<Numbers> {
        let (reply, receiver) = oneshot::channel();
        self.waiting.lock().push(Waiting { lines, reply });
        receiver
    }

    /// Those whose turn it is: all who wait, or as many as fit.
    fn next(&self) -> Vec<Waiting> {
        let mut waiting = self.waiting.lock();
        let mut lines = 0;
        let fit = waiting.iter().take_while(|one| {
            let first = lines == 0;
            lines += one.lines.len();
            first || lines <= AT_ONCE
        });
        let fit = fit.count();
        waiting.drain(..fit).collect()
    }
}

/// Appends to the feeds of sessions. Cheap to clone.
#[derive(Clone)]
pub struct FeedWriter {
    ports: Arc<Ports>,
    feed: Feed,
    history: FeedHistory,
    queues: Arc<Queues>,
    limits: Arc<LineLimits>,
}

impl FeedWriter {
    pub fn new(ports: Arc<Ports>, feed: Feed, history: FeedHistory) -> Self {
        let limits = Arc::new(LineLimits::new(ports.config.feeds, ports.config.rate_factor));
        Self { ports, feed, history, queues: Arc::default(), limits }
    }

    /// Before a caller's lines are appended or delayed.
    ///
    /// # Errors
    /// The session's feed takes no more of them, now or at all; or the store failed.
    pub async fn admit(&self, id: &SessionId, lines: usize) -> StudioResult<()> {
        self.limits.admit(&*self.ports.store, id, lines).await
    }

    /// Appends a caller's lines and announces them; returns each line's number, `None` for one whose id is already stored.
    ///
    /// # Errors
    /// The store failed.
    pub async fn append(&self, id: &SessionId, lines: Vec<NewLine>, now: Timestamp) -> StudioResult<Vec<Option<u64>>> {
        let queue = self.queues.of(id);
        let receiver = queue.add(lines);
        let (writer, id) = (self.clone(), id.clone());
        // In a task of its own: a caller who disconnects must not block the others.
        tokio::spawn(async move {
            let _writing = queue.writing.lock().await;
            let batch = queue.next();
            if !batch.is_empty() {
                writer.write(&id, batch, now).await;
            }
        });
        let numbers = receiver.await.map_err(|_| StudioError::Internal("the writer of a feed went away".into()))?;
        Ok(numbers?)
    }

    async fn write(&self, id: &SessionId, batch: Vec<Waiting>, now: Timestamp) {
        let (mut all, mut callers) = (Vec::new(), Vec::new());
        for Waiting { lines, reply } in batch {
            callers.push((lines.len(), reply));
            all.extend(lines);
        }
        // A caller who disconnected gets no reply; the lines stay.
        match self.ports.store.append_lines(id, now, &all).await {
            Ok(numbers) => {
                for (line, seq) in all.into_iter().zip(&numbers) {
                    if let Some(seq) = *seq {
                        self.feed.entry(id, FeedEntry { seq, at: now, kind: KIND.to_owned(), id: line.id, data: line.data });
                    }
                }
                self.appended(id, numbers.iter().flatten().copied().max());
                let mut numbers = numbers.into_iter();
                for (count, reply) in callers {
                    let _ = reply.send(Ok(numbers.by_ref().take(count).collect()));
                }
            }
            Err(error) => {
                let message = chain(&error);
                for (_, reply) in callers {
                    let _ = reply.send(Err(StoreError::Failed(message.clone().into())));
                }
            }
        }
    }

    /// Before the overlay's settings are changed: a feed that is full of events still takes them.
    ///
    /// # Errors
    /// Too many lines in a short time.
    pub fn admit_settings(&self, id: &SessionId) -> StudioResult<()> {
        self.limits.admit_settings(id)
    }

    fn appended(&self, id: &SessionId, end: Option<u64>) {
        if end.is_some_and(|end| self.limits.appended(id, end)) {
            self.history.write_snapshot(id);
        }
    }

    /// Releases delayed events that are due. The reconciler calls it too, so a restart loses no event.
    pub async fn release_due(&self, id: &SessionId) {
        loop {
            match self.ports.store.release_lines(id, self.ports.now()).await {
                Ok(entries) if entries.is_empty() => return,
                Ok(entries) => {
                    self.appended(id, entries.last().map(|entry| entry.seq));
                    for entry in entries {
                        self.feed.entry(id, entry);
                    }
                }
                Err(error) => {
                    tracing::warn!(session = %id, error = %chain(&error), "delayed events could not be released; retrying in the next round");
                    return;
                }
            }
        }
    }
}
