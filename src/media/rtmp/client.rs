//! The publishing side of a connection, without a socket: bytes in, events and bytes out.
//! Passes on the server's own error texts; the owner of the socket decides what they mean.

use super::{
    Message, Violation,
    amf::{self, Value},
    chunk::{Reader, Writer, control},
    kind,
};
use bytes::{Buf, Bytes, BytesMut};

pub mod authmod;
mod refusal;
#[cfg(test)]
mod tests;

pub use refusal::Refusal;

/// A server sends only short messages to a publisher.
const MAX_SERVER_MESSAGE: usize = 64 * 1024;
const CHUNK_SIZE: u32 = 4096;
/// A server that asks to be told of every byte is told of this many at once.
const MIN_WINDOW: u64 = 1024;
/// Transaction ids of the first commands; the server's responses repeat them.
const CONNECT: f64 = 1.0;
const RELEASE: f64 = 2.0;
const FC_PUBLISH: f64 = 3.0;
const CREATE_STREAM: f64 = 4.0;

/// An event from the server.
#[derive(Debug, PartialEq, Eq)]
pub enum Event {
    Accepted,
    /// `connect` is refused.
    ConnectRefused(Refusal),
    /// The publish is refused or ended by the server.
    PublishRefused(Refusal),
    /// The number of bytes that the server says it has received: more than before.
    Acknowledged(u64),
}

/// What the server has sent so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Received {
    pub bytes: u64,
    pub messages: u64,
    /// Messages that had to be answered.
    pub answered: u64,
}

/// Progress towards publishing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublishState {
    /// `connect` is sent.
    Connecting,
    /// `createStream` or `publish` is sent.
    Publishing,
    /// The server accepts media.
    Accepted,
}

pub struct ClientSession {
    reader: Reader,
    writer: Writer,
    out: BytesMut,
    name: String,
    stream: Option<u32>,
    state: PublishState,
    window: u64,
    received: Received,
    last_ack: u64,
    acknowledged: u64,
}

impl ClientSession {
    /// Begins with `connect` to `application` at `url`; `name` (the stream key) is published once that is accepted.
    pub fn new(application: &str, url: &str, name: String) -> Self {
        let mut session = Self {
            reader: Reader::new(MAX_SERVER_MESSAGE),
            writer: Writer::default(),
            out: BytesMut::new(),
            name,
            stream: None,
            state: PublishState::Connecting,
            window: u64::MAX,
            received: Received::default(),
            last_ack: 0,
            acknowledged: 0,
        };
        let pair = |name: &str, value: &str| (name.to_owned(), Value::text(value));
        let properties = vec![
            pair("app", application),
            pair("type", "nonprivate"),
            pair("flashVer", "FMLE/3.0 (compatible; Footlight)"),
            pair("tcUrl", url),
        ];
        session.command(0, &[Value::text("connect"), Value::Number(CONNECT), Value::Object(properties)]);
        session
    }

    pub fn state(&self) -> PublishState {
        self.state
    }

    /// What the server has sent.
    pub fn received(&self) -> Received {
        self.received
    }

    /// Handles bytes from the socket.
    ///
    /// # Errors
    /// The server broke the protocol or a limit.
    pub fn handle_input(&mut self, bytes: &[u8]) -> Result<Vec<Event>, Violation> {
        self.received.bytes += bytes.len() as u64;
        if self.received.bytes - self.last_ack >= self.window {
            self.last_ack = self.received.bytes;
            #[expect(clippy::cast_possible_truncation, reason = "the count wraps at 32 bits by definition")]
            self.writer.write(&control(kind::ACKNOWLEDGEMENT, self.received.bytes as u32), &mut self.out);
        }
        self.reader.input().extend_from_slice(bytes);
        let mut events = Vec::new();
        while let Some(message) = self.reader.take()? {
            self.received.messages += 1;
            events.extend(self.handle_message(message));
        }
        Ok(events)
    }

    /// Bytes for the socket.
    pub fn output(&mut self) -> BytesMut {
        self.out.split()
    }

    /// Sends a media or data message on the published stream.
    pub fn send(&mut self, kind: u8, timestamp: u32, body: Bytes) {
        self.writer.write(&Message { kind, timestamp, stream: self.stream.unwrap_or_default(), body }, &mut self.out);
    }

    pub fn unpublish(&mut self) {
        if self.state == PublishState::Accepted {
            let name = Value::text(self.name.clone());
            self.command(0, &[Value::text("FCUnpublish"), Value::Number(6.0), Value::Null, name]);
            let stream = Value::Number(f64::from(self.stream.unwrap_or_default()));
            self.command(0, &[Value::text("deleteStream"), Value::Number(7.0), Value::Null, stream]);
        }
    }

