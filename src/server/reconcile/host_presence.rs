//! Whether the host is in the room, as LiveKit tells.

use super::Reconciler;
use crate::{
    domain::{
        ids::SessionId,
        room::{host_identity, room_name},
        session::{Actor, HostPresence, Session, StreamType},
    },
    server::{error::chain, registry::Change},
};

impl Reconciler {
    /// Looks for the host of a session by its id.
    pub(super) async fn refresh_host_presence(&self, id: &SessionId) {
        if let Ok(Some(session)) = self.ports.store.session(id).await {
            self.check_host_presence(&session).await;
        }
    }

    /// Looks who is in the room; a LiveKit that does not answer changes nothing.
    pub(super) async fn check_host_presence(&self, session: &Session) {
        let id = &session.id;
        if session.stream_type != StreamType::User || session.state.egress().is_none() {
            return;
        }
        let Ok(identities) = self.ports.livekit.participants(&room_name(id)).await else { return };
        let (present, now) = (identities.contains(&host_identity(id)), self.ports.now());
        self.registry.observed().update(id, |observed| observed.host_looked_at = Some(now));
        let transition = |host| match (host, present) {
            (HostPresence::NotYet, true) => Some((HostPresence::Here, "The host is in the room.")),
            (HostPresence::Away { .. }, true) => Some((HostPresence::Here, "The host is back.")),
            (HostPresence::Here, false) => {
                Some((HostPresence::Away { since: now }, "The host is not in the room any more; the stream waits for them."))
            }
            _ => None,
        };
        if transition(session.host).is_none() {
            return;
        }
        let changed = self
            .registry
            .change(id, Actor::Reconciler, |session| {
                let (host, what) = transition(session.host).filter(|_| session.state.is_running())?;
                Some(Change { session: Session { host, ..session.clone() }, what: Some(what.to_owned()) })
            })
            .await;
        if let Err(error) = changed {
            tracing::warn!(session = %id, error = %chain(&error), "whether the host is there could not be stored");
        }
    }
}
