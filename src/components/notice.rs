//! What stands where something is missing: an error, nothing yet, still loading. Each says what to do next.

use leptos::prelude::*;

/// Something went wrong: what, and another try where one helps.
#[component]
pub fn ErrorNotice(
    /// What was wrong and what to do.
    #[prop(into)]
    message: Signal<String>,
    /// The other try; no button without.
    #[prop(optional, into)]
    on_retry: Option<Callback<()>>,
) -> impl IntoView {
    view! {
        <div class="notice" data-kind="error" role="alert">
            <p>{move || message.get()}</p>
            {on_retry.map(|retry| view! { <button class="button" type="button" on:click=move |_| retry.run(())>"Try again"</button> })}
        </div>
    }
}

/// Nothing here yet; the children are what to do about it.
#[component]
pub fn Empty(
    /// What is missing.
    #[prop(into)]
    title: String,
    /// How it comes to be there.
    #[prop(into)]
    text: String,
    /// What to do about it.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="notice" data-kind="empty">
            <span class="notice-lights" aria-hidden="true"><b></b><b></b><b></b></span>
            <h2>{title}</h2>
            <p>{text}</p>
            {children.map(|children| children())}
        </div>
    }
}

/// Rows that are on their way, in their place.
#[component]
pub fn Loading(
    /// How many.
    #[prop(default = 3)]
    rows: usize,
) -> impl IntoView {
    let rows = (0..rows).map(|_| view! { <span class="skeleton"></span> }).collect_view();
    view! { <div class="loading" role="status"><span class="visually-hidden">"Loading"</span>{rows}</div> }
}
