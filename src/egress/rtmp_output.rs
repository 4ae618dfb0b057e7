//! One RTMP output: connects, publishes, reconnects after a loss, and reports events. Knows no egress.

use crate::{
    egress::{
        encoder_output::EncoderOutput, encoding::Encoding, output::OutputUrl, rtmp_connection::RtmpConnection, rtmp_error::RtmpError,
    },
    media::tag::Role,
};
use rand::Rng as _;
use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};
use tokio::sync::{broadcast::error::RecvError, mpsc};
use tokio_util::sync::CancellationToken;

const FIRST_RETRY_DELAY: Duration = Duration::from_millis(100);
const MAX_RETRY_DELAY: Duration = Duration::from_secs(2);

/// An event of an output.
#[derive(Debug)]
pub enum OutputEvent {
    /// The server accepted the stream, for the first time or again.
    Accepted,
    /// The connection was lost; a retry begins.
    Retrying,
    /// Failed permanently.
    Failed(RtmpError),
}

pub struct RtmpOutput {
    pub output: OutputUrl,
    pub encoder_output: Arc<EncoderOutput>,
    /// What the stream's metadata says.
    pub encoding: Encoding,
    /// How long a lost connection is retried.
    pub outage_limit: Duration,
    /// Cancelled when the output should end.
    pub finish: CancellationToken,
    /// Position of the output in the egress, sent with each event.
    pub index: usize,
    pub events: mpsc::UnboundedSender<(usize, OutputEvent)>,
}

impl RtmpOutput {
    /// Publishes until it is cancelled or fails permanently.
    pub async fn run(self) {
        let mut lost_at: Option<Instant> = None;
        let mut wait = FIRST_RETRY_DELAY;
        let mut accepted_before = false;
        loop {
            let outcome = self.publish(&mut accepted_before, &mut lost_at, &mut wait).await;
            let Err(error) = outcome else { return };
            if !accepted_before {
                return self.report(OutputEvent::Failed(error));
            }
            let since = *lost_at.get_or_insert_with(Instant::now);
            if since.elapsed() + wait > self.outage_limit {
                return self.report(OutputEvent::Failed(error));
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
        // The egress may have ended.
        let _ = self.events.send((self.index, event));
    }

    /// Runs one connection; `Ok` when cancelled.
    async fn publish(&self, accepted_before: &mut bool, lost_at: &mut Option<Instant>, wait: &mut Duration) -> Result<(), RtmpError> {
        let mut connection = tokio::select! {
            () = self.finish.cancelled() => return Ok(()),
            connection = RtmpConnection::publish(&self.output, &self.encoding) => connection?,
        };
        *accepted_before = true;
        self.report(OutputEvent::Accepted);
        let (first, mut live) = self.encoder_output.subscribe();
        for tag in first {
            connection.send(tag);
        }
        let connected = Instant::now();
        let mut in_sync = true;
        let outcome = loop {
            let idle = connection.is_idle();
            tokio::select! {
                biased;
                () = self.finish.cancelled() => {
                    connection.finish().await;
                    return Ok(());
                }
                stepped = connection.step() => if let Err(error) = stepped {
                    break error;
                },
                tag = live.recv(), if idle => match tag {
                    Ok(tag) => {
                        in_sync |= tag.is_key();
                        if in_sync || tag.role == Role::Header {
                            connection.send(tag);
                        } else {
                            self.encoder_output.skipped.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                    // Too slow: skip the rest of this GOP and continue at the next keyframe.
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
