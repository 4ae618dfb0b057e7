//! What the page for going live begins with: the caller's running session, or the choices of the next one.

use super::Sessions;
use crate::{
    api::sessions::StudioSetup,
    domain::overlay::OverlaySettings,
    server::{auth::caller::Caller, error::StudioResult},
};

impl Sessions {
    /// The caller's running session, and what their next one begins with.
    ///
    /// # Errors
    /// The store failed.
    pub async fn setup(&self, caller: &Caller) -> StudioResult<StudioSetup> {
        let video = self.ports.config.video;
        Ok(StudioSetup {
            session: self.running(caller).await?,
            overlay: self.ports.store.defaults(&caller.owner()).await?.overlay.apply(&OverlaySettings::for_user()),
            saved: self.destinations.mine(caller).await?,
            video: video.format,
            video_note: video.small_machine.then(|| "This machine has fewer than 4 cores, so 720p is the default.".to_owned()),
        })
    }
}
