//! A preview with sample data, fixed in time: no room, no feed, no clock.

use super::{initial_state, inputs};
use crate::{
    api::overlay::OverlaySnapshot,
    components::scene_view::{DataLayers, SceneView},
};
use leptos::prelude::*;

#[component]
#[expect(clippy::needless_pass_by_value, reason = "a component owns its props")]
pub fn Still(
    snapshot: OverlaySnapshot,
    /// Before the ids of its two video elements.
    #[prop(into)]
    id_prefix: String,
) -> impl IntoView {
    let scene = initial_state(&snapshot).scene(&inputs(&snapshot), snapshot.now);
    view! { <SceneView scene=Signal::stored(scene) id_prefix sample_media=true data=Some(DataLayers::all())/> }
}
