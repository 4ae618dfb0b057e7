//! What is set up for the next stream. It outlives a stream, so that nobody has to set it up again.

use super::destination_picker::DestinationChoice;
use crate::{
    api::sessions::StudioSetup,
    domain::{
        overlay::{OverlayPatch, OverlaySettings},
        video::{VideoFormat, VideoPreset},
    },
    rpc::sessions::load_setup,
};
use leptos::{prelude::*, task::spawn_local};

#[derive(Clone, Copy)]
pub struct SessionDraft {
    /// What every stream begins with, as the server knows it.
    pub setup: RwSignal<StudioSetup>,
    pub destinations: DestinationChoice,
    pub title: RwSignal<String>,
    /// Differences from the default overlay.
    pub patch: RwSignal<OverlayPatch>,
    /// Resolution and frame rate; the server's default until chosen.
    pub preset: RwSignal<Option<VideoPreset>>,
}

impl SessionDraft {
    pub fn new(setup: StudioSetup) -> Self {
        let setup = RwSignal::new(setup);
        Self {
            setup,
            destinations: DestinationChoice::new(setup),
            title: RwSignal::default(),
            patch: RwSignal::default(),
            preset: RwSignal::new(None),
        }
    }

    /// Asks the server again: a stream may have saved destinations.
    pub fn refresh(self) {
        spawn_local(async move {
            if let Ok(setup) = load_setup().await {
                // The page may have been left meanwhile.
                let _ = self.setup.try_set(setup);
            }
        });
    }

    pub fn overlay(self) -> OverlaySettings {
        self.setup.with(|setup| self.patch.with(|patch| patch.apply(&setup.overlay)))
    }

    pub fn video(self) -> VideoFormat {
        self.preset.get().map_or_else(|| self.setup.with(|setup| setup.video), VideoPreset::format)
    }
}
