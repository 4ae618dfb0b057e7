//! The scenes that a host switches between.

use crate::{
    components::choice_row::ChoiceRow,
    domain::overlay::{OverlayPatch, OverlaySettings, Scene},
};
use leptos::prelude::*;

/// In the order of buttons and keys.
pub const SCENES: [(Scene, &str); 4] =
    [(Scene::StartingSoon, "Starting soon"), (Scene::Live, "Live"), (Scene::BeRightBack, "Be right back"), (Scene::Ending, "Ending")];

#[component]
pub fn SceneSwitch(#[prop(into)] settings: Signal<OverlaySettings>, #[prop(into)] on_change: Callback<OverlayPatch>) -> impl IntoView {
    view! {
        <ChoiceRow
            label="Scene"
            choices=&SCENES
            selected=Signal::derive(move || Some(settings.with(|settings| settings.scene.unwrap_or(Scene::Live))))
            on_select=move |scene| on_change.run(OverlayPatch { scene: Some(scene), ..OverlayPatch::default() })
        />
    }
}
