//! Keyboard shortcuts of a single key, while nobody is typing and no dialog is open.

use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast;

/// Where a key is text, or controls the element itself.
const TYPING: &str = "input:not([type=checkbox]), select, textarea, [contenteditable], dialog, video, audio";

/// Calls `act` with each character whose key is pressed alone, in lower case, until the surrounding owner is dropped. Call it in an
/// effect.
pub fn on_key(act: impl Fn(&str) + 'static) {
    let listener = window_event_listener(ev::keydown, move |event| {
        let busy = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
        let busy = busy.is_some_and(|element| !matches!(element.closest(TYPING), Ok(None)));
        if !(busy || event.repeat() || event.ctrl_key() || event.alt_key() || event.meta_key() || event.default_prevented()) {
            act(&pressed(&event.key(), &event.code(), event.shift_key()));
        }
    });
    on_cleanup(move || listener.remove());
}

/// The ASCII character of a key. Layouts that have none there (Cyrillic, Greek, digits that need Shift) have it by the key's place. A
/// key with another ASCII character keeps its own meaning: `,` stands where others have `m`.
fn pressed(key: &str, code: &str, shift: bool) -> String {
    if matches!(key.as_bytes(), [byte] if byte.is_ascii_alphanumeric()) {
        return key.to_ascii_lowercase();
    }
    let ascii = key.len() == 1;
    let place = match (code.strip_prefix("Key"), code.strip_prefix("Digit")) {
        (Some(name), _) if !ascii => name,
        (_, Some(digit)) if !(ascii && shift) => digit,
        _ => key,
    };
    place.to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_counts_by_its_character_or_else_by_its_place() {
        for (layout, key, code, shift, expected) in [
            ("English", "m", "KeyM", false, "m"),
            ("English, capital", "M", "KeyM", true, "m"),
            ("English", "1", "Digit1", false, "1"),
            ("English, Shift", "!", "Digit1", true, "!"),
            ("Russian", "ь", "KeyM", false, "m"),
            ("Russian", "с", "KeyC", false, "c"),
            ("Russian", "ы", "KeyS", false, "s"),
            ("Greek", "μ", "KeyM", false, "m"),
            ("Arabic digits", "٢", "Digit2", false, "2"),
            ("French", "&", "Digit1", false, "1"),
            ("French", "é", "Digit2", false, "2"),
            ("French", "m", "Semicolon", false, "m"),
            ("French", ",", "KeyM", false, ","),
            ("Dvorak", "o", "KeyS", false, "o"),
            ("Japanese, composing", "Process", "KeyM", false, "m"),
            ("any", "Enter", "Enter", false, "enter"),
            ("any", "ArrowUp", "ArrowUp", false, "arrowup"),
        ] {
            assert_eq!(pressed(key, code, shift), expected, "{layout}: {key} on {code}");
        }
    }
}
