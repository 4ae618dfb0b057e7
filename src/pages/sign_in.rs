//! Sign in with name and password, or with a one-time link. A link is used by a click and not by opening it: mail programs
//! and messengers open links to preview them. The page is a plain document; `serve` answers its form.

use super::layout::{encoded, safe_next};
use crate::{components::notice::ErrorNotice, rpc::accounts::sign_up_open};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::{
    hooks::{use_location, use_query_map},
    location::Url,
};

/// A form that was rejected; the page shows it again with the reason. Provided as context.
#[derive(Debug, Clone)]
pub struct RefusedForm {
    /// The name that was entered.
    pub name: String,
    /// What was wrong and what to do.
    pub message: String,
}

/// `/sign-in`, with `?token=` of a one-time link, and `?next=` to go on to.
#[component]
pub fn SignIn() -> AnyView {
    let query = use_query_map().get_untracked();
    let token = query.get("token").filter(|token| !token.is_empty());
    let action = format!("/sign-in?next={}", encoded(&safe_next(next_in(&use_location().search.get_untracked()))));
    let open = Resource::new_blocking(|| (), |()| sign_up_open());
    let sign_up_link = move || {
        open.get()
            .filter(|open| matches!(open, Ok(true)))
            .map(|_| view! { <p class="quiet">"New here? "<a href="/sign-up">"Create an account"</a></p> })
    };
    let form = match token {
        Some(token) => view! {
            <h1>"Sign in with a link"</h1>
            <p class="quiet">"This link works once. Set a password under Settings afterwards."</p>
            <form class="auth-form" method="post" action=action>
                <input type="hidden" name="token" value=token/>
                <FormError/>
                <button class="button" data-kind="go" type="submit">"Sign in"</button>
            </form>
        }
        .into_any(),
        None => view! {
            <h1>"Sign in"</h1>
            <AccountForm path=action submit="Sign in" autocomplete="current-password"/>
            <Suspense fallback=|| ()>{sign_up_link}</Suspense>
        }
        .into_any(),
    };
    view! {
        <Title text="Sign in"/>
        <main class="auth-page" id="content">
            <div class="auth-card panel">{form}</div>
        </main>
    }
    .into_any()
}

/// Name, password and a button. The answer redirects to `next`, or shows the page again with the reason.
#[component]
pub fn AccountForm(
    /// Where the form is sent, with `next`.
    #[prop(into)]
    path: String,
    /// Label of the button.
    submit: &'static str,
    /// Tells password managers whether the password is a new one.
    autocomplete: &'static str,
    /// A line below the password.
    #[prop(default = "")]
    hint: &'static str,
) -> impl IntoView {
    let refused = use_context::<RefusedForm>();
    let again = refused.is_some();
    let name = refused.map(|refused| refused.name).unwrap_or_default();
    view! {
        <form class="auth-form" method="post" action=path>
            <label class="field">
                <span>"Name"</span>
                <input class="input" name="name" autocomplete="username" autocapitalize="none" required value=name/>
            </label>
            <label class="field">
                <span>"Password"</span>
                <input
                    class="input"
                    type="password"
                    name="password"
                    autocomplete=autocomplete
                    required
                    autofocus=again
                    aria-describedby=again.then_some("form-error")
                />
                {(!hint.is_empty()).then(|| view! { <small class="quiet">{hint}</small> })}
            </label>
            <FormError/>
            <button class="button" data-kind="go" type="submit">{submit}</button>
        </form>
    }
}

/// Why the form was refused, if it was.
#[component]
pub fn FormError() -> impl IntoView {
    use_context::<RefusedForm>().map(|refused| view! { <div id="form-error"><ErrorNotice message=refused.message/></div> })
}

/// `next` in a query. The router decodes twice, which would break an address that has a query of its own.
fn next_in(search: &str) -> Option<String> {
    search.split('&').find_map(|pair| pair.strip_prefix("next=")).map(Url::unescape)
}
