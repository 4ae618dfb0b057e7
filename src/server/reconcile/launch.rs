//! The start of a session outside: room and relay at once, the first egress in the background.

use super::{Held, Reconciler};
use crate::{
    domain::{
        ids::SessionId,
        room::room_name,
        session::{Actor, FailureCause, Outcome, Session, StreamType},
    },
    server::{
        error::{StudioError, chain},
        livekit::LiveKitError,
    },
};
use std::time::Duration;

/// The room outlives the host's absence by more than the grace, so that the grace decides.
const ROOM_MARGIN: Duration = Duration::from_secs(30);

impl Reconciler {
    /// Room and relay: what the host's browser and the egress will need at once.
    pub(in crate::server) async fn prepare(&self, session: &Session) -> Result<(), (FailureCause, StudioError)> {
        if session.stream_type == StreamType::User {
            self.make_room(&session.id).await.map_err(|error| (FailureCause::RoomNotMade, error.into()))?;
        }
        let report = self.put_desired(session).await.map_err(|error| match error {
            StudioError::Relay(_) => (FailureCause::RelayUnreachable, error),
            _ => (FailureCause::Interrupted, error),
        })?;
        self.registry.observed().record_report(report, self.ports.now());
        Ok(())
    }

    /// Makes a session's room; one that is there stays as it is.
    pub(in crate::server) async fn make_room(&self, id: &SessionId) -> Result<(), LiveKitError> {
        let deadlines = self.ports.config.deadlines;
        let (empty, departure) = (deadlines.start.max(deadlines.grace) + ROOM_MARGIN, deadlines.grace + ROOM_MARGIN);
        self.ports.livekit.create_room(&room_name(id), empty, departure).await
    }

    /// Asks for the first egress and stores the session as starting.
    pub(in crate::server) async fn start_first_egress(&self, session: Session, held: Held) {
        let id = session.id.clone();
        let started = match self.egress_request(&session, session.generation).await {
            Ok(request) => self.start_once(&id, session.generation, &request).await.map_err(StudioError::from),
            Err(error) => Err(error),
        };
        let outcome = match started {
            // A stop that came meanwhile did not know this egress: its take-down finds it in the list by its mark.
            Ok(egress) => self.adopt(&id, session.generation, &egress).await,
            Err(error) => {
                tracing::warn!(session = %id, error = %chain(&error), "the first egress was not accepted");
                let cause = match &error {
                    StudioError::LiveKit(LiveKitError::NoSlot) => FailureCause::NoFreeSlot,
                    StudioError::LiveKit(LiveKitError::Refused(_)) => {
                        FailureCause::EgressFailed { reason: "the capture engine refused it".into() }
                    }
                    StudioError::LiveKit(LiveKitError::OtherTime(sentence)) => {
                        FailureCause::EgressFailed { reason: sentence.trim_end_matches('.').to_owned() }
                    }
                    _ => FailureCause::EgressFailed { reason: "the capture engine does not answer".into() },
                };
                self.start_ending(&id, Actor::Studio, Outcome::Failed(cause)).await.map(|_| ())
            }
        };
        drop(held);
        if let Err(error) = outcome {
            tracing::error!(session = %id, error = %chain(&error), "a start was not stored; the reconciler goes on");
        }
        self.reconcile_session(&id).await;
    }
}
