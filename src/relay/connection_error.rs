//! Why there is no connection to a destination.

use crate::{media::rtmp::client::Refusal, net};
use std::io;

/// Why there is no connection, as a sentence for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectionError {
    /// The server or the address check refuses; final unless the platform has accepted the stream before.
    Permanent(String),
    /// As like a wrong address as a fault of the server; final when it comes several times in a row.
    Doubtful(String),
    /// A network error; retried.
    Transient(String),
}

impl ConnectionError {
    /// The server refuses `connect`, and wants nothing instead.
    pub fn of_connect(refusal: &Refusal) -> Self {
        Self::Permanent(format!("connection refused: {refusal}"))
    }

    /// The server closed the connection instead of answering `connect` for an application.
    pub fn hung_up(application: &str) -> Self {
        let application = application.split('?').next().unwrap_or_default();
        Self::Doubtful(format!("the server hung up when asked for `{application}`: check what follows the host"))
    }

    /// More redirects in a row than are followed.
    pub fn too_many_redirects(most: usize) -> Self {
        Self::Permanent(format!("the server sends to another address more than {most} times: ask its operator for the right one"))
    }

    /// Changes the words.
    #[must_use]
    pub fn map(self, change: impl FnOnce(String) -> String) -> Self {
        match self {
            Self::Permanent(text) => Self::Permanent(change(text)),
            Self::Doubtful(text) => Self::Doubtful(change(text)),
            Self::Transient(text) => Self::Transient(change(text)),
        }
    }
}

/// The error of one address.
pub type Failure = (ErrorRank, ConnectionError);

/// How informative the error of one of several addresses is; the highest rank is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ErrorRank {
    Unknown,
    /// No route, often because there is no IPv6.
    Unreachable,
    Forbidden,
    /// Timed out.
    NoAnswer,
    Answered,
    /// Connected.
    Connected,
}

/// An operating system error without its number, to be continued in a sentence.
pub fn os_message(error: &io::Error) -> String {
    net::os_message(error).to_lowercase()
}
