//! The document round the application, and the headers that fence it in. Server only.

use super::App;
use leptos::{config::LeptosOptions, nonce::use_nonce, prelude::*};
use leptos_axum::ResponseOptions;
use leptos_meta::{HashedStylesheet, MetaTags};

/// What the server knows and the headers of a page need.
#[derive(Debug, Clone, Default)]
pub struct PageHeaders {
    /// Where scripts may connect beside this origin: the room server's `ws(s)://` and `http(s)://` addresses, space between.
    pub connect_src: String,
}

/// The overlay joins its room while its program still loads; both use the bridge at one address, so there is one room.
const EARLY_STAGE: &str = r#"import("/bridge.js").then((bridge) => document.getElementById("stage") && bridge.earlyStage())"#;

/// The whole document.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    let overlay = is_overlay();
    set_headers(overlay);
    view! {
        <!DOCTYPE html>
        <html lang="en" data-page=if overlay { "overlay" } else { "house" }>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content="dark light"/>
                <link rel="icon" href="/favicon.svg" type="image/svg+xml"/>
                <link rel="preload" href="/fonts/archivo-latin.woff2" r#as="font" r#type="font/woff2" crossorigin="anonymous"/>
                <HashedStylesheet options=options.clone() id="leptos"/>
                {overlay.then(|| view! { <script type="module" nonce=use_nonce() inner_html=EARLY_STAGE></script> })}
                <HydrationScripts options/>
                <MetaTags/>
            </head>
            <body>
                <App/>
            </body>
        </html>
    }
}

fn is_overlay() -> bool {
    use_context::<axum::http::request::Parts>().is_some_and(|parts| parts.uri.path() == "/stream/overlay")
}

/// Scripts by nonce only, styles from files only, nobody may frame us. The overlay's address carries a token: it is neither
/// stored nor passed on.
fn set_headers(overlay: bool) {
    use axum::http::{HeaderName, HeaderValue, header};
    let Some(response) = use_context::<ResponseOptions>() else { return };
    let nonce = use_nonce().map(|nonce| format!(" 'nonce-{nonce}'")).unwrap_or_default();
    let connect = use_context::<PageHeaders>().unwrap_or_default().connect_src;
    let policy = format!(
        "default-src 'self'; script-src 'strict-dynamic'{nonce} 'wasm-unsafe-eval'; style-src 'self'; font-src 'self'; \
         img-src 'self' data:; media-src 'self' blob:; worker-src 'self' blob:; connect-src 'self' {connect}; \
         frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'"
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response.insert_header(header::CONTENT_SECURITY_POLICY, policy);
    }
    let (referrer, cache) = if overlay { ("no-referrer", "no-store") } else { ("same-origin", "private, no-cache") };
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
