//! A session: the studio until it is over, then how it ended.

use super::{ended::Ended, labels::is_over, live_session::LiveSession, local_media::LocalMedia, studio::Studio};
use crate::{
    api::sessions::{SessionView, StudioSetup},
    browser::clock,
    domain::room::RoomAccess,
};
use leptos::prelude::*;

#[component]
pub fn LiveView(
    media: LocalMedia,
    setup: RwSignal<StudioSetup>,
    view: SessionView,
    access: Option<RoomAccess>,
    /// The streamer wants to go live again.
    on_again: Callback<()>,
) -> impl IntoView {
    let session = LiveSession::new(view);
    let access = StoredValue::new(access);
    let over = RwSignal::new(session.view.with_untracked(is_over));
    // It changes in a task of its own: effects of the studio that read the same update may be queued behind the one that drops the
    // studio and all its signals.
    Effect::new(move |_| {
        if session.view.with(is_over) {
            // The page may have been left meanwhile, or another update may have set it: it is not rendered twice.
            clock::after(0, move || {
                if over.try_get_untracked() == Some(false) {
                    over.set(true);
                }
            });
        }
    });
    move || {
        if over.get() {
            view! { <Ended media session on_again/> }.into_any()
        } else {
            view! { <Studio media setup session access=access.try_update_value(Option::take).flatten()/> }.into_any()
        }
    }
}
