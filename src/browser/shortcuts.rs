//! Keyboard shortcuts of a single key, while nobody is typing and no dialog is open.

use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast;

/// Where a key is text, or controls the element itself.
const TYPING: &str = "input:not([type=checkbox]), select, textarea, [contenteditable], dialog, video, audio";

/// Calls `act` with each key pressed alone, as `KeyboardEvent.key` names it, in lower case, until the surrounding owner is dropped.
/// Call it in an effect.
pub fn on_key(act: impl Fn(&str) + 'static) {
    let listener = window_event_listener(ev::keydown, move |event| {
        let busy = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
        let busy = busy.is_some_and(|element| !matches!(element.closest(TYPING), Ok(None)));
        if !(busy || event.repeat() || event.ctrl_key() || event.alt_key() || event.meta_key() || event.default_prevented()) {
            act(&event.key().to_lowercase());
        }
    });
    on_cleanup(move || listener.remove());
}
