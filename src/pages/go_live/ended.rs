//! After the stream: how it ended, destinations, recording.

use super::{destination_list::DestinationList, labels, live_session::LiveSession, local_media::LocalMedia};
use crate::{
    components::{player::Player, stats::stat_lines},
    pages::labels::recording as recording_of,
    rpc::sessions::get_session,
};
use leptos::{prelude::*, task::spawn_local};
use leptos_meta::Title;

#[component]
pub fn Ended(media: LocalMedia, session: LiveSession, #[prop(into)] on_again: Callback<()>) -> impl IntoView {
    let view = session.view;
    Effect::new(move |_| {
        // The lights of camera and microphone must go out.
        media.close_all();
        if view.with_untracked(|view| view.events_recorded.is_none()) {
            let id = session.id();
            spawn_local(async move {
                // The page may have been left meanwhile.
                if let (Ok(counted), Some(())) = (get_session(id).await, view.try_with_untracked(|_| ())) {
                    session.update_view(counted);
                }
            });
        }
    });
    // Read once, because the tab's title is read again when this stage is gone already.
    let heading = view.with_untracked(labels::ended_heading);
    let failed = move || view.with(|view| view.status.is_failed());
    let why = move || view.with(|view| view.end_message.clone());
    let stats = move || stat_lines(view.with(labels::ended_stats).into_iter().map(|(label, value)| (label, value.into_any())).collect());
    let details = move || view.with(|view| format!("/sessions/{}", view.session_id));
    // Other updates must not interrupt whoever watches it.
    let recording = Memo::new(move |_| view.with(recording_of));
    let now = Signal::derive(move || view.with(|view| view.now));
    view! {
        <Title text=heading/>
        <section class="ended panel" data-state=move || if failed() { "bad" } else { "quiet" } aria-live="polite">
            <h1>{heading}</h1>
            <p class="end-reason">{move || why().map(|why| view! { <span>{why}</span> })}</p>
            <dl class="stats">{stats}</dl>
            <h2>"Destinations"</h2>
            <DestinationList session now/>
            {move || recording.get().map(|src| view! { <h2>"Recording"</h2><Player src/> })}
            <div class="buttons">
                <button class="button" data-kind="go" type="button" on:click=move |_| on_again.run(())>"Go live again"</button>
                <a class="button" href=details>"Details of this stream"</a>
            </div>
        </section>
    }
}
