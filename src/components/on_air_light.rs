//! The light over the studio's door. Red and ON AIR only when it is true.

use leptos::prelude::*;

/// `kind`: `live`, `rehearsal`, `wait`, `bad`; `words` say it aloud.
#[component]
pub fn OnAirLight(#[prop(into)] kind: Signal<&'static str>, #[prop(into)] text: Signal<String>) -> impl IntoView {
    view! {
        <p class="on-air-light" role="status" data-state=move || kind.get()>
            {move || text.get()}
        </p>
    }
}