    fn handle_message(&mut self, message: Message) -> Option<Event> {
        let mut body = message.body;
        match message.kind {
            kind::ACKNOWLEDGEMENT if body.len() >= 4 => return self.handle_acknowledgement(body.get_u32()),
            kind::WINDOW_SIZE if body.len() >= 4 => self.window = u64::from(body.get_u32()).max(MIN_WINDOW),
            kind::USER_CONTROL if body.starts_with(&[0, 6]) && body.len() >= 6 => {
                self.received.answered += 1;
                let pong = [&[0, 7], &body[2..6]].concat();
                self.writer.write(&Message { kind: kind::USER_CONTROL, timestamp: 0, stream: 0, body: pong.into() }, &mut self.out);
            }
            kind::COMMAND => return self.handle_command(body),
            kind::COMMAND_3 if body.first() == Some(&0) => return self.handle_command(body.slice(1..)),
            _ => {}
        }
        None
    }

    /// Servers count in different ways, some from another start: only a count that grows says something.
    fn handle_acknowledgement(&mut self, count: u32) -> Option<Event> {
        #[expect(clippy::cast_possible_truncation, reason = "the count wraps at 32 bits by definition")]
        let step = count.wrapping_sub(self.acknowledged as u32);
        if step == 0 || step >= u32::MAX / 2 {
            return None;
        }
        self.acknowledged += u64::from(step);
        Some(Event::Acknowledged(self.acknowledged))
    }

    /// A command that cannot be read to its end, or that nothing here waits for, does no harm.
    fn handle_command(&mut self, body: Bytes) -> Option<Event> {
        let values = amf::read_prefix(body);
        let transaction = values.get(1).and_then(Value::as_number).unwrap_or_default();
        match values.first().and_then(Value::as_text)? {
            "_result" if transaction == CONNECT && self.state == PublishState::Connecting => self.request_stream(),
            "_result" if transaction == CREATE_STREAM && self.state == PublishState::Publishing && self.stream.is_none() => {
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates; stream numbers are small")]
                let stream = values.get(3).and_then(Value::as_number).unwrap_or(1.0) as u32;
                self.stream = Some(stream);
                let name = Value::text(self.name.clone());
                self.command(stream, &[Value::text("publish"), Value::Number(5.0), Value::Null, name, Value::text("live")]);
            }
            "_error" if self.state == PublishState::Connecting => return Some(Event::ConnectRefused(Refusal::of(&values))),
            // Many servers do not know these optional commands.
            "_error" if transaction == RELEASE || transaction == FC_PUBLISH => {}
            "_error" => return Some(Event::PublishRefused(Refusal::of(&values))),
            "onStatus" => return self.handle_status(&values),
            _ => {}
        }
        None
    }

    fn handle_status(&mut self, values: &[Value]) -> Option<Event> {
        let info = values.iter().find(|value| value.get("code").is_some())?;
        let code = info.get("code").and_then(Value::as_text).unwrap_or_default();
        let error = info.get("level").and_then(Value::as_text) == Some("error");
        if code == "NetStream.Publish.Start" && self.state == PublishState::Publishing {
            self.state = PublishState::Accepted;
            Some(Event::Accepted)
        } else if error || is_refusal(code) {
            Some(Event::PublishRefused(Refusal::of(values)))
        } else {
            None
        }
    }

    fn request_stream(&mut self) {
        self.state = PublishState::Publishing;
        self.writer.set_chunk_size(CHUNK_SIZE, &mut self.out);
        for (command, transaction) in [("releaseStream", RELEASE), ("FCPublish", FC_PUBLISH)] {
            let name = Value::text(self.name.clone());
            self.command(0, &[Value::text(command), Value::Number(transaction), Value::Null, name]);
        }
        self.command(0, &[Value::text("createStream"), Value::Number(CREATE_STREAM), Value::Null]);
    }

    fn command(&mut self, stream: u32, values: &[Value]) {
        let body = amf::write_all(values);
        self.writer.write(&Message { kind: kind::COMMAND, timestamp: 0, stream, body }, &mut self.out);
    }
}

/// Whether a code says that the server refuses, even if its level is not `error`.
fn is_refusal(code: &str) -> bool {
    code == "NetStream.Unpublish.Success"
        || code == "NetConnection.Connect.Closed"
        || ["BadName", "Failed", "Denied", "Rejected", "Error"].iter().any(|word| code.contains(word))
}
