//! The browsers that are signed in.

use super::{fault, loaded};
use crate::{
    api::accounts::SignInView,
    domain::ids::SignInId,
    pages::labels::moment,
    rpc::settings::{end_sign_in, sign_ins},
};
use leptos::prelude::*;

/// Each browser, with a way to sign it out.
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
            let label = if one.this_one { "This browser".to_owned() } else { one.address.clone().unwrap_or_else(|| "Another browser".to_owned()) };
            let small = [Some(one.browser.clone()).filter(|name| !name.is_empty()), one.address.clone(), Some(format!("since {}", moment(one.created_at)))];
            let id = one.id.clone();
            let button = (!one.this_one).then(|| view! {
                <button class="button" data-size="small" type="button" on:click=move |_| { end.dispatch(id.clone()); }>"Sign it out"</button>
            });
            view! {
                <li class="item panel">
                    <div><b>{label}</b><small>{small.into_iter().flatten().collect::<Vec<_>>().join(" · ")}</small></div>
                    {button}
                </li>
            }
        });
        view! { <ul class="item-list">{rows.collect_view()}</ul> }.into_any()
    };
    view! { {fault(end)} {loaded(all, rows)} }
}
