//! The browser program of the pages about one session: Go live, a session's page.

use footlight::{
    app::{LiveApp, Program},
    browser::{
        hydration::{is_rendered_anew, mark_hydrated, report_panics},
        page::bypass_router_for,
    },
};
use leptos::mount::{hydrate_body, mount_to_body};

fn main() {
    report_panics();
    bypass_router_for(|path| Program::of(path) != Some(Program::Live));
    if is_rendered_anew() {
        mount_to_body(LiveApp);
    } else {
        hydrate_body(LiveApp);
    }
    mark_hydrated();
}
