//! The browser program of the pages about one session and its overlay: Go live, a session's page, the gallery.

use footlight::{
    app::{LiveApp, Program},
    browser::{hydration::mark_hydrated, page::bypass_router_for},
};

fn main() {
    console_error_panic_hook::set_once();
    bypass_router_for(|path| Program::of(path) != Some(Program::Live));
    leptos::mount::hydrate_body(LiveApp);
    mark_hydrated();
}
