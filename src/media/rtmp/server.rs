//! The receiving side of a connection, without a socket: bytes in, events and bytes out.
//! The owner of the socket accepts or refuses the publish; playing is not supported.

use super::{
    Message, Violation,
    amf::{self, Value},
    chunk::{Reader, Writer, control},
    kind,
};
use bytes::{Bytes, BytesMut};

/// Bytes an unauthenticated peer may send in one message; four times as many in total.
const MAX_UNAUTHENTICATED: usize = 16 * 1024;
/// Bytes of an authenticated publisher's largest message: several keyframes of 12 Mbit/s fit.
const MAX_AUTHENTICATED: usize = 8 * 1024 * 1024;
const WINDOW: u32 = 2_500_000;

/// An event from the publisher.
#[derive(Debug, PartialEq)]
pub enum Event {
    /// It asks to publish; respond with [`ServerSession::accept`] or [`ServerSession::refuse`].
    Publish {
        /// The application it connected to.
        application: String,
        /// The stream name, which is a credential.
        name: String,
    },
    /// An audio or video message.
    Media(Message),
    Metadata(Vec<(String, Value)>),
    Unpublish,
}

pub struct ServerSession {
    reader: Reader,
    writer: Writer,
    out: BytesMut,
    application: String,
    publishing: bool,
    received: u64,
    acknowledged: u64,
}

impl Default for ServerSession {
    fn default() -> Self {
        Self {
            reader: Reader::new(MAX_UNAUTHENTICATED),
            writer: Writer::default(),
            out: BytesMut::new(),
            application: String::new(),
            publishing: false,
            received: 0,
            acknowledged: 0,
        }
    }
}

impl ServerSession {
    /// The buffer for bytes from the socket; report them with [`Self::count`].
    pub fn input(&mut self) -> &mut BytesMut {
        self.reader.input()
    }

    /// Counts bytes read, for acknowledgements and the limit before authentication.
    ///
    /// # Errors
    /// Too many bytes before a publish.
    pub fn count(&mut self, bytes: usize) -> Result<(), Violation> {
        self.received += bytes as u64;
        if !self.publishing && self.received > 4 * MAX_UNAUTHENTICATED as u64 {
            return Err(Violation("too much before a publish"));
        }
        if self.received - self.acknowledged >= u64::from(WINDOW) {
            self.acknowledged = self.received;
            #[expect(clippy::cast_possible_truncation, reason = "the count wraps at 32 bits by definition")]
            self.writer.write(&control(kind::ACKNOWLEDGEMENT, self.received as u32), &mut self.out);
        }
        Ok(())
    }

    /// Bytes for the socket.
    pub fn output(&mut self) -> BytesMut {
        self.out.split()
    }

    /// The next event.
    ///
    /// # Errors
    /// The publisher broke the protocol or a limit.
    pub fn take(&mut self) -> Result<Option<Event>, Violation> {
        while let Some(message) = self.reader.take()? {
            let event = match message.kind {
                kind::AUDIO | kind::VIDEO if self.publishing => Some(Event::Media(message)),
                kind::COMMAND => self.command(message.body)?,
                kind::COMMAND_3 if message.body.first() == Some(&0) => self.command(message.body.slice(1..))?,
                kind::DATA if self.publishing => metadata(message.body)?,
                kind::DATA_3 if self.publishing && message.body.first() == Some(&0) => metadata(message.body.slice(1..))?,
                kind::USER_CONTROL if message.body.starts_with(&[0, 6]) && message.body.len() == 6 => {
                    let pong = [&[0, 7], &message.body[2..]].concat();
                    self.writer.write(&Message { body: pong.into(), ..message }, &mut self.out);
                    None
                }
                _ => None,
            };
            if event.is_some() {
                return Ok(event);
            }
        }
        Ok(None)
    }

    pub fn accept(&mut self) {
        self.publishing = true;
        self.reader.set_max_message(MAX_AUTHENTICATED);
        self.write(kind::USER_CONTROL, 0, Bytes::from_static(&[0, 0, 0, 0, 0, 1]));
        self.status("status", "NetStream.Publish.Start", "Publishing.");
    }

    /// Refuses the publish with a reason.
    pub fn refuse(&mut self, reason: &str) {
        self.status("error", "NetStream.Publish.BadName", reason);
    }

    fn command(&mut self, body: Bytes) -> Result<Option<Event>, Violation> {
        let values = amf::read_all(body)?;
        let name = values.first().and_then(Value::as_text).ok_or(Violation("a command without a name"))?;
        let transaction = Value::Number(values.get(1).and_then(Value::as_number).unwrap_or_default());
        match name {
            "connect" => {
                let application = values.get(2).and_then(|object| object.get("app")).and_then(Value::as_text).unwrap_or_default();
                application.trim_matches('/').clone_into(&mut self.application);
                self.writer.write(&control(kind::WINDOW_SIZE, WINDOW), &mut self.out);
                self.write(kind::PEER_BANDWIDTH, 0, [&WINDOW.to_be_bytes()[..], &[2]].concat().into());
                self.writer.set_chunk_size(4096, &mut self.out);
                let server = vec![("fmsVer".into(), Value::text("FMS/3,5,7,7009")), ("capabilities".into(), Value::Number(31.0))];
                let info = status_object("status", "NetConnection.Connect.Success", "Connection succeeded.");
                self.reply(&[Value::text("_result"), transaction, Value::Object(server), info]);
            }
            "createStream" => self.reply(&[Value::text("_result"), transaction, Value::Null, Value::Number(1.0)]),
            "releaseStream" | "FCPublish" | "getStreamLength" => {
                self.reply(&[Value::text("_result"), transaction, Value::Null, Value::Null]);
            }
            "publish" if !self.publishing => {
                let name = values.get(3).and_then(Value::as_text).unwrap_or_default().to_owned();
                return Ok(Some(Event::Publish { application: self.application.clone(), name }));
            }
            "FCUnpublish" | "deleteStream" | "closeStream" if self.publishing => return Ok(Some(Event::Unpublish)),
            "play" => return Err(Violation("nothing is played here")),
            _ => {}
        }
        Ok(None)
    }

    fn status(&mut self, level: &str, code: &str, description: &str) {
        let body = amf::write_all(&[Value::text("onStatus"), Value::Number(0.0), Value::Null, status_object(level, code, description)]);
        self.write(kind::COMMAND, 1, body);
    }

    fn reply(&mut self, values: &[Value]) {
        self.write(kind::COMMAND, 0, amf::write_all(values));
    }

    fn write(&mut self, kind: u8, stream: u32, body: Bytes) {
        self.writer.write(&Message { kind, timestamp: 0, stream, body }, &mut self.out);
    }
}

fn metadata(body: Bytes) -> Result<Option<Event>, Violation> {
    let values = amf::read_all(body)?;
    let named = values.iter().any(|value| value.as_text() == Some("onMetaData"));
    let pairs = values.into_iter().find_map(|value| if let Value::Object(pairs) = value { Some(pairs) } else { None });
    Ok(pairs.filter(|_| named).map(Event::Metadata))
}

fn status_object(level: &str, code: &str, description: &str) -> Value {
    let pair = |name: &str, value: &str| (name.to_owned(), Value::text(value));
    Value::Object(vec![pair("level", level), pair("code", code), pair("description", description)])
}
