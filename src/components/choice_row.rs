//! A few choices side by side, one of them taken.

use leptos::prelude::*;

/// Buttons under one name; the taken one is pressed.
#[component]
pub fn ChoiceRow<T>(
    label: &'static str,
    choices: Vec<(T, &'static str)>,
    #[prop(into)] selected: Signal<Option<T>>,
    #[prop(into)] on_select: Callback<T>,
) -> impl IntoView
where
    T: Copy + PartialEq + Send + Sync + 'static,
{
    let button = move |(choice, words): (T, &'static str)| {
        let pressed = move || selected.get() == Some(choice);
        view! {
            <button class="button" data-size="small" type="button" aria-pressed=move || pressed().to_string() on:click=move |_| on_select.run(choice)>
                {words}
            </button>
        }
    };
    let buttons = choices.into_iter().map(button).collect_view();
    view! {
        <div class="option-row" role="group" aria-label=label>
            <span class="caps" aria-hidden="true">{label}</span>
            <div class="option-buttons">{buttons}</div>
        </div>
    }
}
