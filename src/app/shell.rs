//! The documents of the pages and of the composite, and their security headers. Server only.

use super::{App, Program, site::SiteFiles};
use crate::{api::overlay::OverlaySnapshot, composite::Composite, server::state::AppState};
use axum::http::{HeaderName, HeaderValue, header, request::Parts};
use leptos::{nonce::use_nonce, prelude::*};
use leptos_axum::ResponseOptions;
use leptos_meta::MetaTags;

/// What the headers of a page need from the configuration.
#[derive(Debug, Clone, Default)]
pub struct PageHeaders {
    /// Where scripts may connect beside this origin: the room server's `ws(s)://` and `http(s)://` addresses, separated by a space.
    pub connect_src: String,
}

/// The first connection of a browser's process takes a tenth of a second to make, the first listener for devices (which every
/// room adds) a fiftieth. Both are free while files are on their way.
const WARM_UP: &str = r#"new RTCPeerConnection().close(); navigator.mediaDevices?.addEventListener("devicechange", () => {});"#;
/// What the bridge imports, preloaded before the bridge has been read.
const ROOM_LIBRARY: &str = "/vendor/livekit-client-2.23.0.mjs";

/// The document of every page but the composite.
pub fn shell(files: &SiteFiles) -> impl IntoView + use<> {
    set_headers("same-origin", "private, no-cache", false);
    let program = use_context::<Parts>().and_then(|parts| Program::of(parts.uri.path()));
    let program = program.map(|program| {
        let program = files.of(program);
        view! {
            <link rel="modulepreload" href=program.script() nonce=use_nonce()/>
            <link rel="preload" href=program.wasm() r#as="fetch" r#type="application/wasm" crossorigin="anonymous"/>
            // A module runs after the document has been parsed: there is something to hydrate then.
            <script type="module" src=program.script() nonce=use_nonce()></script>
        }
    });
    view! {
        <!DOCTYPE html>
        <html lang="en" data-page="site" data-now=rendered_at()>
            <head>
                <Basics/>
                <link rel="stylesheet" href=files.style()/>
                <link rel="icon" href="/favicon.svg" type="image/svg+xml"/>
                {program}
                <MetaTags/>
            </head>
            <body>
                <App/>
            </body>
        </html>
    }
}

/// The composite's document, or the error where the egress looks for it. Its address has a token, so it is neither cached nor sent
/// as a referrer.
pub fn composite_shell(files: &SiteFiles, snapshot: Result<OverlaySnapshot, String>) -> impl IntoView + use<> {
    set_headers("no-referrer", "no-store", true);
    let program = snapshot.as_ref().ok().map(|snapshot| {
        let (script, wasm) = (files.composite().script(), files.composite().wasm());
        // In the order in which they are needed. The warm-up blocks the parser: it comes last.
        view! {
            {snapshot.room.is_some().then(|| view! { <link rel="modulepreload" href=ROOM_LIBRARY nonce=use_nonce()/> })}
            <script type="application/json" id="overlay-snapshot" inner_html=as_json(snapshot)></script>
            // It runs as soon as it is loaded: it joins the room before the rest of the document has been parsed.
            <script type="module" r#async=true src=script nonce=use_nonce()></script>
            <link rel="preload" href=wasm r#as="fetch" r#type="application/wasm" crossorigin="anonymous"/>
            {snapshot.room.is_some().then(|| view! { <script nonce=use_nonce() inner_html=WARM_UP></script> })}
        }
    });
    // The stylesheet is inlined, which saves a request; without a build it is that of the pages.
    let styles = match files.composite_style() {
        Some(text) => view! { <style nonce=use_nonce() inner_html=text.to_owned()></style> }.into_any(),
        None => view! { <link rel="stylesheet" href=files.style()/> }.into_any(),
    };
    let body = match snapshot {
        Ok(snapshot) => view! { <Composite snapshot/> }.into_any(),
        Err(message) => view! { <div class="error">{message}</div> }.into_any(),
    };
    view! {
        <!DOCTYPE html>
        <html lang="en" data-page="overlay" data-now=rendered_at()>
            <head>
                <Basics/>
                // Nobody sees its tab: this saves a request.
                <link rel="icon" href="data:,"/>
                <title>"Overlay — Footlight"</title>
                {program}
                {styles}
            </head>
            <body>{body}</body>
        </html>
    }
}

#[component]
fn Basics() -> impl IntoView {
    view! {
        <meta charset="utf-8"/>
        <meta name="viewport" content="width=device-width, initial-scale=1"/>
        <meta name="color-scheme" content="dark light"/>
        <link rel="preload" href="/fonts/archivo-basic.woff2" r#as="font" r#type="font/woff2" crossorigin="anonymous"/>
    }
}

/// The server's time in milliseconds since 1970, from which the page counts on: the reader's clock may be wrong.
fn rendered_at() -> Option<String> {
    use_context::<AppState>().map(|state| state.studio.clock.now().as_millis().to_string())
}

/// JSON that cannot close its script element.
fn as_json(snapshot: &OverlaySnapshot) -> String {
    serde_json::to_string(snapshot).unwrap_or_default().replace('<', "\\u003c")
}

/// Scripts by nonce only, styles from files only or by nonce, no framing.
fn set_headers(referrer: &'static str, cache: &'static str, own_styles: bool) {
    let Some(response) = use_context::<ResponseOptions>() else { return };
    let nonce = use_nonce().map(|nonce| format!(" 'nonce-{nonce}'")).unwrap_or_default();
    let by_nonce = if own_styles { nonce.as_str() } else { "" };
    let connect = use_context::<PageHeaders>().unwrap_or_default().connect_src;
    let policy = format!(
        "default-src 'self'; script-src 'strict-dynamic'{nonce} 'wasm-unsafe-eval'; style-src 'self'{by_nonce}; font-src 'self'; \
         img-src 'self' data:; media-src 'self' blob:; worker-src 'self' blob:; connect-src 'self' {connect}; \
         frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'"
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response.insert_header(header::CONTENT_SECURITY_POLICY, policy);
    }
    let fixed: [(HeaderName, &'static str); 5] = [
        (header::REFERRER_POLICY, referrer),
        (header::CACHE_CONTROL, cache),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (HeaderName::from_static("permissions-policy"), "camera=(self), microphone=(self), display-capture=(self), geolocation=()"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ];
    for (name, value) in fixed {
        response.insert_header(name, HeaderValue::from_static(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_preloaded_library_is_the_imported_one() {
        assert!(include_str!("../browser/bridge/library.js").contains(&format!("\"{ROOM_LIBRARY}\"")));
    }
}
