//! Delete the account: a plain page with a form, which `serve` answers. It asks for the password.

use super::{layout::load_error, sign_in::FormError};
use crate::{
    api::error::{ApiError, ErrorCode},
    rpc::accounts::who_am_i,
};
use leptos::prelude::*;
use leptos_meta::Title;

/// `/account/delete`
#[component]
pub fn DeleteAccount() -> AnyView {
    let me = Resource::new_blocking(|| (), |()| who_am_i());
    let form = move |name: String| {
        view! {
            <h1>"Delete account"</h1>
            <p>
                "The account " <b>{name}</b>
                " is deleted with all its streams, recordings, saved destinations, agents and API keys. A running stream ends. "
                "This cannot be undone."
            </p>
            <p><a href="/api/account/export" download="footlight-account.json">"Export everything first"</a></p>
            <form class="auth-form" method="post" action="/account/delete">
                <label class="field">
                    <span>"Password"</span>
                    <input class="input" type="password" name="password" autocomplete="current-password" aria-describedby="form-error"/>
                    <small class="quiet">"Leave it empty if you signed in with a one-time link and have no password."</small>
                </label>
                <FormError/>
                <button class="button" data-kind="end" type="submit">"Delete account"</button>
                <a class="button" href="/settings">"Cancel"</a>
            </form>
        }
    };
    view! {
        <Title text="Delete account"/>
        <main class="auth-page" id="content">
            <div class="auth-card panel">
                <Suspense fallback=|| ()>
                    {move || {
                        me.get().map(|answer| match answer {
                            Ok(Some(me)) => form(me.name).into_any(),
                            Ok(None) => {
                                load_error(ApiError::new(ErrorCode::Unauthenticated, "Sign in first."), Callback::new(move |()| me.refetch()))
                            }
                            Err(error) => load_error(error, Callback::new(move |()| me.refetch())),
                        })
                    }}
                </Suspense>
            </div>
        </main>
    }
    .into_any()
}
