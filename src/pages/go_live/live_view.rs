//! The show: on air until it is over, then how it ended.

use super::{
    ended::Ended,
    live_session::{LiveSession, is_over},
    local_media::LocalMedia,
    studio::Studio,
};
use crate::{api::sessions::SessionView, browser::clock, domain::room::RoomAccess};
use leptos::prelude::*;

/// On air until it is over, then how it ended.
#[component]
pub fn LiveView(
    media: LocalMedia,
    view: SessionView,
    access: Option<RoomAccess>,
    /// The streamer wants another show.
    on_again: Callback<()>,
) -> impl IntoView {
    let session = LiveSession::new(view);
    let access = StoredValue::new(access);
    let over = RwSignal::new(session.view.with_untracked(is_over));
    // It changes in a turn of its own: in the turn of the news itself parts of the studio may be queued to read it, behind what
    // drops the studio and all its signals.
    Effect::new(move |_| {
        if session.view.with(is_over) {
            // The page may have been left meanwhile, or other news may have brought the end: it is not built twice.
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
            view! { <Studio media session access=access.try_update_value(Option::take).flatten()/> }.into_any()
        }
    }
}
