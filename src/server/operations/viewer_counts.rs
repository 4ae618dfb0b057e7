//! How many watch: asked of the platforms now and then, for all running sessions together, and stored with each session, so that
//! every replica tells the same and the most survives. A service that refuses or is busy is left alone for longer and longer.

use crate::{
    api::error::ApiError,
    domain::{
        audit::AuditAction,
        destination::Platform,
        ids::{DestinationId, SessionId},
        session::{Actor, Session, SessionState},
    },
    server::{
        accounts::audit::AuditLog,
        auth::origin::Origin,
        error::{StudioError, StudioResult, chain},
        metrics,
        ports::Ports,
        registry::{Change, SessionRegistry},
        viewers::{Credential, ViewerCountError, ViewerCounter},
    },
};
use std::{collections::BTreeSet, sync::Arc, time::Duration};

/// Between two rounds of a service that answers.
const PAUSE: Duration = Duration::from_secs(45);
/// Between two rounds of one that does not, at most.
const LONGEST_PAUSE: Duration = Duration::from_mins(15);
/// One replica asks a service at a time; one that dies hands over within this.
const LEASE: Duration = Duration::from_secs(120);

/// How a round went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Round {
    /// No channels, no credentials, or another replica counts.
    Idle,
    /// Counted for this many destinations.
    Counted(usize),
    /// The service failed.
    Failed(ViewerCountError),
}

/// How long to wait after a round, and how many have failed in a row now.
pub fn pause_after(round: &Round, failures: u32) -> (Duration, u32) {
    let Round::Failed(error) = round else { return (PAUSE, 0) };
    let doubled = PAUSE.saturating_mul(1 << failures.min(8)).min(LONGEST_PAUSE);
    let wished = match error {
        ViewerCountError::Busy(wait) => wait.unwrap_or_default(),
        ViewerCountError::Refused(_) | ViewerCountError::Unavailable(_) => Duration::ZERO,
    };
    (doubled.max(wished), failures.saturating_add(1))
}

/// How many watch. Cheap to clone.
#[derive(Clone)]
pub struct ViewerCounts {
    ports: Arc<Ports>,
    registry: SessionRegistry,
    audit: AuditLog,
}

impl ViewerCounts {
    pub const fn new(ports: Arc<Ports>, registry: SessionRegistry, audit: AuditLog) -> Self {
        Self { ports, registry, audit }
    }

    /// Polls every service in a task of its own until the process ends.
    pub fn run(&self) {
        for service in self.ports.viewers.iter().cloned() {
            let counts = self.clone();
            tokio::spawn(async move { counts.run_service(service).await });
        }
    }

    async fn run_service(&self, service: Arc<dyn ViewerCounter>) {
        let (mut pause, mut failures) = (PAUSE, 0);
        loop {
            tokio::time::sleep(pause).await;
            match self.count(&*service).await {
                Ok(round) => {
                    (pause, failures) = pause_after(&round, failures);
                    if let Round::Failed(error) = round {
                        let (platform, seconds) = (service.platform().name(), pause.as_secs());
                        tracing::warn!(platform, %error, failures, again_in_s = seconds, "viewers could not be counted");
                    }
                }
                Err(error) => tracing::warn!(error = %chain(&error), "counted viewers could not be stored"),
            }
        }
    }

    /// One round: all channels of a service, for every session that is live there.
    ///
    /// # Errors
    /// The store failed.
    pub async fn count(&self, service: &dyn ViewerCounter) -> StudioResult<Round> {
        let platform = service.platform();
        let sessions: Vec<Session> = self.ports.store.active_sessions().await?.into_iter().filter(is_live).collect();
        let channels: BTreeSet<&str> =
            sessions.iter().flat_map(|session| destinations_on(session, platform)).map(|(_, channel)| channel).collect();
        if channels.is_empty() || !self.claims_counting(platform).await? {
            return Ok(Round::Idle);
        }
        let Some(credential) = self.credential(platform).await? else { return Ok(Round::Idle) };
        let channels: Vec<String> = channels.into_iter().map(str::to_owned).collect();
        let counted = service.viewers(&credential, &channels).await;
        metrics::viewers_asked(platform.name(), counted.is_ok());
        let counted = match counted {
            Ok(counted) => counted,
            Err(error) => return Ok(Round::Failed(error)),
        };
        let mut count = 0;
        for session in &sessions {
            let counts: Vec<(DestinationId, u64)> = destinations_on(session, platform)
                .filter_map(|(id, channel)| Some((id.clone(), counted.iter().find(|(of, _)| of == channel)?.1)))
                .collect();
            if !counts.is_empty() {
                count += counts.len();
                self.store_counts(&session.id, &counts).await?;
            }
        }
        Ok(Round::Counted(count))
    }

