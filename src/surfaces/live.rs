//! The browser program of the pages about one show and its picture: Go live, a session's own page, the gallery.

use footlight::{
    app::{LiveApp, Program},
    browser::{alive::come_alive, page::links_leave},
};

fn main() {
    console_error_panic_hook::set_once();
    links_leave(|path| Program::of(path) != Some(Program::Live));
    leptos::mount::hydrate_body(LiveApp);
    come_alive();
}
