//! Every scene of the overlay with sample data, under one's own settings and those in the page's address. The page is a plain document;
//! its form puts settings into the address.

use super::layout::load_error;
use crate::{
    api::overlay::{OverlaySnapshot, PreviewSnapshot},
    components::{
        appearance_options::{ACCENTS, BORDERS, CORNERS, MOTIONS, SHAPES, SIZES},
        badge::{Badge, Tone},
        notice::{ErrorNotice, Loading},
        on_air_light::{LightState, OnAirLight},
    },
    composite::still::Still,
    domain::overlay::{Accent, Motion, OverlayPatch, PipCorner, PipShape, PipSize, Theme},
    rpc::overlay::load_previews,
};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

const THEMES: [(Theme, &str); 2] = [(Theme::Dark, "Dark"), (Theme::Light, "Light")];
const OWN: &str = "As in Settings";

/// `/gallery`, with settings in its query as `/stream/overlay?preview=…` takes them, and `?format=portrait`. A value that is not known is
/// as if it was not set.
#[component]
pub fn Gallery() -> AnyView {
    let query = use_query_map().get_untracked();
    let value = |name: &str| query.get(name).unwrap_or_default();
    let (theme, theme_field) = select("Theme", "theme", &value("theme"), OWN, &THEMES, Theme::name);
    let (portrait, format_field) = select("Format", "format", &value("format"), "Landscape", &[(true, "Portrait")], |_| "portrait");
    let (pip_corner, corner_field) = select("Webcam corner", "pipCorner", &value("pipCorner"), OWN, &CORNERS, PipCorner::name);
    let (pip_size, size_field) = select("Webcam size", "pipSize", &value("pipSize"), OWN, &SIZES, PipSize::name);
    let (pip_shape, shape_field) = select("Webcam shape", "pipShape", &value("pipShape"), OWN, &SHAPES, PipShape::name);
    let (pip_border, border_field) = select("Webcam border", "pipBorder", &value("pipBorder"), OWN, &BORDERS, border_name);
    let (accent, accent_field) = select("Accent colour", "accent", &value("accent"), OWN, &ACCENTS, Accent::name);
    let (motion, motion_field) = select("Animations", "motion", &value("motion"), OWN, &MOTIONS, Motion::name);
    let wish = OverlayPatch { theme, pip_corner, pip_size, pip_shape, pip_border, accent, motion, ..OverlayPatch::default() };
    let previews = Resource::new_blocking(move || wish.clone(), load_previews);
    let shape = if portrait.is_some() { "portrait" } else { "wide" };
    view! {
        <Title text="Overlay gallery"/>
        <main class="page gallery" id="content">
            <div class="page-top">
                <h1>"Overlay gallery"</h1>
                <p class="quiet">"Every scene with sample data. Nothing is recorded, and what you choose here is not saved."</p>
            </div>
            <form class="panel" method="get" action="/gallery" aria-label="Settings">
                {theme_field} {format_field} {accent_field} {motion_field} {corner_field} {size_field} {shape_field} {border_field}
                <button class="button" type="submit">"Apply"</button>
            </form>
            <Suspense fallback=|| view! { <Loading/> }>
                {move || {
                    previews.get().map(|answer| match answer {
                        Err(error) => load_error(error, Callback::new(move |()| previews.refetch())),
                        Ok(all) => {
                            let frames = all.into_iter().map(|preview| view! { <Frame preview/> }).collect_view();
                            view! { <ul class="gallery-frames" data-shape=shape>{frames}</ul> }.into_any()
                        }
                    })
                }}
            </Suspense>
            <Parts/>
        </main>
    }
    .into_any()
}

/// The choice that `value` names, and a field of the form in which it is selected. The first option, with the text `none`, is no choice.
fn select<T: Copy + PartialEq + 'static>(
    label: &'static str,
    field: &'static str,
    value: &str,
    none: &'static str,
    choices: &'static [(T, &'static str)],
    name_of: fn(T) -> &'static str,
) -> (Option<T>, AnyView) {
    let chosen = choices.iter().map(|(choice, _)| *choice).find(|choice| name_of(*choice) == value);
    let options = choices.iter().map(|(choice, text)| {
        view! { <option value=name_of(*choice) selected=chosen == Some(*choice)>{*text}</option> }
    });
    let options = options.collect_view();
    let view = view! {
        <label class="field">
            <span>{label}</span>
            <select class="input" name=field><option value="">{none}</option>{options}</select>
        </label>
    };
    (chosen, view.into_any())
}

const fn border_name(border: bool) -> &'static str {
    if border { "true" } else { "false" }
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
