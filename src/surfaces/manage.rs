//! The browser program of the pages that list and set things: home, settings, administration, analytics, the API's page.

use footlight::{
    app::{ManageApp, Program},
    browser::{alive::come_alive, page::links_leave},
};

fn main() {
    console_error_panic_hook::set_once();
    links_leave(|path| Program::of(path) != Some(Program::Manage));
    leptos::mount::hydrate_body(ManageApp);
    come_alive();
}
