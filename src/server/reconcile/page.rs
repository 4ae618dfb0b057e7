//! The page that an egress opens. Its address names deployment, session and generation, by which an egress is found again in
//! LiveKit's list after any crash: a web egress carries no other mark.

use super::Reconciler;
use crate::{
    domain::{
        ids::{Generation, SessionId},
        session::Session,
    },
    server::{
        auth::overlay as tokens,
        error::{StudioError, StudioResult},
        livekit::EgressRequest,
        store::OverlayGrant,
    },
};
use url::Url;

impl Reconciler {
    /// What an egress of this generation is started with. Its overlay token is minted here: once for each generation.
    pub(super) async fn egress_request(&self, session: &Session, generation: Generation) -> StudioResult<EgressRequest> {
        let token = self.mint_overlay_token(session, generation).await?;
        Ok(EgressRequest {
            page_url: self.page_url(&session.id, generation, &token),
            output_url: self.ingest_url(&session.id, generation),
            video: session.video,
        })
    }

    async fn mint_overlay_token(&self, session: &Session, generation: Generation) -> StudioResult<String> {
        let minted = tokens::mint(session, generation, self.ports.config.jwt_secret.expose(), self.ports.now());
        let (token, claims) = minted.map_err(|error| StudioError::Internal(error.to_string()))?;
        let grant = OverlayGrant { id: claims.jti, session: session.id.clone(), generation, revoked: false };
        self.ports.store.insert_overlay_grant(&grant).await?;
        Ok(token)
    }

    fn page_url(&self, session: &SessionId, generation: Generation, token: &str) -> String {
        format!(
            "{}/stream/overlay?sessionId={session}&generation={generation}&deployment={}&token={token}",
            self.ports.config.overlay_url,
            self.ports.config.deployment()
        )
    }

    /// The session and generation behind an egress's page, if it is one of this deployment's.
    pub(in crate::server) fn session_of_page(&self, page_url: &str) -> Option<(SessionId, Generation)> {
        let url = Url::parse(page_url).ok()?;
        let of = |name: &str| url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        (of("deployment")? == self.ports.config.deployment()).then_some(())?;
        Some((of("sessionId")?.parse().ok()?, Generation(of("generation")?.parse().ok()?)))
    }
}
