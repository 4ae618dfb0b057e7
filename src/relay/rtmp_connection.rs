//! One connection to a platform, from connect to unpublish. Bytes count as sent once the socket has accepted them.

use super::{
    connect::{ConnectionError, os_message},
    rtmp_output::RtmpOutput,
    stream_hub::Flow,
};
use crate::{
    domain::address::IngestTarget,
    media::{
        rtmp::{
            client::{ClientSession, Event, PublishState},
            handshake,
            publisher::{Lost, Publisher, Step, Transport},
            text::{redact_key, split_app_and_key},
        },
        tag::{Role, Tag},
    },
};
use std::time::Instant;
use tokio::{
    sync::watch,
    time::{Duration, sleep_until, timeout},
};

/// Bytes prepared ahead of the socket.
const WRITE_AHEAD_BYTES: usize = 64 * 1024;
/// Time limit for a clean end.
const UNPUBLISH_TIMEOUT: Duration = Duration::from_secs(1);

pub enum End {
    /// The destination is no longer desired.
    Stopped,
    /// The composite was lost for longer than the grace period.
    NothingToSend,
    Failed(ConnectionError),
}

/// Connects and publishes until something ends it. Also returns when the platform accepted, if it did.
pub async fn run(output: &mut RtmpOutput) -> (End, Option<Instant>) {
    let stop = output.stop.clone();
    let opened = tokio::select! {
        () = stop.cancelled() => return (End::Stopped, None),
        opened = open(output) => opened,
    };
    let transport = match opened {
        Ok(transport) => transport,
        Err(error) => return (End::Failed(error), None),
    };
    let (application, name) = split_app_and_key(&output.target, &output.key);
    let url = IngestTarget { application: application.clone(), ..output.target.clone() }.url();
    let mut connection = RtmpConnection {
        publisher: Publisher::new(transport, ClientSession::new(&application, &url, name)),
        base: None,
        accepted: None,
        output,
    };
    let end = match connection.run().await {
        Ok(end) => end,
        Err(error) => End::Failed(connection.redact(error)),
    };
    if !matches!(end, End::Failed(_)) && !connection.publisher.close(UNPUBLISH_TIMEOUT).await {
        tracing::debug!(destination = %connection.output.label, "not unpublished in time");
    }
    (end, connection.accepted)
}

async fn open(output: &RtmpOutput) -> Result<Box<dyn Transport>, ConnectionError> {
    let began = Instant::now();
    output.metrics.of(output.platform).connects.increment(1);
    let mut transport = output.connector.open(&output.target).await?;
    match timeout(output.timeouts.connect, handshake::as_client(&mut transport)).await {
        Ok(Ok(())) => {
            output.metrics.of(output.platform).connected(began.elapsed());
            Ok(transport)
        }
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::InvalidData => {
            Err(ConnectionError::Permanent("this server does not speak RTMP".into()))
        }
        Ok(Err(error)) => Err(ConnectionError::Transient(format!("connection lost in the RTMP handshake: {}", os_message(&error)))),
        Err(_) => Err(ConnectionError::Transient("the RTMP handshake timed out".into())),
    }
}

struct RtmpConnection<'a> {
    output: &'a mut RtmpOutput,
    publisher: Publisher,
    /// Timeline timestamp that is 0 on this connection, in milliseconds.
    base: Option<u64>,
    accepted: Option<Instant>,
}

