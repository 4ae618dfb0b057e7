//! Splits messages into interleaved chunks and joins them again, with limits on everything a peer can make us hold.

use super::{Message, Violation, kind};
use bytes::{Buf, BufMut, Bytes, BytesMut};
use std::collections::HashMap;

/// Chunk streams per peer. Encoders use up to six.
const MAX_CHUNK_STREAMS: usize = 32;
/// Bytes allocated for a message before its data arrives.
const PREALLOCATED: usize = 64 * 1024;
/// A timestamp field of all ones: an extended timestamp follows.
const EXTENDED: u32 = 0x00ff_ffff;

/// Reads messages from the bytes of one connection.
pub struct Reader {
    input: BytesMut,
    streams: HashMap<u32, Stream>,
    chunk_size: usize,
    max_message: usize,
}

#[derive(Default)]
struct Stream {
    timestamp: u32,
    delta: u32,
    extended: bool,
    length: usize,
    kind: u8,
    message_stream_id: u32,
    partial: BytesMut,
}

impl Reader {
    /// A reader for messages of up to `max_message` bytes.
    pub fn new(max_message: usize) -> Self {
        Self { input: BytesMut::new(), streams: HashMap::new(), chunk_size: 128, max_message }
    }

    /// Changes the message limit, after the peer has authenticated.
    pub fn set_max_message(&mut self, max_message: usize) {
        self.max_message = max_message;
    }

    /// The buffer for bytes from the socket.
    pub fn input(&mut self) -> &mut BytesMut {
        &mut self.input
    }

    /// The next complete message. Chunk size and abort messages are handled here and not returned.
    ///
    /// # Errors
    /// The peer broke the protocol or a limit; the connection must be closed.
    pub fn take(&mut self) -> Result<Option<Message>, Violation> {
        loop {
            let Some(message) = self.next_raw()? else { return Ok(None) };
            let mut body = message.body.clone();
            match message.kind {
                kind::SET_CHUNK_SIZE if body.len() >= 4 => {
                    self.chunk_size = (body.get_u32() & 0x7fff_ffff) as usize;
                    if self.chunk_size == 0 {
                        return Err(Violation("chunk size 0"));
                    }
                }
                kind::ABORT if body.len() >= 4 => {
                    if let Some(stream) = self.streams.get_mut(&body.get_u32()) {
                        stream.partial.clear();
                    }
                }
                _ => return Ok(Some(message)),
            }
        }
    }

    fn next_raw(&mut self) -> Result<Option<Message>, Violation> {
        loop {
            match self.next_chunk()? {
                Step::Incomplete => return Ok(None),
                Step::Partial => {}
                Step::Whole(message) => return Ok(Some(message)),
            }
        }
    }

    fn next_chunk(&mut self) -> Result<Step, Violation> {
        let Some(header) = Header::read(&self.input) else { return Ok(Step::Incomplete) };
        if header.format != 0 && !self.streams.contains_key(&header.id) {
            return Err(Violation("a chunk continues nothing"));
        }
        if self.streams.len() >= MAX_CHUNK_STREAMS && !self.streams.contains_key(&header.id) {
            return Err(Violation("too many chunk streams"));
        }
        let held: usize = self.streams.values().map(|stream| stream.partial.len()).sum();
        let stream = self.streams.entry(header.id).or_default();
        let fresh = stream.partial.is_empty();
        let length = header.length.unwrap_or(stream.length);
        if !fresh && header.format != 3 && length != stream.length {
            return Err(Violation("a message changes its length on the way"));
        }
        if length > self.max_message {
            return Err(Violation("message too large"));
        }

        let mut at = header.size;
        let extended = header.time.map_or(stream.extended, |time| time == EXTENDED);
        let mut time = header.time.unwrap_or(stream.delta);
        if extended {
            let Some(bytes) = self.input.get(at..at + 4) else { return Ok(Step::Incomplete) };
            let value = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
            // Some encoders omit the extended timestamp in continuations: it is there if it repeats the last one.
            if header.format != 3 || value == stream.delta {
                time = value;
                at += 4;
            }
        }
        let take = (length - stream.partial.len()).min(self.chunk_size);
        if held + take > self.max_message {
            return Err(Violation("too much in unfinished messages"));
        }
        if self.input.len() < at + take {
            return Ok(Step::Incomplete); // Allocate when bytes arrive, not when they are announced.
        }

        if fresh {
            stream.timestamp = if header.format == 0 { time } else { stream.timestamp.wrapping_add(time) };
        }
        stream.delta = time;
        stream.extended = extended;
        stream.length = length;
        stream.kind = header.kind.unwrap_or(stream.kind);
        stream.message_stream_id = header.stream.unwrap_or(stream.message_stream_id);
        self.input.advance(at);
        let piece = self.input.split_to(take);
        let body = if fresh && take == length {
            piece.freeze()
        } else {
            if fresh {
                stream.partial.reserve(length.min(PREALLOCATED));
            }
            stream.partial.extend_from_slice(&piece);
            if stream.partial.len() < length {
                return Ok(Step::Partial);
            }
            std::mem::take(&mut stream.partial).freeze()
        };
        Ok(Step::Whole(Message { kind: stream.kind, timestamp: stream.timestamp, stream: stream.message_stream_id, body }))
    }
}

