//! How the overlay looks: its layers, the webcam's place and outline, accent colour, animations.

use super::{checkbox::Checkbox, choice_row::ChoiceRow};
use crate::domain::overlay::{Accent, Motion, OverlayPatch, OverlaySettings, PipCorner, PipShape, PipSize, Theme};
use leptos::prelude::*;

pub const CORNERS: [(PipCorner, &str); 4] = [
    (PipCorner::TopLeft, "Top left"),
    (PipCorner::TopRight, "Top right"),
    (PipCorner::BottomLeft, "Bottom left"),
    (PipCorner::BottomRight, "Bottom right"),
];
pub const SIZES: [(PipSize, &str); 3] = [(PipSize::Small, "Small"), (PipSize::Medium, "Medium"), (PipSize::Large, "Large")];
pub const SHAPES: [(PipShape, &str); 3] = [(PipShape::Rectangle, "Rectangle"), (PipShape::Square, "Square"), (PipShape::Circle, "Circle")];
pub const BORDERS: [(bool, &str); 2] = [(true, "Accent colour"), (false, "None")];
pub const ACCENTS: [(Accent, &str); 6] = [
    (Accent::Amber, "Amber"),
    (Accent::Teal, "Teal"),
    (Accent::Violet, "Violet"),
    (Accent::Lime, "Lime"),
    (Accent::Rose, "Rose"),
    (Accent::Silver, "Silver"),
];
pub const MOTIONS: [(Motion, &str); 2] = [(Motion::Full, "On"), (Motion::Reduced, "Off")];

#[component]
fn Row<T: Copy + PartialEq + Send + Sync + 'static>(
    label: &'static str,
    choices: &'static [(T, &'static str)],
    settings: Signal<OverlaySettings>,
    read: fn(&OverlaySettings) -> T,
    change: fn(T) -> OverlayPatch,
    on_change: Callback<OverlayPatch>,
    #[prop(optional)] swatches: Option<fn(T) -> &'static str>,
) -> impl IntoView {
    let selected = Signal::derive(move || Some(settings.with(read)));
    view! { <ChoiceRow label choices swatches selected on_select=move |choice| on_change.run(change(choice))/> }
}

/// Which layers are shown, and the theme.
#[component]
pub fn LayerOptions(#[prop(into)] settings: Signal<OverlaySettings>, #[prop(into)] on_change: Callback<OverlayPatch>) -> impl IntoView {
    let checkbox = move |label: &'static str, read: fn(&OverlaySettings) -> bool, patch: fn(bool) -> OverlayPatch| {
        let checked = Signal::derive(move || settings.with(read));
        view! { <Checkbox label checked on_check=move |on| on_change.run(patch(on))/> }
    };
    view! {
        <fieldset class="layers">
            <legend>"Overlay"</legend>
            {checkbox("Webcam", |s| s.show_player_cam, |on| OverlayPatch { show_player_cam: Some(on), ..OverlayPatch::default() })}
            {checkbox("Event ticker", |s| s.show_event_feed, |on| OverlayPatch { show_event_feed: Some(on), ..OverlayPatch::default() })}
            {checkbox("Decisions", |s| s.show_decisions, |on| OverlayPatch { show_decisions: Some(on), ..OverlayPatch::default() })}
            {checkbox("Info bar", |s| s.show_agent_info, |on| OverlayPatch { show_agent_info: Some(on), ..OverlayPatch::default() })}
            {checkbox(
                "Light theme",
                |s| s.theme == Theme::Light,
                |on| OverlayPatch { theme: Some(if on { Theme::Light } else { Theme::Dark }), ..OverlayPatch::default() },
            )}
        </fieldset>
    }
}

/// The webcam's corner and size.
#[component]
pub fn WebcamOptions(#[prop(into)] settings: Signal<OverlaySettings>, #[prop(into)] on_change: Callback<OverlayPatch>) -> impl IntoView {
    let corner = |corner| OverlayPatch { pip_corner: Some(corner), ..OverlayPatch::default() };
    let size = |size| OverlayPatch { pip_size: Some(size), ..OverlayPatch::default() };
    view! {
        <div class="appearance-options">
            <Row label="Webcam corner" choices=&CORNERS settings read=|s| s.pip_corner change=corner on_change/>
            <Row label="Webcam size" choices=&SIZES settings read=|s| s.pip_size change=size on_change/>
        </div>
    }
}

/// The webcam's outline, accent colour, animations.
#[component]
pub fn AppearanceOptions(
    #[prop(into)] settings: Signal<OverlaySettings>,
    #[prop(into)] on_change: Callback<OverlayPatch>,
) -> impl IntoView {
    let shape = |shape| OverlayPatch { pip_shape: Some(shape), ..OverlayPatch::default() };
    let border = |on| OverlayPatch { pip_border: Some(on), ..OverlayPatch::default() };
    let accent = |accent| OverlayPatch { accent: Some(accent), ..OverlayPatch::default() };
    let motion = |motion| OverlayPatch { motion: Some(motion), ..OverlayPatch::default() };
    view! {
        <div class="appearance-options">
            <Row label="Accent colour" choices=&ACCENTS swatches=Accent::name settings read=|s| s.accent change=accent on_change/>
            <Row label="Webcam shape" choices=&SHAPES settings read=|s| s.pip_shape change=shape on_change/>
            <Row label="Webcam border" choices=&BORDERS settings read=|s| s.pip_border change=border on_change/>
            <Row label="Animations" choices=&MOTIONS settings read=|s| s.motion change=motion on_change/>
        </div>
    }
}
