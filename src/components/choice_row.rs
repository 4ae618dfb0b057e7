//! A few options side by side, one of them selected.

use leptos::prelude::*;

/// Buttons with a common label. With `swatches` each shows the accent colour of that name, and its label goes to screen readers.
#[component]
pub fn ChoiceRow<T>(
    label: &'static str,
    choices: &'static [(T, &'static str)],
    #[prop(optional_no_strip)] swatches: Option<fn(T) -> &'static str>,
    #[prop(into)] selected: Signal<Option<T>>,
    #[prop(into)] on_select: Callback<T>,
) -> impl IntoView
where
    T: Copy + PartialEq + Send + Sync + 'static,
{
    let button = move |&(choice, text): &(T, &'static str)| {
        let pressed = move || selected.get() == Some(choice);
        let content = match swatches {
            None => text.into_any(),
            Some(colour) => view! {
                <span class="swatch" data-theme="dark" data-accent=colour(choice) title=text aria-hidden="true"></span>
                <span class="visually-hidden">{text}</span>
            }
            .into_any(),
        };
        view! {
            <button class="button" data-size="small" type="button" aria-pressed=move || pressed().to_string() on:click=move |_| on_select.run(choice)>
                {content}
            </button>
        }
    };
    let buttons = choices.iter().map(button).collect_view();
    view! {
        <div class="option-row" role="group" aria-label=label>
            <span class="caps" aria-hidden="true">{label}</span>
            <div class="option-buttons">{buttons}</div>
        </div>
    }
}
