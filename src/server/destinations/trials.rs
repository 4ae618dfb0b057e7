//! Destinations tried before a session: checked as for a start, then connected to by the relay, from where the stream will be sent.
//! Nothing is published, so whether the key is accepted stays open.

use super::{Destinations, MOST_DESTINATIONS, too_many};
use crate::{
    api::{
        destination_test::DestinationTest,
        relay_control::{ConnectionTrial, TrialResult},
        sessions::{ConnectionTest, DestinationInput, PreflightResult},
    },
    domain::{
        destination::{Destination, Platform, StreamKey},
        ids::{AgentId, DestinationId},
    },
    server::{
        accounts::ownership::owner_named,
        auth::caller::Caller,
        error::{StudioError, StudioResult},
        store::SavedDestination,
    },
};
use futures::future::{join, join_all};
use std::time::Duration;

/// Of one destination, with the look-up of its name. The relay gives up a second earlier, and says where it stood.
const TRY_TIMEOUT: Duration = Duration::from_secs(6);

/// What is found out of a destination: the result and a sentence.
type Finding = (PreflightResult, String);

impl Destinations {
    /// Tries saved destinations of the caller or one of their agents, then typed ones.
    ///
    /// # Errors
    /// There are too many, the agent is not theirs, or too many others are being tried.
    pub async fn test_all(
        &self,
        caller: &Caller,
        agent: Option<&AgentId>,
        saved: &[DestinationId],
        typed: Vec<DestinationInput>,
    ) -> StudioResult<Vec<DestinationTest>> {
        if saved.len() + typed.len() > MOST_DESTINATIONS {
            return Err(too_many());
        }
        let owner = owner_named(&*self.ports.store, caller, agent).await?;
        let usable = if saved.is_empty() { Vec::new() } else { self.usable(&owner, &caller.user.id).await? };
        let _permit = self.tests.enter().await?;
        let saved = saved.iter().map(|id| (id.clone(), usable.iter().find(|one| &one.destination.id == id).cloned())).collect::<Vec<_>>();
        let saved = join_all(saved.into_iter().map(|(id, found)| self.test_chosen(id, found)));
        let typed = join_all(typed.into_iter().map(|typed| self.test_typed(typed)));
        let (saved, typed) = join(saved, typed).await;
        Ok(saved.into_iter().chain(typed).collect())
    }

    /// Tries one saved destination of the caller or of their agents.
    ///
    /// # Errors
    /// It is not the caller's, or too many others are being tried.
    pub async fn test(&self, caller: &Caller, id: &DestinationId) -> StudioResult<ConnectionTest> {
        let saved = self.own_destination(caller, id).await?;
        let _permit = self.tests.enter().await?;
        let DestinationTest { result, note, .. } = self.test_saved(&saved).await;
        Ok(ConnectionTest { reached: result == PreflightResult::Pass, note })
    }

    async fn test_chosen(&self, id: DestinationId, found: Option<SavedDestination>) -> DestinationTest {
        let Some(found) = found else {
            let finding = (PreflightResult::Fail, "It is not saved any more. Choose another one.".to_owned());
            return result_of(Some(id), "A saved destination".to_owned(), Platform::Custom, finding);
        };
        self.test_saved(&found).await
    }

    async fn test_saved(&self, saved: &SavedDestination) -> DestinationTest {
        let SavedDestination { owner, destination, key, .. } = saved;
        let finding = match self.ports.vault.open(owner, &destination.id, key) {
            Ok(key) => {
                let work = async {
                    self.check_address(destination).await?;
                    Ok(self.connect(destination, key).await)
                };
                in_time(work).await
            }
            Err(error) => (PreflightResult::Fail, format!("Its stream key does not open ({error}). Save it again with its key.")),
        };
        result_of(Some(destination.id.clone()), destination.label().to_owned(), destination.platform, finding)
    }

    async fn test_typed(&self, typed: DestinationInput) -> DestinationTest {
        let typed = typed.separated();
        let label = typed.save_as.clone().filter(|name| !name.trim().is_empty()).unwrap_or_else(|| typed.platform.label().to_owned());
        let finding = in_time(async {
            let destination = self.validated(self.ports.new_id(), &typed).await?;
            Ok(self.connect(&destination, typed.stream_key.clone()).await)
        });
        result_of(None, label, typed.platform, finding.await)
    }

    async fn connect(&self, destination: &Destination, stream_key: StreamKey) -> Finding {
        let Some(address) = destination.address.clone() else {
            return (PreflightResult::Pass, "A rehearsal is always reached.".to_owned());
        };
        let host = host_of(&address).to_owned();
        match self.ports.relay.test(&ConnectionTrial { address, stream_key }).await {
            Ok(TrialResult::Connected) => {
                (PreflightResult::Pass, "The server answers. Whether it accepts the key is known when a stream starts.".to_owned())
            }
            Ok(TrialResult::Doubtful { reason }) => {
                (PreflightResult::Warn, format!("{host}: {reason}. Try again; a stream keeps trying for some minutes."))
            }
            Ok(TrialResult::Refused { reason }) => (PreflightResult::Fail, format!("{host}: {reason}.")),
            Err(error) => {
                tracing::warn!(%error, "a destination could not be tried");
                (PreflightResult::Warn, "It could not be tried, because the relay does not answer or is busy. Try again.".to_owned())
            }
        }
    }
}

/// What came of the work, a refusal of it, or that it took too long.
async fn in_time(work: impl Future<Output = StudioResult<Finding>>) -> Finding {
    match tokio::time::timeout(TRY_TIMEOUT, work).await {
        Ok(Ok(finding)) => finding,
        Ok(Err(StudioError::Refused(error))) => (PreflightResult::Fail, error.message),
        Ok(Err(error)) => (PreflightResult::Warn, error.into_api_error().message),
        Err(_) => {
            let message = format!("It did not answer within {} s. Check the address, or try again.", TRY_TIMEOUT.as_secs());
            (PreflightResult::Warn, message)
        }
    }
}

fn result_of(id: Option<DestinationId>, label: String, platform: Platform, (result, note): Finding) -> DestinationTest {
    DestinationTest { id, label, platform, result, note }
}

/// The host and port of an address, which holds no secret.
fn host_of(address: &str) -> &str {
    let (_, rest) = address.split_once("://").unwrap_or(("", address));
    rest.split('/').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_host_and_port_are_named() {
        assert_eq!(host_of("rtmps://live.example:443/app/secret?key=1"), "live.example:443");
        assert_eq!(host_of("rtmp://[2001:db8::1]:1935/live"), "[2001:db8::1]:1935");
    }
}
