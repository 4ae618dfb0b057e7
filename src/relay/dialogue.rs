//! One connection to one platform, from connect to unpublish. Bytes count as taken when the socket has taken them.

use super::{
    connect::{Link, Trouble, plain},
    program::Flow,
    publisher::Publisher,
    rtmp::{
        client::{ClientSession, Event, Stage},
        handshake, kind,
    },
    tag::{Role, Tag, Track},
    words::{names, safe_words},
};
use crate::domain::address::IngestTarget;
use bytes::{Buf, BytesMut};
use std::time::Instant;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf},
    sync::watch,
    time::{Duration, sleep_until, timeout},
};

/// Bytes prepared ahead of the socket.
const AHEAD: usize = 64 * 1024;
/// How long a proper end may take.
const FAREWELL: Duration = Duration::from_secs(1);

/// How a connection ended.
pub enum End {
    /// The destination is no longer wanted.
    Stopped,
    /// The composite stayed away longer than the hold.
    NothingToSend,
    /// Something else.
    Trouble(Trouble),
}

/// Connects, publishes, and stays until something ends it; also when the platform accepted, if it did.
pub async fn hold(publisher: &mut Publisher) -> (End, Option<Instant>) {
    let stop = publisher.stop.clone();
    let opened = tokio::select! {
        () = stop.cancelled() => return (End::Stopped, None),
        opened = open(publisher) => opened,
    };
    let link = match opened {
        Ok(link) => link,
        Err(trouble) => return (End::Trouble(trouble), None),
    };
    let (reader, writer) = tokio::io::split(link);
    let (application, name) = names(&publisher.target, &publisher.key);
    let url = IngestTarget { application: application.clone(), ..publisher.target.clone() }.url();
    let mut dialogue = Dialogue {
        session: ClientSession::new(&application, &url, name),
        reader,
        writer,
        out: BytesMut::new(),
        base: None,
        accepted: None,
        progress: Instant::now(),
        unflushed: false,
        publisher,
    };
    let end = match dialogue.run().await {
        Ok(end) => end,
        Err(trouble) => End::Trouble(dialogue.in_safe_words(trouble)),
    };
    if !matches!(end, End::Trouble(_)) {
        dialogue.say_farewell().await;
    }
    (end, dialogue.accepted)
}

async fn open(publisher: &Publisher) -> Result<Box<dyn Link>, Trouble> {
    let began = Instant::now();
    publisher.metrics.of(publisher.platform).connects.add(1);
    let mut link = publisher.connector.open(&publisher.target).await?;
    match timeout(publisher.patience.connect, handshake::as_client(&mut link)).await {
        Ok(Ok(())) => {
            publisher.metrics.of(publisher.platform).connected(began.elapsed());
            Ok(link)
        }
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::InvalidData => {
            Err(Trouble::Refused("this server does not speak RTMP".into()))
        }
        Ok(Err(error)) => Err(Trouble::Lost(format!("connection lost in the handshake: {}", plain(&error)))),
        Err(_) => Err(Trouble::Lost("no answer to the RTMP handshake".into())),
    }
}

struct Dialogue<'a> {
    publisher: &'a mut Publisher,
    session: ClientSession,
    reader: ReadHalf<Box<dyn Link>>,
    writer: WriteHalf<Box<dyn Link>>,
    out: BytesMut,
    /// The timeline's moment that is 0 on this connection.
    base: Option<u64>,
    accepted: Option<Instant>,
    progress: Instant,
    unflushed: bool,
}

