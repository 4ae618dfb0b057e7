//! Making an account, where strangers may. The page is a plain document; its form is answered by `serve`.

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
        <Title text="Make an account"/>
        <main class="auth-page" id="content">
            <Suspense fallback=|| ()>
                {move || {
                    open.get().map(|open| match open {
                        Ok(true) => view! {
                            <div class="auth-card panel">
                                <h1>"Make an account"</h1>
                                <AccountForm
                                    path="/sign-up?next=/go-live"
                                    submit="Make an account"
                                    autocomplete="new-password"
                                    hint="Ten characters or more."
                                />
                                <p class="quiet">"Have one? "<a href="/sign-in">"Sign in"</a></p>
                            </div>
                        }
                        .into_any(),
                        Ok(false) => view! {
                            <Empty title="This house is by invitation" text="Ask whoever runs this Footlight for an account.">
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
