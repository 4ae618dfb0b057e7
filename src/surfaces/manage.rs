//! The browser program of the pages that list and set things: home, settings, administration, analytics, the API's page.

use footlight::{
    app::{ManageApp, Program},
    browser::{
        hydration::{is_rendered_anew, mark_hydrated, report_panics},
        page::bypass_router_for,
    },
};
use leptos::mount::{hydrate_body, mount_to_body};

fn main() {
    report_panics();
    bypass_router_for(|path| Program::of(path) != Some(Program::Manage));
    if is_rendered_anew() {
        mount_to_body(ManageApp);
    } else {
        hydrate_body(ManageApp);
    }
    mark_hydrated();
}
