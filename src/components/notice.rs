//! Shown instead of content: an error, an empty list, loading. Each says what to do next.

use leptos::prelude::*;

#[component]
pub fn ErrorNotice(
    /// What was wrong and what to do.
    #[prop(into)]
    message: Signal<String>,
    /// Without it there is no button.
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

/// The same while there is one.
#[component]
pub fn ErrorIfAny(#[prop(into)] message: Signal<Option<String>>) -> impl IntoView {
    move || message.get().map(|message| view! { <ErrorNotice message/> })
}

/// An empty list; the children say what to do about it.
#[component]
pub fn Empty(#[prop(into)] title: String, #[prop(into)] text: String, #[prop(optional)] children: Option<Children>) -> impl IntoView {
    view! {
        <div class="notice" data-kind="empty">
            <span class="notice-lights" aria-hidden="true"><b></b><b></b><b></b></span>
            <h2>{title}</h2>
            <p>{text}</p>
            {children.map(|children| children())}
        </div>
    }
}

/// Placeholders for rows.
#[component]
pub fn Loading(#[prop(default = 3)] rows: usize) -> impl IntoView {
    let rows = (0..rows).map(|_| view! { <span class="skeleton"></span> }).collect_view();
    view! { <div class="loading" role="status"><span class="visually-hidden">"Loading"</span>{rows}</div> }
}
