//! RTMP: handshake, chunks, AMF0, and both sides of a publish. Knows no stream state; only
//! the handshake and the `publisher` hold a socket.
//! Our own code rather than a crate: the reader must limit hostile input (depth, size, interleaving),
//! and the client must pass on the platform's own error texts.

pub mod amf;
pub mod chunk;
pub mod client;
pub mod handshake;
pub mod publisher;
pub mod server;
pub mod text;

use bytes::Bytes;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// One of the constants in [`kind`].
    pub kind: u8,
    /// Milliseconds, wrapping.
    pub timestamp: u32,
    /// The message stream it belongs to; 0 is the connection itself.
    pub stream: u32,
    pub body: Bytes,
}

/// Message types. Source: "Adobe's Real Time Messaging Protocol" 1.0, sections 5.4, 6.2 and 7.1.
pub mod kind {
    /// Largest chunk that the sender will send.
    pub const SET_CHUNK_SIZE: u8 = 1;
    /// Discard an unfinished message.
    pub const ABORT: u8 = 2;
    /// Bytes received so far.
    pub const ACKNOWLEDGEMENT: u8 = 3;
    /// Ping, stream begin and others.
    pub const USER_CONTROL: u8 = 4;
    /// Number of bytes after which to acknowledge.
    pub const WINDOW_SIZE: u8 = 5;
    /// The other side's window.
    pub const PEER_BANDWIDTH: u8 = 6;
    pub const AUDIO: u8 = 8;
    pub const VIDEO: u8 = 9;
    /// Data, marked as AMF3.
    pub const DATA_3: u8 = 15;
    /// Command, marked as AMF3.
    pub const COMMAND_3: u8 = 17;
    pub const DATA: u8 = 18;
    pub const COMMAND: u8 = 20;
}

/// The peer broke the protocol or one of our limits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("RTMP violation: {0}")]
pub struct Violation(pub &'static str);
