//! The port to the relay: wanted states go out, evidence comes back.

pub mod client;
pub mod fake;

use crate::{
    api::relay_control::{DesiredSession, SessionReport},
    domain::ids::SessionId,
};
use async_trait::async_trait;
use futures::stream::BoxStream;

/// Why the relay did not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RelayError {
    /// It does not answer.
    #[error("the relay does not answer: {0}")]
    Unreachable(String),
    /// It said no.
    #[error("the relay refused: {0}")]
    Refused(String),
}

/// What the relay tells on its own.
#[derive(Debug, Clone, PartialEq)]
pub enum RelayEvent {
    /// A show's measurements, at every change and every second on air.
    Session(Box<SessionReport>),
    /// A show is no longer known.
    Gone(SessionId),
}

/// What Footlight asks of a relay.
#[async_trait]
pub trait Relay: Send + Sync + 'static {
    /// Puts a show's whole wanted state.
    async fn put(&self, session: &DesiredSession) -> Result<SessionReport, RelayError>;
    /// Ends a show: destinations are finished, their connections closed in order. One that is not there is ended.
    async fn delete(&self, session: &SessionId) -> Result<(), RelayError>;
    /// Every show the relay knows.
    async fn sessions(&self) -> Result<Vec<SessionReport>, RelayError>;
    /// Events from now on; ends when the connection does.
    async fn events(&self) -> Result<BoxStream<'static, RelayEvent>, RelayError>;
}
