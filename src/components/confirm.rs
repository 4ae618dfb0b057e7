//! A question before something that cannot be undone.

use leptos::{html, prelude::*};

/// A modal question, open while `open` says so. Escape and the quiet button close it; the other one runs `on_confirm` with the
/// reason typed, where one is asked for.
#[component]
pub fn Confirm(
    /// Open while true.
    open: RwSignal<bool>,
    /// The question.
    #[prop(into)]
    title: Signal<String>,
    /// What follows from a yes.
    #[prop(into)]
    text: Signal<String>,
    /// The yes.
    #[prop(into)]
    action: String,
    /// The no.
    #[prop(default = "Keep it running")]
    cancel: &'static str,
    /// The label of the reason's field; no field without.
    #[prop(optional, into)]
    reason: Option<String>,
    /// A yes, with the reason typed.
    #[prop(into)]
    on_confirm: Callback<String>,
) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    let typed = RwSignal::new(String::new());
    Effect::new(move |_| {
        let wanted = open.get();
        if let Some(dialog) = dialog.get() {
            if wanted && !dialog.open() {
                typed.set(String::new());
                // Refused only for an element outside the document, and this one is in it.
                let _ = dialog.show_modal();
            } else if !wanted && dialog.open() {
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
                            <label class="field">
                                <span>{label}</span>
                                <input class="input" maxlength="200" prop:value=typed on:input=move |event| typed.set(event_target_value(&event))/>
                            </label>
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
