//! The on-air light of the studio.

use leptos::prelude::*;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LightState {
    /// The stream is over.
    Off,
    /// It is starting or ending.
    Waiting,
    /// It is recorded and goes nowhere else.
    Rehearsal,
    /// A destination receives it: red.
    OnAir,
    /// No destination receives it, though it should.
    Interrupted,
}

impl LightState {
    /// Its name in the stylesheets.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Waiting => "wait",
            Self::Rehearsal => "rehearsal",
            Self::OnAir => "live",
            Self::Interrupted => "bad",
        }
    }
}

#[component]
pub fn OnAirLight(#[prop(into)] state: Signal<LightState>, #[prop(into)] text: Signal<String>) -> impl IntoView {
    view! { <p class="on-air-light" role="status" data-state=move || state.get().name()>{move || text.get()}</p> }
}
