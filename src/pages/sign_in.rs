//! Signing in, by name and password or by a one-time link. A link is used by a click, never by its mere opening: mail
//! programs and messengers open links to preview them.

use super::house::{leave_for, safe_next};
use crate::{
    api::{accounts::Credentials, error::ApiError},
    components::notice::Trouble,
    rpc::accounts::{sign_in, sign_in_once, sign_up_open},
};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

/// `/sign-in`, with `?token=` of a one-time link, and `?next=` to go on to.
#[component]
pub fn SignIn() -> AnyView {
    let query = use_query_map().get_untracked();
    let token = query.get("token").filter(|token| !token.is_empty());
    let next = safe_next(query.get("next"));
    let (heading, form) = match token {
        Some(token) => ("Welcome to the house", view! { <ByLink token next/> }.into_any()),
        None => ("Sign in", view! { <ByPassword next/> }.into_any()),
    };
    view! {
        <Title text="Sign in"/>
        <main class="door" id="content">
            <div class="door-card panel">
                <h1>{heading}</h1>
                {form}
            </div>
        </main>
    }
    .into_any()
}

#[component]
fn ByLink(token: String, next: String) -> impl IntoView {
    let enter = Action::new(move |(): &()| sign_in_once(token.clone()));
    go_on(move || matches!(enter.value().get(), Some(Ok(_))), next);
    let failed = move || enter.value().get().and_then(Result::err);
    view! {
        <p class="quiet">"This link signs you in once. Set a password under Settings afterwards."</p>
        {move || failed().map(|error: ApiError| view! { <Trouble message=error.message/> })}
        <button class="button" data-kind="go" type="button" disabled=move || enter.pending().get() on:click=move |_| { enter.dispatch(()); }>
            {move || if enter.pending().get() { "Signing in" } else { "Sign in" }}
        </button>
    }
}

#[component]
fn ByPassword(next: String) -> impl IntoView {
    let open = Resource::new_blocking(|| (), |()| sign_up_open());
    view! {
        <AccountForm action="Sign in" busy="Signing in" autocomplete="current-password" next send=|credentials| Box::pin(sign_in(credentials))/>
        <Suspense fallback=|| ()>
            {move || {
                open.get().filter(|open| matches!(open, Ok(true))).map(|_| view! { <p class="quiet">"New here? "<a href="/sign-up">"Make an account"</a></p> })
            }}
        </Suspense>
    }
}

/// What the server says to credentials, when it does.
pub type Answer = std::pin::Pin<Box<dyn Future<Output = Result<crate::api::accounts::Me, ApiError>> + Send>>;

/// Name, password and one button; goes on to `next` when the server agrees.
#[component]
pub fn AccountForm(
    /// The button.
    action: &'static str,
    /// The button while it waits for the server.
    busy: &'static str,
    /// What password managers offer.
    autocomplete: &'static str,
    /// Where to go afterwards.
    next: String,
    /// Asks the server.
    send: fn(Credentials) -> Answer,
    /// Below the password; nothing if empty.
    #[prop(default = "")]
    hint: &'static str,
) -> impl IntoView {
    let (name, password) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let enter = Action::new_unsync(move |credentials: &Credentials| send(credentials.clone()));
    go_on(move || matches!(enter.value().get(), Some(Ok(_))), next);
    let failed = move || enter.value().get().and_then(Result::err);
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        enter.dispatch_local(Credentials { name: name.get_untracked(), password: password.get_untracked() });
    };
    view! {
        <form class="door-form" method="post" on:submit=submit>
            <label class="field">
                <span>"Name"</span>
                <input class="input" name="name" autocomplete="username" autocapitalize="none" required prop:value=name on:input=move |event| name.set(event_target_value(&event))/>
            </label>
            <label class="field">
                <span>"Password"</span>
                <input class="input" type="password" name="password" autocomplete=autocomplete required prop:value=password on:input=move |event| password.set(event_target_value(&event))/>
                {(!hint.is_empty()).then(|| view! { <small class="quiet">{hint}</small> })}
            </label>
            {move || failed().map(|error| view! { <Trouble message=error.message/> })}
            <button class="button" data-kind="go" type="submit" disabled=move || enter.pending().get()>
                {move || if enter.pending().get() { busy } else { action }}
            </button>
        </form>
    }
}

fn go_on(done: impl Fn() -> bool + 'static, next: String) {
    Effect::new(move |_| {
        if done() {
            leave_for(&next);
        }
    });
}
