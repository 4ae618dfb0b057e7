//! Create an account, if sign-up is open. The page is a plain document; `serve` answers its form.

use super::sign_in::AccountForm;
use crate::{
    components::notice::{Empty, ErrorNotice},
    rpc::accounts::sign_up_open,
};
use leptos::prelude::*;
use leptos_meta::Title;

/// `/sign-up`
#[component]
pub fn SignUp() -> AnyView {
    let open = Resource::new_blocking(|| (), |()| sign_up_open());
    view! {
        <Title text="Create an account"/>
        <main class="auth-page" id="content">
            <Suspense fallback=|| ()>
                {move || {
                    open.get().map(|open| match open {
                        Ok(true) => view! {
                            <div class="auth-card panel">
                                <h1>"Create an account"</h1>
                                <AccountForm
                                    path="/sign-up?next=/go-live"
                                    submit="Create account"
                                    autocomplete="new-password"
                                    hint="At least ten characters."
                                />
                                <p class="quiet">"Already have an account? "<a href="/sign-in">"Sign in"</a></p>
                            </div>
                        }
                        .into_any(),
                        Ok(false) => view! {
                            <Empty title="Sign-up is closed" text="Ask the administrator of this studio for an account.">
                                <a class="button" href="/sign-in">"Sign in"</a>
                            </Empty>
                        }
                        .into_any(),
                        Err(error) => view! { <ErrorNotice message=error.message/> }.into_any(),
                    })
                }}
            </Suspense>
        </main>
    }
    .into_any()
}
