//! No such page. The server answers 404 with it.

use crate::components::site_header::Logo;
use leptos::prelude::*;
use leptos_meta::Title;

/// An address that leads nowhere.
#[component]
pub fn NotFound() -> impl IntoView {
    view! {
        <Title text="Not found"/>
        <main class="error-page" id="content">
            <a href="/" aria-label="Footlight, home"><Logo/></a>
            <h1>"This door is painted on the scenery"</h1>
            <p>"There is no page at this address."</p>
            <a class="button" href="/">"Back to the house"</a>
        </main>
    }
}
