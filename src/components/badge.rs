//! A word with a lamp beside it.

use leptos::prelude::*;

/// A small state; `kind` is its colour: `live` (on air, red, nothing else), `ok`, `warn`, `bad`, `quiet`.
#[component]
pub fn Badge(
    /// The colour's role.
    #[prop(into)]
    kind: Signal<&'static str>,
    /// The word.
    #[prop(into)]
    text: Signal<String>,
) -> impl IntoView {
    view! { <span class="badge" data-state=move || kind.get()>{move || text.get()}</span> }
}
