//! A made-up show, held at its moment: nothing is joined, nothing arrives, nothing ticks.

use super::{programme, so_far};
use crate::{
    api::overlay::OverlayStage,
    components::scene_view::{DataLayers, SceneView},
};
use leptos::prelude::*;

/// The picture in its box.
#[component]
#[expect(clippy::needless_pass_by_value, reason = "a component owns its props")]
pub fn Still(
    /// What is on it.
    stage: OverlayStage,
    /// Before the ids of its two video elements.
    #[prop(into)]
    id_prefix: String,
) -> impl IntoView {
    let scene = so_far(&stage).scene(&programme(&stage), stage.now);
    view! { <SceneView scene=Signal::stored(scene) id_prefix stand_ins=true data=Some(DataLayers::all())/> }
}