    async fn store_counts(&self, id: &SessionId, counts: &[(DestinationId, u64)]) -> StudioResult<()> {
        let at = self.ports.now();
        let with_counts = |session: &Session| {
            is_live(session)
                .then(|| Change { session: Session { viewers: session.viewers.with_counts(counts, at), ..session.clone() }, what: None })
        };
        self.registry.change(id, Actor::Studio, with_counts).await.map(drop)
    }

    async fn claims_counting(&self, platform: Platform) -> StudioResult<bool> {
        let id = format!("viewers-{}", platform.name()).parse().map_err(|_| StudioError::Internal("a service has no name".into()))?;
        Ok(self.ports.store.claim_lease(&id, &self.ports.config.replica, LEASE).await?)
    }

    /// The credential for a service; `None` if it cannot be opened.
    async fn credential(&self, platform: Platform) -> StudioResult<Option<Credential>> {
        let Some(sealed) = self.ports.store.credential(platform.name()).await? else { return Ok(None) };
        match self.ports.vault.open_credential(platform, &sealed) {
            Ok(credential) => Ok(Some(credential)),
            Err(error) => {
                tracing::warn!(platform = platform.name(), %error, "the credentials for counting viewers do not open");
                Ok(None)
            }
        }
    }

    /// Seals what a service is asked with, after it was tried; an empty secret forgets what was kept. Answers in words.
    ///
    /// # Errors
    /// The platform reports no viewers, something is missing, or the service refuses the credentials: then nothing changes.
    pub async fn set_credential(&self, platform: Platform, credential: &Credential) -> StudioResult<String> {
        let Some(service) = self.ports.viewers.iter().find(|service| service.platform() == platform) else {
            return Err(ApiError::invalid("platform", "Viewers are counted on Twitch and YouTube only.").into());
        };
        let label = platform.label();
        if credential.secret.is_empty() {
            self.ports.store.set_credential(platform.name(), None).await?;
            self.audit.record(AuditAction::CredentialSet, None, &format!("{label}: forgotten"), &Origin::default()).await;
            return Ok(format!("Viewers on {label} are not counted any more."));
        }
        if platform == Platform::Twitch && credential.id.is_empty() {
            return Err(ApiError::invalid("id", "Twitch needs the application's client id: add --client-id.").into());
        }
        let tried = match service.check(credential).await {
            Ok(()) => format!("{label} takes them."),
            Err(ViewerCountError::Refused(why)) => {
                return Err(ApiError::invalid("secret", format!("{}. Nothing was kept.", why.trim_end_matches('.'))).into());
            }
            Err(other) => format!("{label} could not be asked now ({other}); they are used when it can."),
        };
        let sealed = self.ports.vault.seal_credential(platform, credential).map_err(|error| StudioError::Internal(error.to_string()))?;
        self.ports.store.set_credential(platform.name(), Some(&sealed)).await?;
        self.audit.record(AuditAction::CredentialSet, None, label, &Origin::default()).await;
        Ok(format!("The credentials are sealed and kept. {tried}"))
    }
}

fn is_live(session: &Session) -> bool {
    matches!(session.state, SessionState::Live { .. })
}

/// The destinations on a platform whose channel is known.
fn destinations_on(session: &Session, platform: Platform) -> impl Iterator<Item = (&DestinationId, &str)> {
    let on_it = session.destinations.iter().filter(move |of| of.platform == platform);
    on_it.filter_map(|of| Some((&of.id, of.channel.as_deref()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_that_fails_is_left_alone_for_longer_and_longer() {
        let failed = Round::Failed(ViewerCountError::Unavailable("no answer".into()));
        let (mut failures, mut pauses) = (0, Vec::new());
        for _ in 0..7 {
            let (pause, count) = pause_after(&failed, failures);
            failures = count;
            pauses.push(pause.as_secs());
        }
        assert_eq!(pauses, [45, 90, 180, 360, 720, 900, 900]);
        assert_eq!(pause_after(&Round::Counted(1), failures), (PAUSE, 0));
        let busy = |wait| Round::Failed(ViewerCountError::Busy(wait));
        assert_eq!(pause_after(&busy(Some(Duration::from_secs(3600))), 0).0.as_secs(), 3600, "it said for how long");
        assert_eq!(pause_after(&busy(Some(Duration::from_secs(1))), 3).0.as_secs(), 360);
        assert_eq!(pause_after(&failed, u32::MAX).1, u32::MAX);
    }
}
