//! A made-up show, held at its moment: nothing is joined, nothing arrives, nothing ticks.

use super::{initial_state, inputs};
use crate::{
    api::overlay::OverlaySnapshot,
    components::scene_view::{DataLayers, SceneView},
};
use leptos::prelude::*;

/// The picture in its box.
#[component]
#[expect(clippy::needless_pass_by_value, reason = "a component owns its props")]
pub fn Still(
    /// What is on it.
    snapshot: OverlaySnapshot,
    /// Before the ids of its two video elements.
    #[prop(into)]
    id_prefix: String,
) -> impl IntoView {
    let scene = initial_state(&snapshot).scene(&inputs(&snapshot), snapshot.now);
    view! { <SceneView scene=Signal::stored(scene) id_prefix sample_media=true data=Some(DataLayers::all())/> }
}
