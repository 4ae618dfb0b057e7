//! A few choices side by side, one of them taken.

use leptos::prelude::*;

/// Buttons under one name; the taken one is pressed.
#[component]
pub fn ChoiceRow<T>(
    label: &'static str,
    choices: Vec<(T, &'static str)>,
    #[prop(into)] taken: Signal<Option<T>>,
    #[prop(into)] on_take: Callback<T>,
) -> impl IntoView
where
    T: Copy + PartialEq + Send + Sync + 'static,
{
    let button = move |(choice, words): (T, &'static str)| {
        let pressed = move || taken.get() == Some(choice);
        view! {
            <button class="button" data-size="small" type="button" aria-pressed=move || pressed().to_string() on:click=move |_| on_take.run(choice)>
                {words}
            </button>
        }
    };
    let buttons = choices.into_iter().map(button).collect_view();
    view! {
        <div class="choices" role="group" aria-label=label>
            <span class="caps" aria-hidden="true">{label}</span>
            <div class="choices-row">{buttons}</div>
        </div>
    }
}
