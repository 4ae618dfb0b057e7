//! One RTMP output: connects, publishes, comes back after a loss, and says what happened. Knows nothing of egresses.

use crate::egress::{encoding::Encoding, feed::Feed, output::OutputUrl, rtmp::Session};
use rand::Rng as _;
use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};
use tokio::sync::{broadcast::error::RecvError, mpsc};
use tokio_util::sync::CancellationToken;

/// A socket that takes nothing for this long is lost.
pub const STALL: Duration = Duration::from_secs(10);
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// What happened to an output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutputEvent {
    /// The server takes the stream: for the first time, or again.
    Accepted,
    /// The connection was lost; this is the next try to come back.
    Retrying,
    /// Over for good.
    Failed(String),
}

/// Everything one output needs.
pub struct Publisher {
    /// Where to.
    pub output: OutputUrl,
    /// What.
    pub feed: Arc<Feed>,
    /// In which format, for the metadata.
    pub encoding: Encoding,
    /// How long a lost connection is tried again.
    pub patience: Duration,
    /// Cancelled when the output should end by itself.
    pub finish: CancellationToken,
    /// Position of the output in the egress, repeated with each event.
    pub index: usize,
    /// Who listens.
    pub events: mpsc::UnboundedSender<(usize, OutputEvent)>,
}

impl Publisher {
    /// Publishes until told to finish or beyond hope.
    pub async fn run(self) {
        let mut lost_at: Option<Instant> = None;
        let mut wait = FIRST_WAIT;
        let mut ever = false;
        loop {
            let outcome = self.publish(&mut ever, &mut lost_at, &mut wait).await;
            let Err(reason) = outcome else { return };
            if !ever {
                return self.say(OutputEvent::Failed(reason));
            }
            let since = *lost_at.get_or_insert_with(Instant::now);
            if since.elapsed() + wait > self.patience {
                return self.say(OutputEvent::Failed(reason));
            }
            let jitter = rand::rng().random_range(0.8..1.2);
            tokio::select! {
                () = self.finish.cancelled() => return,
                () = tokio::time::sleep(wait.mul_f64(jitter)) => {}
            }
            wait = (wait * 2).min(LONGEST_WAIT);
            self.say(OutputEvent::Retrying);
        }
    }

    fn say(&self, event: OutputEvent) {
        // The egress may be gone; then nobody needs to know.
        let _ = self.events.send((self.index, event));
    }

    /// One connection from its beginning to its end; `Ok` when told to finish.
    async fn publish(&self, ever: &mut bool, lost_at: &mut Option<Instant>, wait: &mut Duration) -> Result<(), String> {
        let mut session = tokio::select! {
            () = self.finish.cancelled() => return Ok(()),
            session = Session::publish(&self.output, &self.encoding) => session?,
        };
        *ever = true;
        self.say(OutputEvent::Accepted);
        let (first, mut live) = self.feed.join();
        session.send(&first).await?;
        let connected = Instant::now();
        let mut whole = true;
        let outcome = loop {
            tokio::select! {
                biased;
                () = self.finish.cancelled() => {
                    session.finish().await;
                    return Ok(());
                }
                heard = session.hear() => {
                    let answered = match heard {
                        Ok(results) => session.answer(results).await,
                        Err(reason) => Err(reason),
                    };
                    if let Err(reason) = answered {
                        break reason;
                    }
                }
                tag = live.recv() => match tag {
                    Ok(tag) => {
                        whole |= tag.key;
                        if (whole || tag.header)
                            && let Err(reason) = session.send(std::slice::from_ref(&tag)).await
                        {
                            break reason;
                        }
                        if !whole && !tag.header {
                            self.feed.skipped.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                    // Too slow: what is left of this group is worthless, go on at the next keyframe.
                    Err(RecvError::Lagged(tags)) => {
                        self.feed.skipped.fetch_add(tags, Ordering::Relaxed);
                        whole = false;
                    }
                    Err(RecvError::Closed) => return Ok(()),
                },
            }
        };
        if connected.elapsed() > Duration::from_secs(5) {
            *lost_at = None;
            *wait = FIRST_WAIT;
        }
        Err(outcome)
    }
}
