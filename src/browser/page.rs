//! The page itself: what this browser remembers, whether closing asks first, dialogs, the tab's mark.

use super::bridge;
use crate::domain::media::UserChoices;
use leptos::prelude::document;
use wasm_bindgen::{JsCast, prelude::Closure};
use web_sys::{Element, HtmlAnchorElement, MouseEvent};

const CHOICES: &str = "footlight.choices";

/// What the streamer chose last time in this browser.
pub fn recall_choices() -> UserChoices {
    serde_json::from_str(&bridge::recall(CHOICES)).unwrap_or_default()
}

/// Keeps what the streamer chose for the next time.
pub fn remember_choices(choices: &UserChoices) {
    if let Ok(text) = serde_json::to_string(choices) {
        bridge::remember(CHOICES, &text);
    }
}

/// In mid-show: closing the tab asks first, and the screen stays bright.
pub fn set_broadcasting(on: bool) {
    bridge::guard_leaving(on);
    bridge::keep_awake(on);
}

/// Marks the tab while a platform takes the show.
pub fn mark_on_air(on: bool) {
    bridge::mark_tab(on);
}

/// Opens or closes the dialog element with this id.
pub fn set_dialog(id: &str, open: bool) {
    bridge::set_dialog(id, open);
}

/// A name for one click, so that its repetition is not a second show.
pub fn new_idempotency_key() -> String {
    bridge::new_idempotency_key()
}

/// Leaves it to the browser to follow a link to a path for which `leave` says so: its document loads another program. Call it once,
/// before the router is made, which follows all other links of this site itself.
pub fn bypass_router_for(leave: impl Fn(&str) -> bool + 'static) {
    let on_click = Closure::<dyn Fn(MouseEvent)>::new(move |event: MouseEvent| {
        let element = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        let link = element.and_then(|element| element.closest("a[href]").ok().flatten());
        let link = link.and_then(|link| link.dyn_into::<HtmlAnchorElement>().ok());
        if link.is_some_and(|link| leave(&link.pathname())) {
            // The router listens on the window, which the event does not reach.
            event.stop_propagation();
        }
    });
    // Refused for a target that takes no listeners, and a document does.
    let _ = document().add_event_listener_with_callback("click", on_click.as_ref().unchecked_ref());
    on_click.forget();
}
