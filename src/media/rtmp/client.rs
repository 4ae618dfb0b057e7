//! The publishing side of a connection, without a socket: bytes in, events and bytes out.
//! Passes on the server's own error texts; the owner of the socket decides what they mean.

use super::{
    Message, Violation,
    amf::{self, Value},
    chunk::{Reader, Writer, control},
    kind,
};
use bytes::{Buf, Bytes, BytesMut};
use std::fmt;

/// A server sends only short messages to a publisher.
const MAX_SERVER_MESSAGE: usize = 64 * 1024;
const CHUNK_SIZE: u32 = 4096;
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
    /// The number of bytes the server has received.
    Acknowledged(u64),
}

/// The server's own reason. It may contain the stream name, which is a secret.
#[derive(Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Such as `NetStream.Publish.BadName`; may be empty.
    pub code: String,
    /// May be empty.
    pub description: String,
}

impl Refusal {
    fn of(values: &[Value]) -> Self {
        let text = |name| values.iter().find_map(|value| value.get(name)).and_then(Value::as_text).unwrap_or_default().trim().to_owned();
        Self { code: text("code"), description: text("description") }
    }
}

/// The description, and the code if the description does not contain it.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.description.as_str(), self.code.as_str()) {
            ("", "") => f.write_str("no reason given"),
            ("", code) => f.write_str(code),
            (description, code) if description.contains(code) => f.write_str(description),
            (description, code) => write!(f, "{description} ({code})"),
        }
    }
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
    stream: u32,
    state: PublishState,
    window: u64,
    received: u64,
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
            stream: 0,
            state: PublishState::Connecting,
            window: u64::MAX,
            received: 0,
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

    /// Handles bytes from the socket.
    ///
    /// # Errors
    /// The server broke the protocol or a limit.
    pub fn handle_input(&mut self, bytes: &[u8]) -> Result<Vec<Event>, Violation> {
        self.received += bytes.len() as u64;
        if self.received - self.last_ack >= self.window {
            self.last_ack = self.received;
            #[expect(clippy::cast_possible_truncation, reason = "the count wraps at 32 bits by definition")]
            self.writer.write(&control(kind::ACKNOWLEDGEMENT, self.received as u32), &mut self.out);
        }
        self.reader.input().extend_from_slice(bytes);
        let mut events = Vec::new();
        while let Some(message) = self.reader.take()? {
            events.extend(self.handle_message(message)?);
        }
        Ok(events)
    }

    /// Bytes for the socket.
    pub fn output(&mut self) -> BytesMut {
        self.out.split()
    }

    /// Sends a media or data message on the published stream.
    pub fn send(&mut self, kind: u8, timestamp: u32, body: Bytes) {
        self.writer.write(&Message { kind, timestamp, stream: self.stream, body }, &mut self.out);
    }

    pub fn unpublish(&mut self) {
        if self.state == PublishState::Accepted {
            let name = Value::text(self.name.clone());
            self.command(0, &[Value::text("FCUnpublish"), Value::Number(6.0), Value::Null, name]);
            let stream = Value::Number(f64::from(self.stream));
            self.command(0, &[Value::text("deleteStream"), Value::Number(7.0), Value::Null, stream]);
        }
    }

    fn handle_message(&mut self, message: Message) -> Result<Option<Event>, Violation> {
        let mut body = message.body;
        match message.kind {
            kind::ACKNOWLEDGEMENT if body.len() >= 4 => {
                #[expect(clippy::cast_possible_truncation, reason = "the count wraps at 32 bits by definition")]
                let step = body.get_u32().wrapping_sub(self.acknowledged as u32);
                if step < u32::MAX / 2 {
                    self.acknowledged += u64::from(step);
                }
                Ok(Some(Event::Acknowledged(self.acknowledged)))
            }
            kind::WINDOW_SIZE if body.len() >= 4 => {
                self.window = u64::from(body.get_u32()).max(1);
                Ok(None)
            }
            kind::USER_CONTROL if body.starts_with(&[0, 6]) && body.len() >= 6 => {
                let pong = [&[0, 7], &body[2..6]].concat();
                self.writer.write(&Message { kind: kind::USER_CONTROL, timestamp: 0, stream: 0, body: pong.into() }, &mut self.out);
                Ok(None)
            }
            kind::COMMAND => self.handle_command(body),
            kind::COMMAND_3 if body.first() == Some(&0) => self.handle_command(body.slice(1..)),
            _ => Ok(None),
        }
    }

    fn handle_command(&mut self, body: Bytes) -> Result<Option<Event>, Violation> {
        let values = amf::read_all(body)?;
        let transaction = values.get(1).and_then(Value::as_number).unwrap_or_default();
        match values.first().and_then(Value::as_text) {
            Some("_result") if transaction == CONNECT && self.state == PublishState::Connecting => self.request_stream(),
            Some("_result") if transaction == CREATE_STREAM && self.state == PublishState::Publishing => {
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates; stream numbers are small")]
                let stream = values.get(3).and_then(Value::as_number).unwrap_or(1.0) as u32;
                self.stream = stream;
                let name = Value::text(self.name.clone());
                self.command(stream, &[Value::text("publish"), Value::Number(5.0), Value::Null, name, Value::text("live")]);
            }
            Some("_error") if self.state == PublishState::Connecting => return Ok(Some(Event::ConnectRefused(Refusal::of(&values)))),
            // Many servers do not know these optional commands.
            Some("_error") if transaction == RELEASE || transaction == FC_PUBLISH => {}
            Some("_error") => return Ok(Some(Event::PublishRefused(Refusal::of(&values)))),
            Some("onStatus") => return Ok(self.handle_status(&values)),
            _ => {}
        }
        Ok(None)
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
