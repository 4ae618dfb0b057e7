//! The browser program of the page that the egress records, and of its previews: no router, no server functions, one component.

use footlight::{
    browser::{
        hydration::{mark_hydrated, report_panics},
        overlay_room,
    },
    composite::Composite,
};
use leptos::{mount::hydrate_body, prelude::*};

fn main() {
    report_panics();
    if let Some(snapshot) = overlay_room::page_snapshot() {
        hydrate_body(move || view! { <Composite snapshot/> });
        mark_hydrated();
    }
}
