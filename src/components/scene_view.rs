//! The composite as viewers see it: the same markup in the overlay and in the previews. It draws a `SceneModel` and owns two
//! video elements, to which the bridge attaches streams.

mod lower_thirds;
mod placeholder;
mod tickers;

use crate::domain::{
    overlay::{Layout, Webcam},
    overlay_state::SceneModel,
};
use leptos::prelude::*;
use lower_thirds::{AlertCard, InfoBar, ScoreBar, StatPills};
use placeholder::Placeholder;
use tickers::{DecisionPanel, Ticker};

/// The layers of live data on top of the video. The preview before a stream has none. They are callbacks and not functions,
/// because the compiler would put functions into every program.
#[derive(Debug, Clone, Copy)]
pub struct DataLayers {
    /// Beside the name, along the upper edge.
    beside: Callback<Signal<SceneModel>, AnyView>,
    /// On top of the video.
    over: Callback<Signal<SceneModel>, AnyView>,
}

impl DataLayers {
    pub fn all() -> Self {
        let beside = Callback::new(|scene| view! { <ScoreBar scene/> }.into_any());
        Self { beside, over: Callback::new(|scene| view! { <Over scene/> }.into_any()) }
    }
}

#[component]
fn Over(scene: Signal<SceneModel>) -> impl IntoView {
    let lines = Memo::new(move |_| scene.with(|scene| scene.ticker.clone()));
    let decisions = Memo::new(move |_| scene.with(|scene| scene.decisions.clone()));
    view! {
        <StatPills scene/>
        <DecisionPanel decisions/>
        <AlertCard scene/>
        <Ticker lines/>
    }
}

/// The scene, sized by its container. `{id_prefix}screen-video` and `{id_prefix}camera-video` are always in the document;
/// layouts only show and hide them, so that a track never has to be attached again.
#[component]
#[expect(clippy::needless_pass_by_value, reason = "a component owns its props")]
pub fn SceneView(
    #[prop(into)] scene: Signal<SceneModel>,
    /// Before the ids of the two video elements; empty on the overlay itself.
    #[prop(into)]
    id_prefix: String,
    /// Sample pictures instead of video, for previews.
    #[prop(optional)]
    sample_media: bool,
    #[prop(optional_no_strip)] data: Option<DataLayers>,
) -> impl IntoView {
    let look = Memo::new(move |_| scene.with(|scene| scene.appearance));
    let poster = |file: &'static str| sample_media.then(|| format!("/preview/{file}.svg"));
    let layout = Memo::new(move |_| scene.with(|scene| scene.layout));
    let face = Memo::new(move |_| scene.with(|scene| (initial(&scene.name), scene.avatar.clone())));
    let busy = move || if scene.with(|scene| scene.ticker.is_empty()) { "no" } else { "yes" };
    view! {
        <div
            class="scene"
            data-theme=move || look.get().theme.name()
            data-accent=move || look.get().accent.name()
            data-motion=move || look.get().motion.name()
            data-layout=move || layout_name(layout.get())
            data-webcam=move || scene.with(|scene| webcam(scene.webcam))
            data-corner=move || look.get().pip_corner.name()
            data-size=move || look.get().pip_size.name()
            data-shape=move || look.get().pip_shape.name()
            data-border=move || if look.get().pip_border { "yes" } else { "no" }
            data-ticker=busy
        >
            <video class="scene-screen" id=format!("{id_prefix}screen-video") poster=poster("screen") autoplay playsinline muted prop:muted=true></video>
            <div class="scene-webcam">
                <video class="scene-camera" id=format!("{id_prefix}camera-video") poster=poster("camera") autoplay playsinline muted prop:muted=true></video>
                <span class="scene-initial" aria-hidden="true">{move || face_view(face.get())}</span>
            </div>
            <Placeholder scene/>
            <div class="scene-top">
                <InfoBar scene face/>
                {data.map(|data| data.beside.run(scene))}
            </div>
            {data.map(|data| data.over.run(scene))}
        </div>
    }
}

/// The avatar, else the name's first letter.
fn face_view((initial, avatar): (String, Option<String>)) -> AnyView {
    match avatar {
        Some(address) => view! { <img class="scene-avatar" src=address alt=""/> }.into_any(),
        None => initial.into_any(),
    }
}

fn initial(name: &str) -> String {
    name.trim().chars().next().map(|first| first.to_uppercase().collect()).unwrap_or_default()
}

const fn layout_name(layout: Layout) -> &'static str {
    match layout {
        Layout::Screen => "screen",
        Layout::Camera => "camera",
        Layout::DataOnly => "data-only",
        Layout::StartingSoon => "starting-soon",
        Layout::MatchOver => "match-over",
        Layout::BeRightBack => "be-right-back",
        Layout::Reconnecting => "reconnecting",
        Layout::Ending => "ending",
    }
}

const fn webcam(webcam: Webcam) -> &'static str {
    match webcam {
        Webcam::Hidden => "hidden",
        Webcam::Video => "video",
        Webcam::Avatar => "avatar",
    }
}
