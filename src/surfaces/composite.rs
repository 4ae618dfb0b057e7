//! The browser program of the page that the egress records, and of its previews: no router, no server functions, one component.

use footlight::{
    browser::{hydration::mark_hydrated, overlay_room},
    composite::Composite,
};
use leptos::{mount::hydrate_body, prelude::*};

fn main() {
    console_error_panic_hook::set_once();
    if let Some(snapshot) = overlay_room::page_snapshot() {
        hydrate_body(move || view! { <Composite snapshot/> });
        mark_hydrated();
    }
}
