//! The page itself: remembered choices, the question before leaving, dialogs, the tab's icon.

use super::bridge;
use crate::domain::media::UserChoices;
use leptos::prelude::document;
use wasm_bindgen::{JsCast, prelude::Closure};
use web_sys::{Element, HtmlAnchorElement, MouseEvent};

const CHOICES: &str = "footlight.choices";

pub fn recall_choices() -> UserChoices {
    serde_json::from_str(&bridge::recall(CHOICES)).unwrap_or_default()
}

pub fn remember_choices(choices: &UserChoices) {
    if let Ok(text) = serde_json::to_string(choices) {
        bridge::remember(CHOICES, &text);
    }
}

/// During a stream closing the tab asks first, and the screen stays on.
pub fn set_broadcasting(on: bool) {
    bridge::guard_leaving(on);
    bridge::keep_awake(on);
}

/// Marks the tab as on air.
pub fn mark_on_air(on: bool) {
    bridge::mark_tab(on);
}

/// Opens or closes the dialog with this id.
pub fn set_dialog(id: &str, open: bool) {
    bridge::set_dialog(id, open);
}

/// A random key, so that a repeated start is not a second session.
pub fn new_idempotency_key() -> String {
    bridge::new_idempotency_key()
}

/// Lets the browser itself follow links to paths for which `leave` is true, because their documents load another program. Call it
/// once, before the router is created, which follows all other links of this site.
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
    // Fails only for a target without listeners, and a document has them.
    let _ = document().add_event_listener_with_callback("click", on_click.as_ref().unchecked_ref());
    on_click.forget();
}
