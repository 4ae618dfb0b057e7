//! Dragging with the pointer. What a drop means is the page's business.

use leptos::ev::PointerEvent;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

/// Whether the main button was pressed on an element of this selector. If so, the listening element gets all further moves, also
/// those outside of it.
pub fn start_drag(event: &PointerEvent, selector: &str) -> bool {
    let on_it = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    let on_it = on_it.is_some_and(|element| !matches!(element.closest(selector), Ok(None) | Err(_)));
    if event.button() != 0 || !on_it {
        return false;
    }
    if let Some(listener) = listener(event) {
        // Fails for a pointer that is gone by now: then no move follows.
        let _ = listener.set_pointer_capture(event.pointer_id());
    }
    event.prevent_default();
    true
}

/// In pixels of the page.
pub fn pointer_position(event: &PointerEvent) -> (i32, i32) {
    (event.client_x(), event.client_y())
}

/// Width and height of the listening element, in the same unit.
pub fn size(event: &PointerEvent) -> (i32, i32) {
    listener(event).map_or((0, 0), |element| (element.client_width(), element.client_height()))
}

/// Sets `--drag-x` and `--drag-y` of the listening element. Through the DOM, because the content security policy allows no inline styles.
pub fn set_offset(event: &PointerEvent, by: (i32, i32)) {
    let Some(element) = listener(event).and_then(|element| element.dyn_into::<HtmlElement>().ok()) else { return };
    for (name, pixels) in [("--drag-x", by.0), ("--drag-y", by.1)] {
        // Fails only for a malformed name.
        let _ = element.style().set_property(name, &format!("{pixels}px"));
    }
}

fn listener(event: &PointerEvent) -> Option<Element> {
    event.current_target()?.dyn_into().ok()
}
