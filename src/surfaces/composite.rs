//! The browser program of the page that the egress records, and of its previews: no router, no server functions, one component.

use footlight::{
    browser::{alive::come_alive, stage},
    composite::Composite,
};
use leptos::{mount::hydrate_body, prelude::*};

fn main() {
    console_error_panic_hook::set_once();
    if let Some(stage) = stage::known() {
        hydrate_body(move || view! { <Composite stage/> });
        come_alive();
    }
}
