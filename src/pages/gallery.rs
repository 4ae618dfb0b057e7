//! Everything that can be on the picture, made up and side by side, under one's own settings: to choose by, and to develop by.

use super::layout::load_error;
use crate::{
    api::overlay::{OverlaySnapshot, PreviewSnapshot},
    components::{
        appearance_options::{AppearanceOptions, WebcamOptions},
        badge::Badge,
        choice_row::ChoiceRow,
        notice::{ErrorNotice, Loading},
        on_air_light::OnAirLight,
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
    let wish = RwSignal::new(OverlayPatch::default());
    let portrait = RwSignal::new(false);
    let previews = Resource::new_blocking(move || wish.get(), load_previews);
    let settings = Signal::derive(move || wish.with(|wish| wish.apply(&OverlaySettings::for_user())));
    let on_change = Callback::new(move |change: OverlayPatch| wish.update(|wish| *wish = wish.and(&change)));
    view! {
        <Title text="Every scene"/>
        <main class="page gallery" id="content">
            <div class="page-top">
                <h1>"Every scene"</h1>
                <p class="quiet">"Made-up shows under your own settings. Nothing is recorded, and what you choose here is not kept."</p>
            </div>
            <section class="panel" aria-label="Settings">
                <ChoiceRow
                    label="Colours"
                    choices=vec![(Theme::Dark, "House lights down"), (Theme::Light, "House lights up")]
                    selected=Signal::derive(move || Some(settings.with(|settings| settings.theme)))
                    on_select=move |theme| on_change.run(OverlayPatch { theme: Some(theme), ..OverlayPatch::default() })
                />
                <ChoiceRow
                    label="Picture"
                    choices=vec![(false, "Wide"), (true, "Portrait")]
                    selected=Signal::derive(move || Some(portrait.get()))
                    on_select=move |upright| portrait.set(upright)
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

/// One made-up show; its name opens it alone, as large as the window.
#[component]
fn Frame(preview: PreviewSnapshot) -> impl IntoView {
    let PreviewSnapshot { name, label, snapshot: stage } = preview;
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

/// What pages are made of, in each of its states.
#[component]
fn Parts() -> impl IntoView {
    let lights = [("wait", "Starting"), ("live", "ON AIR"), ("rehearsal", "REHEARSAL"), ("bad", "No destination takes the show")];
    let lights = lights.map(|(kind, words)| view! { <OnAirLight kind=Signal::stored(kind) text=Signal::stored(words.to_owned())/> });
    let badges = ["live", "ok", "warn", "bad", "quiet"].map(|kind| view! { <Badge kind text=kind/> });
    view! {
        <section class="gallery-parts" aria-labelledby="parts-title">
            <h2 class="section" id="parts-title">"Lights, badges, notices"</h2>
            <div class="gallery-row">{lights.collect_view()}</div>
            <div class="gallery-row">{badges.collect_view()}</div>
            <ErrorNotice message="A sentence that says what was wrong, and what to do." on_retry=Callback::new(|()| ())/>
            <Loading/>
        </section>
    }
}
