//! Page not found. The server answers 404 with it.

use crate::components::site_header::Logo;
use leptos::prelude::*;
use leptos_meta::Title;

#[component]
pub fn NotFound() -> impl IntoView {
    view! {
        <Title text="Page not found"/>
        <main class="error-page" id="content">
            <a href="/" aria-label="Footlight, home"><Logo/></a>
            <h1>"Page not found"</h1>
            <p>"There is no page at this address."</p>
            <a class="button" href="/">"Back to the front page"</a>
        </main>
    }
}
