//! The header of every page but the overlay: logo, navigation, account.

use leptos::prelude::*;
use leptos_router::components::A;

#[component]
pub fn Logo() -> impl IntoView {
    view! {
        <span class="logo">
            <svg class="logo-lights" viewBox="0 0 28 12" aria-hidden="true">
                <path d="M0 12V6a4 4 0 0 1 8 0v6zM10 12V6a4 4 0 0 1 8 0v6zM20 12V6a4 4 0 0 1 8 0v6z"></path>
            </svg>
            "Footlight"
        </span>
    }
}

#[component]
pub fn SiteHeader(
    /// `None` if nobody is signed in.
    #[prop(into)]
    name: Signal<Option<String>>,
    /// Whether to link to the administration.
    #[prop(into)]
    admin: Signal<bool>,
) -> impl IntoView {
    let signed_in = Memo::new(move |_| name.with(Option::is_some));
    view! {
        <a class="skip-link" href="#content">"Skip to content"</a>
        <header class="site-header">
            <A href="/" attr:class="site-header-home" attr:aria-label="Footlight, home"><Logo/></A>
            <Show when=move || signed_in.get()>
                <nav class="site-header-nav" aria-label="Pages">
                    <A href="/" exact=true>"Streams"</A>
                    <A href="/go-live">"Go live"</A>
                    <A href="/settings">"Settings"</A>
                    <Show when=move || admin.get()>
                        <A href="/admin/sessions">"All streams"</A>
                        <A href="/admin/analytics">"Analytics"</A>
                    </Show>
                </nav>
            </Show>
            <div class="site-header-account">
                <A href="/help" attr:class="site-header-help">"Help"</A>
                <Show when=move || signed_in.get() fallback=|| view! { <A href="/sign-in" attr:class="button">"Sign in"</A> }>
                    <span class="site-header-name">{move || name.get()}</span>
                    <form method="post" action="/sign-out">
                        <button class="button" data-kind="quiet" type="submit">"Sign out"</button>
                    </form>
                </Show>
            </div>
        </header>
    }
}