impl Dialogue<'_> {
    async fn run(&mut self) -> Result<End, Trouble> {
        let mut input = BytesMut::with_capacity(4096);
        let (stop, queue) = (self.publisher.stop.clone(), self.publisher.queue.clone());
        loop {
            self.refill();
            let busy = !self.out.is_empty() || self.unflushed;
            let waiting = busy || self.accepted.is_none();
            let patience = if self.accepted.is_some() { self.publisher.patience.stall } else { self.publisher.patience.connect };
            let deadline = self.progress + patience;
            tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(End::Stopped),
                read = self.reader.read_buf(&mut input) => {
                    self.heard(read, &mut input)?;
                }
                pushed = push(&mut self.writer, &self.out), if busy => {
                    let count = pushed.map_err(|error| self.broken(&error))?;
                    self.unflushed = !self.out.is_empty();
                    self.out.advance(count);
                    self.took(count);
                }
                () = queue.ready(), if self.accepted.is_some() && self.out.is_empty() => {}
                () = over(&mut self.publisher.flow) => return Ok(End::NothingToSend),
                () = sleep_until(deadline.into()), if waiting => return Err(self.ran_out(patience)),
            }
        }
    }

    fn refill(&mut self) {
        let idle = self.out.is_empty() && !self.unflushed;
        self.fill();
        if idle && !self.out.is_empty() && self.accepted.is_some() {
            self.progress = Instant::now(); // Patience begins when there is something to take.
        }
    }

    fn fill(&mut self) {
        self.out.unsplit(self.session.output());
        while self.accepted.is_some() && self.out.len() < AHEAD {
            let Some(tag) = self.publisher.queue.pop() else { return };
            self.send(tag);
            self.out.unsplit(self.session.output());
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
        #[expect(clippy::cast_possible_truncation, reason = "RTMP timestamps wrap at 32 bits by definition")]
        self.session.send(if tag.track == Track::Video { kind::VIDEO } else { kind::AUDIO }, at as u32, tag.body);
    }

    fn heard(&mut self, read: std::io::Result<usize>, input: &mut BytesMut) -> Result<(), Trouble> {
        let count = read.map_err(|error| self.broken(&error))?;
        if count == 0 {
            return Err(self.cut("the server closed the connection"));
        }
        let events = self.session.feed(input).map_err(|violation| Trouble::Lost(violation.to_string()))?;
        input.clear();
        for event in events {
            match event {
                Event::Accepted => self.begin(),
                Event::ConnectRefused(words) => return Err(Trouble::Refused(format!("connection refused: {words}"))),
                Event::PublishRefused(words) if self.accepted.is_some() => {
                    return Err(Trouble::Lost(format!("ended by the platform: {words}")));
                }
                Event::PublishRefused(words) => return Err(Trouble::Refused(format!("stream key refused: {words}"))),
                Event::Acknowledged(bytes) => {
                    self.publisher.status.acknowledged(bytes);
                    self.progress = Instant::now();
                }
            }
        }
        Ok(())
    }

    fn begin(&mut self) {
        self.accepted = Some(Instant::now());
        self.progress = Instant::now();
        if let Some(metadata) = self.publisher.program.subscribe(&self.publisher.queue) {
            self.session.send(kind::DATA, 0, metadata);
        }
        tracing::info!(destination = %self.publisher.label, "publishing");
    }

    fn took(&mut self, count: usize) {
        self.progress = Instant::now();
        if self.accepted.is_some() && count > 0 {
            self.publisher.status.progress(count);
            self.publisher.metrics.of(self.publisher.platform).bytes.add(count as u64);
        }
    }

    /// A connection that ends where an answer to the publish should be is how some servers refuse a key.
    fn cut(&self, how: &str) -> Trouble {
        match self.session.stage() {
            Stage::Publishing => Trouble::Refused(format!("stream key refused: {how}")),
            Stage::Connecting => Trouble::Lost(how.to_owned()),
            Stage::Accepted => Trouble::Lost(format!("connection lost: {how}")),
        }
    }

    /// The kernel's patience ends a stalled connection as ours does; whichever is first, the words are the same.
    fn broken(&self, error: &std::io::Error) -> Trouble {
        if error.kind() == std::io::ErrorKind::TimedOut { self.ran_out(self.publisher.patience.stall) } else { self.cut(&plain(error)) }
    }

    fn ran_out(&self, patience: Duration) -> Trouble {
        let seconds = patience.as_secs_f32().round();
        Trouble::Lost(match self.session.stage() {
            Stage::Accepted => format!("took nothing for {seconds} s"),
            Stage::Connecting => format!("no answer to connect for {seconds} s"),
            Stage::Publishing => format!("no answer to publish for {seconds} s"),
        })
    }

    async fn say_farewell(&mut self) {
        self.session.unpublish();
        self.out.unsplit(self.session.output());
        let farewell = async {
            self.writer.write_all(&self.out).await?;
            self.writer.flush().await?;
            self.writer.shutdown().await
        };
        if timeout(FAREWELL, farewell).await.is_err() {
            tracing::debug!(destination = %self.publisher.label, "no farewell");
        }
    }

    /// A platform's words may repeat the key, or be long, or hold control characters.
    fn in_safe_words(&self, trouble: Trouble) -> Trouble {
        let safe = |text: String| safe_words(&text, &self.publisher.key);
        match trouble {
            Trouble::Refused(text) => Trouble::Refused(safe(text)),
            Trouble::Lost(text) => Trouble::Lost(safe(text)),
        }
    }
}

/// Hands bytes to the socket, or makes TLS hand on what it still holds. Nothing is lost when it is dropped half-way.
async fn push(writer: &mut WriteHalf<Box<dyn Link>>, out: &[u8]) -> std::io::Result<usize> {
    if out.is_empty() {
        return writer.flush().await.map(|()| 0);
    }
    match writer.write(out).await? {
        0 => Err(std::io::ErrorKind::WriteZero.into()),
        count => Ok(count),
    }
}

async fn over(flow: &mut watch::Receiver<Flow>) {
    drop(flow.wait_for(|flow| *flow == Flow::Over).await);
}
