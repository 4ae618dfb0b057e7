//! What the relay is to do for a session.

use super::Reconciler;
use crate::{
    api::relay_control::{DesiredDestination, DesiredIngest, DesiredSession, DesiredTarget, DestinationState, SessionReport},
    config::relay::publish_token,
    domain::{
        destination::{Destination, StreamKey},
        ids::{DestinationId, Generation, SessionId},
        session::Session,
    },
    server::{error::StudioResult, registry::observed::Keyless, store::SealedKey},
};

impl Reconciler {
    /// Puts a session's desired state to the relay and takes the report that it answers with.
    pub(in crate::server) async fn put_relay(&self, session: &Session) -> StudioResult<()> {
        let report = self.put_desired(session).await?;
        self.handle_report(report).await;
        Ok(())
    }

    /// Puts a session's desired state to the relay.
    pub(super) async fn put_desired(&self, session: &Session) -> StudioResult<SessionReport> {
        let desired = self.desired_state(session).await?;
        Ok(self.ports.relay.put(&desired).await?)
    }

    /// The desired state for the relay: the two latest egresses may publish, the destinations get the composite. A destination
    /// whose key is missing or does not open is left out and noted; it fails alone.
    async fn desired_state(&self, session: &Session) -> StudioResult<DesiredSession> {
        let keys = self.ports.store.session_keys(&session.id).await?;
        let (mut destinations, mut keyless) = (Vec::with_capacity(session.destinations.len()), Vec::new());
        for of in &session.destinations {
            let target = match (&of.address, self.key_of(session, of, &keys)) {
                (None, _) => DesiredTarget::Record,
                (Some(address), Ok(stream_key)) => DesiredTarget::Publish { address: address.clone(), stream_key },
                (Some(_), Err(reason)) => {
                    tracing::error!(session = %session.id, destination = %of.id, reason, "a destination is left out");
                    keyless.push(Keyless { id: of.id.clone(), since: self.ports.now(), reason });
                    continue;
                }
            };
            let accepted_before = session.results.iter().any(|result| result.id == of.id && result.uptime_ms > 0);
            destinations.push(DesiredDestination { id: of.id.clone(), label: of.label().to_owned(), accepted_before, target });
        }
        self.registry.observed().update(&session.id, |observed| observed.keyless = keyless);
        let generations = [session.generation.0.saturating_sub(1), session.generation.0];
        let ingests = generations.into_iter().filter(|number| *number > 0).map(Generation);
        Ok(DesiredSession {
            session_id: session.id.clone(),
            ingests: ingests.map(|generation| DesiredIngest { generation, token: self.publish_token(&session.id, generation) }).collect(),
            destinations,
            account: Some(session.account.clone()),
            video: session.video,
            slate: self.ports.config.slate,
        })
    }

    /// A destination's stream key, or why it cannot be had and what to do.
    fn key_of(&self, session: &Session, destination: &Destination, keys: &[(DestinationId, SealedKey)]) -> Result<StreamKey, String> {
        let Some((_, sealed)) = keys.iter().find(|(id, _)| id == &destination.id) else {
            return Err("its stream key is missing: remove it and add it again".to_owned());
        };
        let opened = self.ports.vault.open(&session.owner, &destination.id, sealed);
        opened.map_err(|error| format!("its stream key does not open ({error}): remove it and add it again"))
    }

    /// The publish token of one egress: derived, so that it need not be stored.
    pub(super) fn publish_token(&self, session: &SessionId, generation: Generation) -> String {
        publish_token(self.ports.config.relay.secret.expose(), session, generation)
    }

    /// Where one egress publishes.
    pub(super) fn ingest_url(&self, session: &SessionId, generation: Generation) -> String {
        format!("{}/{session}.{generation}.{}", self.ports.config.relay.ingest_url, self.publish_token(session, generation))
    }
}

/// Whether the relay knows the session with these destinations: neither fewer, nor one that was removed and is still connected.
pub(super) fn is_put(report: &SessionReport, session: &Session, keyless: &[Keyless]) -> bool {
    let over = |state: &DestinationState| matches!(state, DestinationState::Finished { .. } | DestinationState::Failed { .. });
    let wanted = |id: &DestinationId| session.destinations.iter().any(|of| &of.id == id);
    let known = |id: &DestinationId| report.destinations.iter().any(|of| &of.id == id) || keyless.iter().any(|of| &of.id == id);
    report.session_id == session.id
        && session.destinations.iter().all(|of| known(&of.id))
        && report.destinations.iter().all(|of| wanted(&of.id) || over(&of.state))
}
