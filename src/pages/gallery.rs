//! Every scene of the overlay with sample data, under one's own settings.

use super::layout::load_error;
use crate::{
    api::overlay::{OverlaySnapshot, PreviewSnapshot},
    components::{
        appearance_options::{AppearanceOptions, WebcamOptions},
        badge::{Badge, Tone},
        choice_row::ChoiceRow,
        notice::{ErrorNotice, Loading},
        on_air_light::{LightState, OnAirLight},
    },
    composite::still::Still,
    domain::overlay::{OverlayPatch, OverlaySettings, Theme},
    rpc::overlay::load_previews,
};
use leptos::prelude::*;
use leptos_meta::Title;

/// `/gallery`
#[component]
pub fn Gallery() -> AnyView {
    let patch = RwSignal::new(OverlayPatch::default());
    let portrait = RwSignal::new(false);
    let previews = Resource::new_blocking(move || patch.get(), load_previews);
    let settings = Signal::derive(move || patch.with(|patch| patch.apply(&OverlaySettings::for_user())));
    let on_change = Callback::new(move |change: OverlayPatch| patch.update(|patch| *patch = patch.and(&change)));
    view! {
        <Title text="Overlay gallery"/>
        <main class="page gallery" id="content">
            <div class="page-top">
                <h1>"Overlay gallery"</h1>
                <p class="quiet">"Every scene with sample data. Nothing is recorded, and what you choose here is not saved."</p>
            </div>
            <section class="panel" aria-label="Settings">
                <ChoiceRow
                    label="Theme"
                    choices=vec![(Theme::Dark, "Dark"), (Theme::Light, "Light")]
                    selected=Signal::derive(move || Some(settings.with(|settings| settings.theme)))
                    on_select=move |theme| on_change.run(OverlayPatch { theme: Some(theme), ..OverlayPatch::default() })
                />
                <ChoiceRow
                    label="Format"
                    choices=vec![(false, "Landscape"), (true, "Portrait")]
                    selected=Signal::derive(move || Some(portrait.get()))
                    on_select=move |on| portrait.set(on)
                />
                <WebcamOptions settings on_change/>
                <AppearanceOptions settings on_change/>
            </section>
            <Transition fallback=|| view! { <Loading/> }>
                {move || {
                    previews.get().map(|answer| match answer {
                        Err(error) => load_error(error, Callback::new(move |()| previews.refetch())),
                        Ok(all) => {
                            let shape = move || if portrait.get() { "portrait" } else { "wide" };
                            let frames = all.into_iter().map(|preview| view! { <Frame preview/> }).collect_view();
                            view! { <ul class="gallery-frames" data-shape=shape>{frames}</ul> }.into_any()
                        }
                    })
                }}
            </Transition>
            <Parts/>
        </main>
    }
    .into_any()
}

/// One scene; its name opens it in a tab of its own.
#[component]
fn Frame(preview: PreviewSnapshot) -> impl IntoView {
    let PreviewSnapshot { name, label, snapshot } = preview;
    let OverlaySnapshot { settings, .. } = &snapshot;
    let look = settings.appearance();
    let address = format!(
        "/stream/overlay?preview={name}&theme={}&accent={}&motion={}&pipCorner={}&pipSize={}&pipShape={}&pipBorder={}",
        look.theme.name(),
        look.accent.name(),
        look.motion.name(),
        look.pip_corner.name(),
        look.pip_size.name(),
        look.pip_shape.name(),
        look.pip_border
    );
    view! {
        <li>
            <div class="gallery-box" inert=true><Still snapshot id_prefix=format!("{name}-")/></div>
            <a href=address target="_blank" rel="noopener">{label}</a>
        </li>
    }
}

/// The components of pages in each of their states.
#[component]
fn Parts() -> impl IntoView {
    let lights = [
        (LightState::Waiting, "Starting…"),
        (LightState::OnAir, "ON AIR"),
        (LightState::Rehearsal, "REHEARSAL"),
        (LightState::Interrupted, "Off air: no destination receives the stream"),
    ];
    let lights = lights.map(|(state, text)| view! { <OnAirLight state=Signal::stored(state) text=Signal::stored(text.to_owned())/> });
    let badges = Tone::ALL.map(|tone| view! { <Badge tone=Signal::stored(tone) text=Signal::stored(tone.name().to_owned())/> });
    view! {
        <section class="gallery-parts" aria-labelledby="parts-title">
            <h2 class="section" id="parts-title">"Status lights, badges, notices"</h2>
            <div class="gallery-row">{lights.collect_view()}</div>
            <div class="gallery-row">{badges.collect_view()}</div>
            <ErrorNotice message="What went wrong, and what to do." on_retry=Callback::new(|()| ())/>
            <Loading/>
        </section>
    }
}
