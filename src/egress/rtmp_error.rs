//! Why an RTMP connection was not made, or was lost. The texts are LiveKit's, without the address.

use crate::net::os_message;
use std::io;

/// An error of one connection to an output.
#[derive(Debug, thiserror::Error)]
pub enum RtmpError {
    #[error("{reason}: Could not connect to {host}: {reason}")]
    Unreachable { host: String, reason: String },
    #[error("{}", os_message(.0))]
    Socket(#[source] io::Error),
    /// The host cannot be a server name for TLS.
    #[error("Failed to connect: no server name for TLS")]
    NoServerName,
    #[error("Failed to connect: TLS: {0}")]
    Tls(#[source] io::Error),
    #[error("Failed to connect: TLS: no answer within 10 s")]
    NoTlsAnswer,
    #[error("Failed to connect: handshake: {0}")]
    Handshake(String),
    /// The server refused `connect` or `publish`, or closed the connection instead of answering.
    #[error("Failed to connect: '{command}' cmd failed: {reason}")]
    Command { command: &'static str, reason: String },
    #[error("Failed to connect: no answer within 10 s")]
    NoAnswer,
    #[error("connection closed remotely")]
    Closed,
    /// The server ended an accepted stream with this status code.
    #[error("connection closed remotely: {0}")]
    Rejected(String),
    #[error("connection lost: {}", os_message(.0))]
    Lost(#[source] io::Error),
    #[error("connection lost: not RTMP")]
    NotRtmp,
    /// The socket accepted no bytes for `STALL_TIMEOUT`.
    #[error("connection lost: nothing taken for 10 s")]
    Stalled,
}

impl RtmpError {
    pub fn command(command: &'static str, reason: impl Into<String>) -> Self {
        Self::Command { command, reason: reason.into() }
    }
}
