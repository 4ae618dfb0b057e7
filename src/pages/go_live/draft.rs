//! What is set up for the next stream. It outlives a stream, so that nobody has to set it up again.

use super::destination_picker::DestinationChoice;
use crate::domain::{overlay::OverlayPatch, video::VideoPreset};
use leptos::prelude::*;

#[derive(Clone, Copy)]
pub struct SessionDraft {
    pub destinations: DestinationChoice,
    pub title: RwSignal<String>,
    /// Differences from the default overlay.
    pub patch: RwSignal<OverlayPatch>,
    /// Resolution and frame rate; the server's default until chosen.
    pub preset: RwSignal<Option<VideoPreset>>,
}

impl SessionDraft {
    pub fn new() -> Self {
        Self { destinations: DestinationChoice::new(), title: RwSignal::default(), patch: RwSignal::default(), preset: RwSignal::new(None) }
    }
}
