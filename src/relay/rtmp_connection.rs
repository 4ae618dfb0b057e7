//! One connection to a platform, from connect to unpublish. Bytes count as sent once the socket has accepted them.

use super::{
    connect::avoid_next,
    connection_error::{ConnectionError, os_message},
    route::{Names, Route},
    rtmp_output::RtmpOutput,
    stream_hub::Flow,
};
use crate::{
    domain::address::IngestTarget,
    media::{
        rtmp::{
            client::{ClientSession, Event, PublishState, Refusal},
            publisher::{Lost, Publisher, Step, Transport},
            text::redact_key,
        },
        tag::{Role, Tag},
    },
};
use std::{net::IpAddr, time::Instant};
use tokio::{
    sync::watch,
    time::{Duration, sleep_until},
};

/// Bytes prepared ahead of the socket.
const WRITE_AHEAD_BYTES: usize = 64 * 1024;
/// Time limit for a clean end.
const UNPUBLISH_TIMEOUT: Duration = Duration::from_secs(1);

/// How a connection ended.
pub enum End {
    /// The destination is no longer desired.
    Stopped,
    /// The composite was lost for longer than the grace period.
    NothingToSend,
    Failed(ConnectionError),
}

/// How a connection to one server ended.
enum Outcome {
    End(End),
    /// The server refused `connect`, perhaps to say what it wants instead.
    Refused(Refusal),
}

/// Connects and publishes until something ends it. Also returns when the platform accepted, if it did.
pub async fn run(output: &mut RtmpOutput) -> (End, Option<Instant>) {
    let mut route = Route::new(&output.target);
    loop {
        let (ended, accepted) = run_at(output, &mut route).await;
        if let Some(end) = ended {
            return (end, accepted);
        }
    }
}

/// `None`: the route goes on.
async fn run_at(output: &mut RtmpOutput, route: &mut Route) -> (Option<End>, Option<Instant>) {
    let stop = output.stop.clone();
    let opened = tokio::select! {
        () = stop.cancelled() => return (Some(End::Stopped), None),
        opened = open(output, route.target()) => opened,
    };
    let (transport, ip) = match opened {
        Ok(opened) => opened,
        Err(error) => return (Some(End::Failed(error)), None),
    };
    let Names { application, url, stream } = route.names(&output.key);
    let mut connection = RtmpConnection {
        publisher: Publisher::new(transport, ClientSession::new(&application, &url, stream)),
        application: route.target().application.clone(),
        base: None,
        accepted: None,
        state: PublishState::Connecting,
        progress: Instant::now(),
        output: &mut *output,
    };
    let ended = match connection.run().await {
        Ok(Outcome::End(end)) => Ok(Some(end)),
        Ok(Outcome::Refused(refusal)) => route.follow(&refusal, &connection.output.connector, &connection.output.key).map(|()| None),
        Err(error) => Err(error),
    };
    let ended = ended.unwrap_or_else(|error| Some(End::Failed(connection.redact(error))));
    let accepted = connection.accepted;
    let is_clean = matches!(ended, Some(End::Stopped | End::NothingToSend));
    if is_clean && !connection.publisher.close(UNPUBLISH_TIMEOUT).await {
        tracing::debug!(destination = %connection.output.label, "not unpublished in time");
    }
    drop(connection);
    match ended {
        Some(End::Failed(_)) if accepted.is_none() => avoid_next(&mut output.avoid, ip),
        _ => output.avoid.retain(|other| *other != ip),
    }
    (ended, accepted)
}

async fn open(output: &mut RtmpOutput, target: &IngestTarget) -> Result<(Box<dyn Transport>, IpAddr), ConnectionError> {
    let began = Instant::now();
    output.metrics.of(output.platform).connects.increment(1);
    let opened = output.connector.open(target, &mut output.avoid).await?;
    output.metrics.of(output.platform).connected(began.elapsed());
    Ok(opened)
}

struct RtmpConnection<'a> {
    output: &'a mut RtmpOutput,
    publisher: Publisher,
    application: String,
    /// Timeline timestamp that is 0 on this connection, in milliseconds.
    base: Option<u64>,
    accepted: Option<Instant>,
    /// The stage for which a time limit runs.
    state: PublishState,
    /// When the stage began; once accepted, when the socket last took bytes, or first had some to take.
    progress: Instant,
}

impl RtmpConnection<'_> {
    async fn run(&mut self) -> Result<Outcome, ConnectionError> {
        let (stop, queue) = (self.output.stop.clone(), self.output.queue.clone());
        loop {
            self.refill();
            let busy = self.publisher.is_busy();
            let waiting = busy || self.accepted.is_none();
            let all_sent = self.accepted.is_some() && self.publisher.unsent() == 0;
            let limit = if self.accepted.is_some() { self.output.timeouts.stall } else { self.output.timeouts.connect };
            let deadline = self.progress + limit;
            tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(Outcome::End(End::Stopped)),
                // Before the socket: a server that sends without end must not keep the rest from its turn.
                () = sleep_until(deadline.into()), if waiting => return Err(self.timeout_error(limit)),
                () = wait_until_over(&mut self.output.flow) => return Ok(Outcome::End(End::NothingToSend)),
                progress = self.publisher.step() => match progress.map_err(|lost| self.lost_error(lost))? {
                    Step::Read(events) => {
                        if let Some(refusal) = self.handle_events(events)? {
                            return Ok(Outcome::Refused(refusal));
                        }
                        if !busy && self.accepted.is_some() {
                            self.progress = Instant::now(); // An answer may be the first thing to send for a long time.
                        }
                    }
                    Step::Written(count) => self.handle_written(count),
                },
                () = queue.ready(), if all_sent => {}
            }
        }
    }

    fn refill(&mut self) {
        let idle = !self.publisher.is_busy();
        while self.accepted.is_some() && self.publisher.unsent() < WRITE_AHEAD_BYTES {
            let Some(tag) = self.output.queue.pop() else { break };
            self.send(tag);
        }
        if idle && self.publisher.is_busy() {
            self.progress = Instant::now(); // The stall timeout starts when there are bytes to send.
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

    /// The refusal of `connect`, if there is one.
    fn handle_events(&mut self, events: Vec<Event>) -> Result<Option<Refusal>, ConnectionError> {
        for event in events {
            match event {
                Event::Accepted => self.start_publishing(),
                Event::ConnectRefused(refusal) => return Ok(Some(refusal)),
                Event::PublishRefused(reason) if self.accepted.is_some() => {
                    return Err(ConnectionError::Transient(format!("ended by the platform: {reason}")));
                }
                Event::PublishRefused(reason) => return Err(ConnectionError::Permanent(format!("stream key refused: {reason}"))),
                Event::Acknowledged(bytes) => self.output.status.acknowledged(bytes),
            }
        }
        if self.state != self.publisher.state() {
            self.state = self.publisher.state();
            self.progress = Instant::now();
        }
        Ok(None)
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
            self.progress = Instant::now();
            self.output.status.progress(count);
            self.output.metrics.of(self.output.platform).bytes.increment(count as u64);
        }
    }

    /// Some servers refuse a key by closing the connection instead of answering the publish.
    fn closed_error(&self, how: &str) -> ConnectionError {
        match self.publisher.state() {
            PublishState::Publishing => ConnectionError::Permanent(format!("stream key refused: {how}")),
            PublishState::Connecting => ConnectionError::hung_up(&self.application),
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
        error.map(|text| redact_key(&text, self.output.key.expose()))
    }
}

async fn wait_until_over(flow: &mut watch::Receiver<Flow>) {
    drop(flow.wait_for(|flow| *flow == Flow::Ended).await);
}
