//! Signed-in devices.

use super::{action_error, device_name::device_name, loaded};
use crate::{
    api::accounts::SignInView,
    components::local_time::LocalTime,
    domain::ids::SignInId,
    rpc::settings::{end_sign_in, sign_ins},
};
use leptos::prelude::*;

#[component]
pub fn SignIns() -> impl IntoView {
    let all = Resource::new(|| (), |()| sign_ins());
    let end = Action::new(|id: &SignInId| end_sign_in(id.clone()));
    Effect::new(move |_| {
        if end.value().get().is_some() {
            all.refetch();
        }
    });
    let rows = move |all: Vec<SignInView>| {
        let rows = all.into_iter().map(|one| {
            let name = device_name(&one.browser);
            let label = format!("Sign out {name}");
            let current = one.this_one.then_some("This device · ");
            let address = one.address.clone().map(|address| format!("{address} · "));
            let id = one.id.clone();
            let button = (!one.this_one).then(|| view! {
                <button class="button" data-size="small" type="button" aria-label=label on:click=move |_| { end.dispatch(id.clone()); }>"Sign out"</button>
            });
            view! {
                <li class="item panel">
                    <div><b>{name}</b><small>{current}{address}"since "<LocalTime at=one.created_at/></small></div>
                    {button}
                </li>
            }
        });
        view! { <ul class="item-list">{rows.collect_view()}</ul> }.into_any()
    };
    view! { {action_error(end)} {loaded(all, rows)} }
}
