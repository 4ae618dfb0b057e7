//! Change the password.

use crate::{components::notice::ErrorNotice, rpc::accounts::change_password};
use leptos::prelude::*;

/// A new password signs all other devices out, and revokes all API keys if asked to.
#[component]
pub fn Password() -> impl IntoView {
    let (old, new) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    // Programs go on with their keys unless somebody asks for more: a password is also changed out of habit.
    let revoke_keys = RwSignal::new(false);
    let change = Action::new(|(old, new, revoke): &(String, String, bool)| {
        change_password((!old.is_empty()).then(|| old.clone()), new.clone(), Some(*revoke))
    });
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        change.dispatch((old.get_untracked(), new.get_untracked(), revoke_keys.get_untracked()));
    };
    Effect::new(move |_| {
        if matches!(change.value().get(), Some(Ok(()))) {
            old.set(String::new());
            new.set(String::new());
        }
    });
    let outcome = move || {
        change.value().get().map(|answer| match answer {
            Ok(()) => view! { <p class="done" role="status">"Password changed. All other devices were signed out."</p> }.into_any(),
            Err(error) => view! { <ErrorNotice message=error.message/> }.into_any(),
        })
    };
    view! {
        <form class="password panel" method="post" on:submit=submit>
            <label class="field">
                <span>"Current password"</span>
                <input class="input" type="password" autocomplete="current-password" prop:value=old on:input=move |event| old.set(event_target_value(&event))/>
                <small class="quiet">"Leave it empty if you signed in with a one-time link and have no password yet."</small>
            </label>
            <label class="field">
                <span>"New password"</span>
                <input class="input" type="password" autocomplete="new-password" required minlength="10" prop:value=new on:input=move |event| new.set(event_target_value(&event))/>
                <small class="quiet">"At least ten characters."</small>
            </label>
            <label class="checkbox">
                <input type="checkbox" prop:checked=revoke_keys on:change=move |event| revoke_keys.set(event_target_checked(&event))/>
                <span>"Revoke all API keys too, also those of agents. Choose this if somebody else may know the password."</span>
            </label>
            {outcome}
            <button class="button" type="submit" disabled=move || change.pending().get()>"Change password"</button>
        </form>
    }
}
