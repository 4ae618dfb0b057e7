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
    let buttons = choices.iter().map(|&(choice, text)| {
        let pressed = Signal::derive(move || selected.get() == Some(choice));
        button(text, swatches.map(|colour| colour(choice)), pressed, Callback::new(move |()| on_select.run(choice)))
    });
    row(label, buttons.collect())
}

/// The same for every type of choice, so that programs contain it once.
fn row(label: &'static str, buttons: Vec<AnyView>) -> AnyView {
    view! {
        <div class="option-row" role="group" aria-label=label>
            <span class="caps" aria-hidden="true">{label}</span>
            <div class="option-buttons">{buttons}</div>
        </div>
    }
    .into_any()
}

fn button(text: &'static str, swatch: Option<&'static str>, pressed: Signal<bool>, on_press: Callback<()>) -> AnyView {
    let content = match swatch {
        None => text.into_any(),
        Some(colour) => view! {
            <span class="swatch" data-theme="dark" data-accent=colour title=text aria-hidden="true"></span>
            <span class="visually-hidden">{text}</span>
        }
        .into_any(),
    };
    view! {
        <button class="button" data-size="small" type="button" aria-pressed=move || pressed.get().to_string() on:click=move |_| on_press.run(())>
            {content}
        </button>
    }
    .into_any()
}
