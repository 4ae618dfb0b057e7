//! The browser program of the pages that list and set things: home, settings, administration, analytics, the API's page.

use footlight::{
    app::{ManageApp, Program},
    browser::{hydration::mark_hydrated, page::bypass_router_for},
};

fn main() {
    console_error_panic_hook::set_once();
    bypass_router_for(|path| Program::of(path) != Some(Program::Manage));
    leptos::mount::hydrate_body(ManageApp);
    mark_hydrated();
}