impl RtmpConnection<'_> {
    async fn run(&mut self) -> Result<End, ConnectionError> {
        let (stop, queue) = (self.output.stop.clone(), self.output.queue.clone());
        loop {
            self.refill();
            let waiting = self.publisher.is_busy() || self.accepted.is_none();
            let all_sent = self.accepted.is_some() && self.publisher.unsent() == 0;
            let limit = if self.accepted.is_some() { self.output.timeouts.stall } else { self.output.timeouts.connect };
            let deadline = self.publisher.progress() + limit;
            tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(End::Stopped),
                done = self.publisher.step() => match done.map_err(|lost| self.lost_error(lost))? {
                    Step::Read(events) => self.handle_events(events)?,
                    Step::Written(count) => self.handle_written(count),
                },
                () = queue.ready(), if all_sent => {}
                () = wait_until_over(&mut self.output.flow) => return Ok(End::NothingToSend),
                () = sleep_until(deadline.into()), if waiting => return Err(self.timeout_error(limit)),
            }
        }
    }

    fn refill(&mut self) {
        while self.accepted.is_some() && self.publisher.unsent() < WRITE_AHEAD_BYTES {
            let Some(tag) = self.output.queue.pop() else { break };
            self.send(tag);
        }
    }

    fn send(&mut self, tag: Tag) {
        let at = if tag.role == Role::Header {
            self.base.map_or(0, |base| tag.at.saturating_sub(base))
        } else {
            let base = *self.base.get_or_insert(tag.at);
            let Some(at) = tag.at.checked_sub(base) else { return };
            at
        };
        self.publisher.send_media(tag.track, at, tag.body);
    }

    fn handle_events(&mut self, events: Vec<Event>) -> Result<(), ConnectionError> {
        for event in events {
            match event {
                Event::Accepted => self.start_publishing(),
                Event::ConnectRefused(reason) => return Err(ConnectionError::Permanent(format!("connection refused: {reason}"))),
                Event::PublishRefused(reason) if self.accepted.is_some() => {
                    return Err(ConnectionError::Transient(format!("ended by the platform: {reason}")));
                }
                Event::PublishRefused(reason) => return Err(ConnectionError::Permanent(format!("stream key refused: {reason}"))),
                Event::Acknowledged(bytes) => self.output.status.acknowledged(bytes),
            }
        }
        Ok(())
    }

    fn start_publishing(&mut self) {
        self.accepted = Some(Instant::now());
        if let Some(metadata) = self.output.hub.subscribe(&self.output.queue) {
            self.publisher.send_data(metadata);
        }
        tracing::info!(destination = %self.output.label, "publishing");
    }

    fn handle_written(&mut self, count: usize) {
        if self.accepted.is_some() && count > 0 {
            self.output.status.progress(count);
            self.output.metrics.of(self.output.platform).bytes.increment(count as u64);
        }
    }

    /// Some servers refuse a key by closing the connection instead of answering the publish.
    fn closed_error(&self, how: &str) -> ConnectionError {
        match self.publisher.state() {
            PublishState::Publishing => ConnectionError::Permanent(format!("stream key refused: {how}")),
            PublishState::Connecting => ConnectionError::Transient(how.to_owned()),
            PublishState::Accepted => ConnectionError::Transient(format!("connection lost: {how}")),
        }
    }

    /// The kernel may time out a stalled connection before we do; the error is the same.
    fn lost_error(&self, lost: Lost) -> ConnectionError {
        match lost {
            Lost::Closed => self.closed_error("the server closed the connection"),
            Lost::Violation(violation) => ConnectionError::Transient(violation.to_string()),
            Lost::Io(error) if error.kind() == std::io::ErrorKind::TimedOut => self.timeout_error(self.output.timeouts.stall),
            Lost::Io(error) => self.closed_error(&os_message(&error)),
        }
    }

    fn timeout_error(&self, limit: Duration) -> ConnectionError {
        let seconds = limit.as_secs_f32().round();
        ConnectionError::Transient(match self.publisher.state() {
            PublishState::Accepted => format!("no data accepted for {seconds} s"),
            PublishState::Connecting => format!("no response to connect for {seconds} s"),
            PublishState::Publishing => format!("no response to publish for {seconds} s"),
        })
    }

    /// A platform's error text may contain the key or control characters, or be too long.
    fn redact(&self, error: ConnectionError) -> ConnectionError {
        let safe = |text: String| redact_key(&text, self.output.key.expose());
        match error {
            ConnectionError::Permanent(text) => ConnectionError::Permanent(safe(text)),
            ConnectionError::Transient(text) => ConnectionError::Transient(safe(text)),
        }
    }
}

async fn wait_until_over(flow: &mut watch::Receiver<Flow>) {
    drop(flow.wait_for(|flow| *flow == Flow::Ended).await);
}
