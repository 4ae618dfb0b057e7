//! The pages as the browser fetches them: each in a file of its own, when its address is opened, so that no page pays for
//! another's code.

use crate::pages::{
    admin_sessions::AdminSessions, analytics::Analytics, api_docs::ApiDocs, deliveries::Deliveries, gallery::Gallery, go_live::GoLive,
    help::Help, home::Home, session::Session, settings::Settings, sign_in::SignIn, sign_up::SignUp,
};
use leptos::prelude::*;
use leptos_router::{LazyRoute, lazy_route};

macro_rules! fetched_when_opened {
    ($($route:ident: $page:ident,)+) => { $(
        pub(super) struct $route;

        #[lazy_route]
        impl LazyRoute for $route {
            fn data() -> Self {
                Self
            }

            fn view(_this: Self) -> AnyView {
                view! { <$page/> }.into_any()
            }
        }
    )+ };
}

fetched_when_opened! {
    HomePage: Home,
    SignInPage: SignIn,
    SignUpPage: SignUp,
    GalleryPage: Gallery,
    GoLivePage: GoLive,
    HelpPage: Help,
    SessionPage: Session,
    SettingsPage: Settings,
    AdminSessionsPage: AdminSessions,
    AnalyticsPage: Analytics,
    ApiDocsPage: ApiDocs,
    DeliveriesPage: Deliveries,
}
