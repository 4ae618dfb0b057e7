//! The port to the relay: desired states go out, reports come back.

pub mod client;

use crate::{
    api::relay_control::{ConnectionTrial, DesiredSession, SessionReport, TrialResult},
    domain::ids::{DestinationId, SessionId},
};
use async_trait::async_trait;
use futures::stream::BoxStream;

/// Why a relay call failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RelayError {
    /// It does not answer.
    #[error("the relay does not answer: {0}")]
    Unreachable(String),
    /// The relay refused the request.
    #[error("the relay refused: {0}")]
    Refused(String),
}

/// An event of the relay.
#[derive(Debug, Clone, PartialEq)]
pub enum RelayEvent {
    /// A session's report, at every change and every second on air.
    Session(Box<SessionReport>),
    /// The relay no longer knows the session.
    Gone(SessionId),
}

/// The relay's control API.
#[async_trait]
pub trait Relay: Send + Sync + 'static {
    /// Puts a session's whole desired state.
    async fn put(&self, session: &DesiredSession) -> Result<SessionReport, RelayError>;
    /// Ends a session: destinations are finished and their connections closed in order. An unknown session is no error.
    async fn delete(&self, session: &SessionId) -> Result<(), RelayError>;
    /// Tries a lost destination at once instead of at the time that its report names.
    async fn retry(&self, session: &SessionId, destination: &DestinationId) -> Result<(), RelayError>;
    /// Deletes the recording of a session that is over; `false` where there is none.
    async fn delete_recording(&self, session: &SessionId) -> Result<bool, RelayError>;
    /// Tries a server: connects to it as for a session, and publishes nothing.
    async fn test(&self, trial: &ConnectionTrial) -> Result<TrialResult, RelayError>;
    /// The reports of every session the relay knows.
    async fn sessions(&self) -> Result<Vec<SessionReport>, RelayError>;
    /// Events from now on; ends when the connection does.
    async fn events(&self) -> Result<BoxStream<'static, RelayEvent>, RelayError>;
}
