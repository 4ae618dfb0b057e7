//! The pages as the browser fetches them: each in a file of its own, when its address is opened, so that no page pays for
//! another's code.

use crate::{
    browser::{alive::is_alive, clock::pause},
    components::notice::Trouble,
    pages::{
        admin_sessions::AdminSessions, analytics::Analytics, api_docs::ApiDocs, deliveries::Deliveries, gallery::Gallery, go_live::GoLive,
        help::Help, home::Home, house::leave_for, session::Session, settings::Settings, sign_in::SignIn, sign_up::SignUp,
    },
};
use leptos::{
    prelude::*,
    wasm_split::{SplitLoaderError, wasm_split},
};
use leptos_meta::Title;
use leptos_router::{LazyRoute, hooks::use_location};
use std::sync::Arc;

/// In milliseconds: how soon a file that was lost is asked for again.
const ASKED_AGAIN_MS: u64 = 1_000;

/// How the server tells a browser which part of the program its page comes in, before the program has to ask for it.
#[derive(Clone)]
pub(super) struct Announce(pub(super) Arc<dyn Fn(&str) + Send + Sync>);

/// Written out instead of `#[lazy_route]`, which breaks the whole house off when a page's file does not come.
macro_rules! fetched_when_opened {
    ($($route:ident: $page:ident, $fetch:ident, $preload:ident;)+) => { $(
        pub(super) struct $route;

        #[allow(clippy::unnecessary_wraps, reason = "the file may not come: the macro makes the error")]
        #[wasm_split($fetch, wasm_split_path = leptos::wasm_split, preload($preload), fallible)]
        fn $fetch() -> Result<AnyView, SplitLoaderError> {
            Ok(view! { <$page/> }.into_any())
        }

        impl LazyRoute for $route {
            fn data() -> Self {
                Self
            }

            async fn view(_this: Self) -> AnyView {
                if let Some(Announce(announce)) = use_context() {
                    announce(stringify!($fetch));
                }
                $fetch().await.unwrap_or_else(|_| not_fetched())
            }

            async fn preload() {
                // A document stands as it was sent until its program comes; in a house that is alive, `view` says what is missing.
                while $preload().await.is_err() && !is_alive() {
                    pause(ASKED_AGAIN_MS).await;
                }
            }
        }
    )+ };
}

fetched_when_opened! {
    HomePage: Home, home, preload_home;
    SignInPage: SignIn, sign_in, preload_sign_in;
    SignUpPage: SignUp, sign_up, preload_sign_up;
    GalleryPage: Gallery, gallery, preload_gallery;
    GoLivePage: GoLive, go_live, preload_go_live;
    HelpPage: Help, help, preload_help;
    SessionPage: Session, session, preload_session;
    SettingsPage: Settings, settings, preload_settings;
    AdminSessionsPage: AdminSessions, admin_sessions, preload_admin_sessions;
    AnalyticsPage: Analytics, analytics, preload_analytics;
    ApiDocsPage: ApiDocs, api_docs, preload_api_docs;
    DeliveriesPage: Deliveries, deliveries, preload_deliveries;
}

/// What stands there instead of a page whose file did not come.
fn not_fetched() -> AnyView {
    let here = use_location();
    let again = Callback::new(move |()| leave_for(&format!("{}{}", here.pathname.get_untracked(), here.search.get_untracked())));
    view! {
        <Title text="Not loaded"/>
        <main class="stage-door" id="content"><Trouble message="This page did not reach this browser." on_retry=again/></main>
    }
    .into_any()
}
