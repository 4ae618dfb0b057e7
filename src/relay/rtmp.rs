//! RTMP as a peer speaks it: handshake, chunks, AMF0, the two ends of a publish. Knows no show, no socket but the handshake's.
//! Written here rather than taken from a crate: the reader must bear hostile input (depth, size, interleaving are bounded)
//! and the client must hand on the platform's own words.

pub mod amf;
pub mod chunk;
pub mod client;
pub mod handshake;
pub mod server;

use bytes::Bytes;

/// One RTMP message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// What it is: one of the constants in [`kind`].
    pub kind: u8,
    /// Milliseconds, wrapping.
    pub timestamp: u32,
    /// The message stream it belongs to; 0 is the connection itself.
    pub stream: u32,
    /// Its body.
    pub body: Bytes,
}

/// Message types. Source: "Adobe's Real Time Messaging Protocol" 1.0, sections 5.4, 6.2 and 7.1.
pub mod kind {
    /// Largest chunk the sender will send.
    pub const SET_CHUNK_SIZE: u8 = 1;
    /// Forget a message begun.
    pub const ABORT: u8 = 2;
    /// Bytes received so far.
    pub const ACKNOWLEDGEMENT: u8 = 3;
    /// Ping, stream begin and the like.
    pub const USER_CONTROL: u8 = 4;
    /// After how many bytes to acknowledge.
    pub const WINDOW_SIZE: u8 = 5;
    /// The other side's window.
    pub const PEER_BANDWIDTH: u8 = 6;
    /// Audio tag body.
    pub const AUDIO: u8 = 8;
    /// Video tag body.
    pub const VIDEO: u8 = 9;
    /// Data in AMF3 clothes.
    pub const DATA_3: u8 = 15;
    /// Command in AMF3 clothes.
    pub const COMMAND_3: u8 = 17;
    /// Data (metadata).
    pub const DATA: u8 = 18;
    /// Command.
    pub const COMMAND: u8 = 20;
}

/// What a peer did that RTMP does not allow, or that is more than is borne.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("RTMP violation: {0}")]
pub struct Violation(pub &'static str);
