//! One RTMP output: connects, publishes, comes back after a loss, and says what happened. Knows nothing of egresses.

use crate::egress::{encoder_output::EncoderOutput, encoding::Encoding, output::OutputUrl, rtmp_connection::RtmpConnection};
use rand::Rng as _;
use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};
use tokio::sync::{broadcast::error::RecvError, mpsc};
use tokio_util::sync::CancellationToken;

/// A socket that takes nothing for this long is lost.
pub const STALL_TIMEOUT: Duration = Duration::from_secs(10);
const FIRST_RETRY_DELAY: Duration = Duration::from_millis(100);
const MAX_RETRY_DELAY: Duration = Duration::from_secs(2);

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
pub struct RtmpOutput {
    /// Where to.
    pub output: OutputUrl,
    /// What.
    pub encoder_output: Arc<EncoderOutput>,
    /// In which format, for the metadata.
    pub encoding: Encoding,
    /// How long a lost connection is tried again.
    pub outage_limit: Duration,
    /// Cancelled when the output should end by itself.
    pub finish: CancellationToken,
    /// Position of the output in the egress, repeated with each event.
    pub index: usize,
    /// Who listens.
    pub events: mpsc::UnboundedSender<(usize, OutputEvent)>,
}

impl RtmpOutput {
    /// Publishes until told to finish or beyond hope.
    pub async fn run(self) {
        let mut lost_at: Option<Instant> = None;
        let mut wait = FIRST_RETRY_DELAY;
        let mut accepted_before = false;
        loop {
            let outcome = self.publish(&mut accepted_before, &mut lost_at, &mut wait).await;
            let Err(reason) = outcome else { return };
            if !accepted_before {
                return self.report(OutputEvent::Failed(reason));
            }
            let since = *lost_at.get_or_insert_with(Instant::now);
            if since.elapsed() + wait > self.outage_limit {
                return self.report(OutputEvent::Failed(reason));
            }
            let jitter = rand::rng().random_range(0.8..1.2);
            tokio::select! {
                () = self.finish.cancelled() => return,
                () = tokio::time::sleep(wait.mul_f64(jitter)) => {}
            }
            wait = (wait * 2).min(MAX_RETRY_DELAY);
            self.report(OutputEvent::Retrying);
        }
    }

    fn report(&self, event: OutputEvent) {
        // The egress may be gone; then nobody needs to know.
        let _ = self.events.send((self.index, event));
    }

    /// One connection from its beginning to its end; `Ok` when told to finish.
    async fn publish(&self, accepted_before: &mut bool, lost_at: &mut Option<Instant>, wait: &mut Duration) -> Result<(), String> {
        let mut connection = tokio::select! {
            () = self.finish.cancelled() => return Ok(()),
            connection = RtmpConnection::publish(&self.output, &self.encoding) => connection?,
        };
        *accepted_before = true;
        self.report(OutputEvent::Accepted);
        let (first, mut live) = self.encoder_output.subscribe();
        connection.send(&first).await?;
        let connected = Instant::now();
        let mut in_sync = true;
        let outcome = loop {
            tokio::select! {
                biased;
                () = self.finish.cancelled() => {
                    connection.finish().await;
                    return Ok(());
                }
                read = connection.read_results() => {
                    let answered = match read {
                        Ok(results) => connection.send_replies(results).await,
                        Err(reason) => Err(reason),
                    };
                    if let Err(reason) = answered {
                        break reason;
                    }
                }
                tag = live.recv() => match tag {
                    Ok(tag) => {
                        in_sync |= tag.key;
                        if (in_sync || tag.header)
                            && let Err(reason) = connection.send(std::slice::from_ref(&tag)).await
                        {
                            break reason;
                        }
                        if !in_sync && !tag.header {
                            self.encoder_output.skipped.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                    // Too slow: what is left of this group is worthless, go on at the next keyframe.
                    Err(RecvError::Lagged(tags)) => {
                        self.encoder_output.skipped.fetch_add(tags, Ordering::Relaxed);
                        in_sync = false;
                    }
                    Err(RecvError::Closed) => return Ok(()),
                },
            }
        };
        if connected.elapsed() > Duration::from_secs(5) {
            *lost_at = None;
            *wait = FIRST_RETRY_DELAY;
        }
        Err(outcome)
    }
}
