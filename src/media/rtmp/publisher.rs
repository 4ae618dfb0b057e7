//! A connection that publishes: a [`ClientSession`] over a socket.

use super::{
    Violation,
    client::{ClientSession, Event, PublishState},
    kind,
};
use crate::media::tag::Track;
use bytes::{Buf, Bytes, BytesMut};
use std::{
    io,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf},
    time::timeout,
};

/// What a server may send in any time, and in each second beyond it. Real ones send a few messages a minute.
const MAX_BYTES: [u64; 2] = [1 << 20, 64 << 10];
const MAX_MESSAGES: [u64; 2] = [2000, 500];
/// Messages that have to be answered, such as pings.
const MAX_ANSWERED: [u64; 2] = [200, 10];
/// Bytes of answers that wait to be written: nothing is read while there are more.
const MAX_UNWRITTEN_ANSWERS: usize = 16 * 1024;

/// A byte stream, encrypted or not.
pub trait Transport: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Transport for T {}

/// Why a connection cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum Lost {
    #[error("the server closed the connection")]
    Closed,
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Violation(#[from] Violation),
}

/// What one step did.
#[derive(Debug)]
pub enum Step {
    /// The server sent these.
    Read(Vec<Event>),
    /// The socket accepted this many bytes; 0 for a flush.
    Written(usize),
}

pub struct Publisher {
    session: ClientSession,
    reader: ReadHalf<Box<dyn Transport>>,
    writer: WriteHalf<Box<dyn Transport>>,
    input: BytesMut,
    out: BytesMut,
    /// How much of `out` answers the server, as far as that is known: all that was added since it was last empty.
    answers: usize,
    unflushed: bool,
    progress: Instant,
    began: Instant,
    written: u64,
    acknowledged: u64,
}

impl Publisher {
    /// Publishes over a transport whose handshake is done.
    pub fn new(transport: Box<dyn Transport>, mut session: ClientSession) -> Self {
        let (reader, writer) = tokio::io::split(transport);
        let out = session.output();
        Self {
            session,
            reader,
            writer,
            input: BytesMut::with_capacity(4096),
            out,
            answers: 0,
            unflushed: false,
            progress: Instant::now(),
            began: Instant::now(),
            written: 0,
            acknowledged: 0,
        }
    }

    pub fn state(&self) -> PublishState {
        self.session.state()
    }

    /// Bytes that the socket has not accepted yet.
    pub fn unsent(&self) -> usize {
        self.out.len()
    }

    /// Whether there is something to write or to flush.
    pub fn is_busy(&self) -> bool {
        self.unflushed || !self.out.is_empty()
    }

    /// When the socket last accepted bytes, the server last confirmed some, or there were first some to accept.
    pub fn progress(&self) -> Instant {
        self.progress
    }

    /// Queues a data message, such as metadata.
    pub fn send_data(&mut self, body: Bytes) {
        self.session.send(kind::DATA, 0, body);
        self.take_output();
    }

    /// Queues a frame or header with its timestamp in milliseconds.
    pub fn send_media(&mut self, track: Track, at: u64, body: Bytes) {
        let kind = if track == Track::Video { kind::VIDEO } else { kind::AUDIO };
        #[expect(clippy::cast_possible_truncation, reason = "RTMP timestamps wrap at 32 bits by definition")]
        self.session.send(kind, at as u32, body);
        self.take_output();
    }

    /// Reads or writes once. Nothing is read while many answers wait to be written. Safe to cancel.
    ///
    /// # Errors
    /// The connection is lost, or the server broke the protocol or sends too much.
    pub async fn step(&mut self) -> Result<Step, Lost> {
        let (busy, may_read) = (self.is_busy(), self.answers < MAX_UNWRITTEN_ANSWERS);
        tokio::select! {
            read = self.reader.read_buf(&mut self.input), if may_read => {
                if read? == 0 {
                    return Err(Lost::Closed);
                }
                let mut events = self.session.handle_input(&self.input)?;
                self.input.clear();
                events.retain_mut(|event| self.is_possible(event));
                self.check_flood()?;
                self.answers += self.take_output();
                if events.iter().any(|event| matches!(event, Event::Accepted | Event::Acknowledged(_))) {
                    self.progress = Instant::now();
                }
                Ok(Step::Read(events))
            }
            written = write_some(&mut self.writer, &self.out), if busy => {
                let count = written?;
                self.unflushed = !self.out.is_empty();
                self.out.advance(count);
                self.progress = Instant::now();
                self.written += count as u64;
                if self.out.is_empty() {
                    self.answers = 0;
                }
                Ok(Step::Written(count))
            }
        }
    }

    /// Nothing can have been received that was not sent.
    fn is_possible(&mut self, event: &mut Event) -> bool {
        let Event::Acknowledged(count) = event else { return true };
        *count = self.written.min(*count);
        *count > std::mem::replace(&mut self.acknowledged, *count)
    }

    /// Whoever talks without end is cut off, whatever it says.
    fn check_flood(&self) -> Result<(), Violation> {
        let (received, seconds) = (self.session.received(), self.began.elapsed().as_secs());
        let is_over = |count: u64, [at_once, each_second]: [u64; 2]| count > at_once + each_second * seconds;
        if is_over(received.answered, MAX_ANSWERED) {
            return Err(Violation("the server floods the connection with pings"));
        }
        if is_over(received.messages, MAX_MESSAGES) || is_over(received.bytes, MAX_BYTES) {
            return Err(Violation("the server floods the connection with messages"));
        }
        Ok(())
    }

    /// Unpublishes and closes the connection; `false` if that was not possible in time.
    pub async fn close(&mut self, limit: Duration) -> bool {
        self.session.unpublish();
        self.take_output();
        let closing = async {
            self.writer.write_all(&self.out).await?;
            self.writer.flush().await?;
            self.writer.shutdown().await
        };
        // A connection that breaks now is closed as well.
        timeout(limit, closing).await.is_ok()
    }

    fn take_output(&mut self) -> usize {
        let output = self.session.output();
        let count = output.len();
        if count > 0 && !self.is_busy() {
            self.progress = Instant::now();
        }
        self.out.unsplit(output);
        count
    }
}

/// Writes to the socket, or flushes what TLS still holds. Safe to cancel.
async fn write_some(writer: &mut WriteHalf<Box<dyn Transport>>, out: &[u8]) -> io::Result<usize> {
    if out.is_empty() {
        return writer.flush().await.map(|()| 0);
    }
    match writer.write(out).await? {
        0 => Err(io::ErrorKind::WriteZero.into()),
        count => Ok(count),
    }
}
