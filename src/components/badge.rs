//! A short state with a coloured dot beside it.

use leptos::prelude::*;

/// What a colour means, the same everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// On air now: red, and nothing else is.
    Live,
    /// All is well.
    Ok,
    /// Something is wrong, but it may pass.
    Warn,
    /// Failed.
    Bad,
    /// Neither good nor bad.
    Neutral,
}

impl Tone {
    pub const ALL: [Self; 5] = [Self::Live, Self::Ok, Self::Warn, Self::Bad, Self::Neutral];

    /// Its name in the stylesheets.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Bad => "bad",
            Self::Neutral => "neutral",
        }
    }
}

#[component]
pub fn Badge(#[prop(into)] tone: Signal<Tone>, #[prop(into)] text: Signal<String>) -> impl IntoView {
    view! { <span class="badge" data-state=move || tone.get().name()>{move || text.get()}</span> }
}
