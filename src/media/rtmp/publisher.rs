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
    unflushed: bool,
    progress: Instant,
}

impl Publisher {
    /// Publishes over a transport whose handshake is done.
    pub fn new(transport: Box<dyn Transport>, mut session: ClientSession) -> Self {
        let (reader, writer) = tokio::io::split(transport);
        let out = session.output();
        Self { session, reader, writer, input: BytesMut::with_capacity(4096), out, unflushed: false, progress: Instant::now() }
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

    /// Reads or writes once, whichever is possible first. Safe to cancel.
    ///
    /// # Errors
    /// The connection is lost, or the server broke the protocol.
    pub async fn step(&mut self) -> Result<Step, Lost> {
        let busy = self.is_busy();
        tokio::select! {
            biased;
            read = self.reader.read_buf(&mut self.input) => {
                if read? == 0 {
                    return Err(Lost::Closed);
                }
                let events = self.session.handle_input(&self.input)?;
                self.input.clear();
                self.take_output();
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
                Ok(Step::Written(count))
            }
        }
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

    fn take_output(&mut self) {
        let output = self.session.output();
        if !output.is_empty() && !self.is_busy() {
            self.progress = Instant::now();
        }
        self.out.unsplit(output);
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