/// Result of reading one chunk.
enum Step {
    /// More bytes are needed.
    Incomplete,
    /// A chunk of a message that is not complete yet.
    Partial,
    /// The last chunk of this message.
    Whole(Message),
}

/// The header fields of a chunk; absent ones repeat the chunk before.
struct Header {
    format: u8,
    id: u32,
    time: Option<u32>,
    length: Option<usize>,
    kind: Option<u8>,
    stream: Option<u32>,
    size: usize,
}

impl Header {
    fn read(input: &[u8]) -> Option<Self> {
        let first = *input.first()?;
        let (id, basic) = match first & 63 {
            0 => (64 + u32::from(*input.get(1)?), 2),
            1 => (64 + u32::from(*input.get(1)?) + 256 * u32::from(*input.get(2)?), 3),
            small => (u32::from(small), 1),
        };
        let format = first >> 6;
        let size = basic + [11, 7, 3, 0][usize::from(format)];
        let rest = input.get(basic..size)?;
        let u24 = |at: usize| Some(u32::from_be_bytes([0, *rest.get(at)?, *rest.get(at + 1)?, *rest.get(at + 2)?]));
        Some(Self {
            format,
            id,
            time: u24(0),
            length: u24(3).map(|length| length as usize),
            kind: rest.get(6).copied(),
            stream: rest.get(7..11).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]])),
            size,
        })
    }
}

/// Splits messages into chunks. Every message begins with a full header: eight bytes more, but no state to lose.
pub struct Writer {
    chunk_size: usize,
}

impl Default for Writer {
    fn default() -> Self {
        Self { chunk_size: 128 }
    }
}

impl Writer {
    /// Announces a chunk size and uses it from now on.
    pub fn set_chunk_size(&mut self, chunk_size: u32, out: &mut BytesMut) {
        self.write(&control(kind::SET_CHUNK_SIZE, chunk_size), out);
        self.chunk_size = chunk_size as usize;
    }

    /// Appends the message's chunks to `out`.
    pub fn write(&self, message: &Message, out: &mut BytesMut) {
        let id = match message.kind {
            kind::SET_CHUNK_SIZE..=kind::PEER_BANDWIDTH => 2,
            kind::AUDIO => 4,
            kind::VIDEO => 6,
            kind::DATA => 5,
            _ => 3,
        };
        let length = u32::try_from(message.body.len()).expect("a message is below 16 MiB");
        let extended = message.timestamp >= EXTENDED;
        out.reserve(message.body.len() + 16 + message.body.len() / self.chunk_size * 5);
        out.put_u8(id);
        out.put_uint(u64::from(message.timestamp.min(EXTENDED)), 3);
        out.put_uint(u64::from(length), 3);
        out.put_u8(message.kind);
        out.put_u32_le(message.stream);
        for (index, piece) in message.body.chunks(self.chunk_size).enumerate() {
            if index > 0 {
                out.put_u8(0xc0 | id);
            }
            if extended {
                out.put_u32(message.timestamp);
            }
            out.put_slice(piece);
        }
        if message.body.is_empty() && extended {
            out.put_u32(message.timestamp);
        }
    }
}

/// A protocol control message with one number.
pub fn control(kind: u8, number: u32) -> Message {
    Message { kind, timestamp: 0, stream: 0, body: Bytes::copy_from_slice(&number.to_be_bytes()) }
}

#[cfg(test)]
mod tests;
