//! Delete a stream or its recording: a plain page with two forms, which `serve` answers.

use super::{
    labels::{is_over, recording, title},
    layout::{load_error, parse_session_id},
    sign_in::FormError,
};
use crate::{api::sessions::SessionView, rpc::sessions::get_session};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

/// `/sessions/{id}/delete`, for its owner and admins.
#[component]
pub fn DeleteSession() -> AnyView {
    let params = use_params_map();
    let session = Resource::new_blocking(
        move || params.read().get("id").unwrap_or_default(),
        |id| async move { get_session(parse_session_id(&id)?).await },
    );
    view! {
        <Title text="Delete stream"/>
        <main class="auth-page" id="content">
            <div class="auth-card panel">
                <Suspense fallback=|| ()>
                    {move || {
                        session.get().map(|answer| match answer {
                            Ok(view) => forms(&view).into_any(),
                            Err(error) => load_error(error, Callback::new(move |()| session.refetch())),
                        })
                    }}
                </Suspense>
            </div>
        </main>
    }
    .into_any()
}

fn forms(session: &SessionView) -> impl IntoView {
    let back = format!("/sessions/{}", session.session_id);
    let action = format!("{back}/delete");
    let form = |what: &'static str, explanation: &'static str, button: &'static str| {
        view! {
            <form class="auth-form" method="post" action=action.clone()>
                <input type="hidden" name="what" value=what/>
                <p>{explanation}</p>
                <button class="button" data-kind="end" type="submit">{button}</button>
            </form>
        }
    };
    let choices = if is_over(session) {
        let recorded =
            recording(session).map(|_| form("recording", "Only the video goes. Title, timeline and statistics stay.", "Delete recording"));
        let whole = form(
            "stream",
            "The stream is deleted with its timeline, overlay events and recording. This cannot be undone.",
            "Delete stream",
        );
        view! { {recorded} {whole} }.into_any()
    } else {
        view! { <p>"The stream is still running. End it first; then it can be deleted."</p> }.into_any()
    };
    view! {
        <h1>"Delete stream"</h1>
        <p><b>{title(session)}</b></p>
        <FormError/>
        {choices}
        <a class="button" href=back>"Cancel"</a>
    }
}
