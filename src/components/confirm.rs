//! Asks before something that cannot be undone.

use super::text_field::TextField;
use leptos::{html, prelude::*};

/// A modal dialog. Escape and the cancel button close it; the other button runs `on_confirm` with the reason, if one is asked for.
#[component]
pub fn Confirm(
    open: RwSignal<bool>,
    #[prop(into)] title: Signal<String>,
    #[prop(into)] text: Signal<String>,
    #[prop(into)] action: String,
    #[prop(default = "Cancel")] cancel: &'static str,
    /// Label of the reason's field; no field without it.
    #[prop(optional, into)]
    reason: Option<String>,
    #[prop(into)] on_confirm: Callback<String>,
) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    let typed = RwSignal::new(String::new());
    Effect::new(move |_| {
        let should_open = open.get();
        if let Some(dialog) = dialog.get() {
            if should_open && !dialog.open() {
                typed.set(String::new());
                // Refused only for an element outside the document, and this one is in it.
                let _ = dialog.show_modal();
            } else if !should_open && dialog.open() {
                dialog.close();
            }
        }
    });
    let confirm = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        open.set(false);
        on_confirm.run(typed.get_untracked());
    };
    view! {
        <dialog class="confirm" node_ref=dialog aria-labelledby="confirm-title" on:close=move |_| open.set(false)>
            <form on:submit=confirm>
                <h2 id="confirm-title">{move || title.get()}</h2>
                <p>{move || text.get()}</p>
                {reason
                    .map(|label| {
                        view! {
                            <TextField label most=200 value=typed on_type=move |text| typed.set(text)/>
                        }
                    })}
                <div class="confirm-buttons">
                    <button class="button" type="button" on:click=move |_| open.set(false)>{cancel}</button>
                    <button class="button" data-kind="end" type="submit">{action}</button>
                </div>
            </form>
        </dialog>
    }
}
