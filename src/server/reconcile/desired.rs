//! What the relay is to do for a session.

use super::Reconciler;
use crate::{
    api::relay_control::{DesiredDestination, DesiredIngest, DesiredSession, DesiredTarget},
    domain::{
        ids::{Generation, SessionId},
        session::Session,
    },
    server::error::{StudioError, StudioResult},
};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

impl Reconciler {
    /// Puts a session's desired state to the relay and takes the report that it answers with.
    pub(in crate::server) async fn put_relay(&self, session: &Session) -> StudioResult<()> {
        let report = self.ports.relay.put(&self.desired_state(session).await?).await?;
        self.handle_report(report).await;
        Ok(())
    }

    /// The desired state for the relay: the two latest egresses may publish, the destinations get the composite.
    pub(super) async fn desired_state(&self, session: &Session) -> StudioResult<DesiredSession> {
        let keys = self.ports.store.session_keys(&session.id).await?;
        let mut destinations = Vec::with_capacity(session.destinations.len());
        for of in &session.destinations {
            let target = match &of.address {
                None => DesiredTarget::Record,
                Some(address) => {
                    let (_, sealed) = keys
                        .iter()
                        .find(|(id, _)| id == &of.id)
                        .ok_or_else(|| StudioError::Internal(format!("destination {} has no key", of.id)))?;
                    let stream_key =
                        self.ports.vault.open(&session.owner, &of.id, sealed).map_err(|error| StudioError::Internal(error.to_string()))?;
                    DesiredTarget::Publish { address: address.clone(), stream_key }
                }
            };
            let accepted_before = session.results.iter().any(|result| result.id == of.id && result.uptime_ms > 0);
            destinations.push(DesiredDestination { id: of.id.clone(), label: of.label().to_owned(), accepted_before, target });
        }
        let generations = [session.generation.0.saturating_sub(1), session.generation.0];
        let ingests = generations.into_iter().filter(|number| *number > 0).map(Generation);
        Ok(DesiredSession {
            session_id: session.id.clone(),
            ingests: ingests.map(|generation| DesiredIngest { generation, token: self.publish_token(&session.id, generation) }).collect(),
            destinations,
            video: session.video,
            slate: self.ports.config.slate,
        })
    }

    /// The publish token of one egress: derived, so that it need not be stored.
    pub(super) fn publish_token(&self, session: &SessionId, generation: Generation) -> String {
        let secret = self.ports.config.relay.secret.expose();
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
        mac.update(format!("publish\n{session}\n{generation}").as_bytes());
        hex::encode(&mac.finalize().into_bytes()[..16])
    }

    /// Where one egress publishes.
    pub(super) fn ingest_url(&self, session: &SessionId, generation: Generation) -> String {
        format!("{}/{session}.{generation}.{}", self.ports.config.relay.ingest_url, self.publish_token(session, generation))
    }
}
