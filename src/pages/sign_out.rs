//! Sign out. The header's button sends the form; this page shows it again where the answer was a refusal.

use super::sign_in::FormError;
use leptos::prelude::*;
use leptos_meta::Title;

/// `/sign-out`
#[component]
pub fn SignOut() -> AnyView {
    view! {
        <Title text="Sign out"/>
        <main class="auth-page" id="content">
            <div class="auth-card panel">
                <h1>"Sign out"</h1>
                <p class="quiet">"This signs you out in this browser. Your streams go on."</p>
                <form class="auth-form" method="post" action="/sign-out">
                    <FormError/>
                    <button class="button" data-kind="go" type="submit">"Sign out"</button>
                </form>
            </div>
        </main>
    }
    .into_any()
}
