//! The Leptos application: providers, error boundary, route tables.
//!
//! The server knows every page. A browser gets the program of the page it opened: `live` for one session and its overlay, `manage`
//! for lists and settings, none for pages that are plain documents (sign in, sign up, sign out, help, the gallery). A link from a page
//! of one program to a page of another opens a new document.

#[cfg(feature = "ssr")]
pub mod shell;
#[cfg(feature = "ssr")]
pub mod site;

use crate::{
    components::notice::{ErrorNotice, Loading},
    pages::{
        account_deletion::DeleteAccount,
        admin_sessions::AdminSessions,
        analytics::Analytics,
        api_docs::ApiDocs,
        deliveries::Deliveries,
        gallery::Gallery,
        go_live::GoLive,
        health::Health,
        help::Help,
        home::Home,
        layout::{PageLayout, address_of, open_document},
        not_found::NotFound,
        session::Session,
        session_deletion::DeleteSession,
        settings::Settings,
        sign_in::SignIn,
        sign_out::SignOut,
        sign_up::SignUp,
    },
};
use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::{
    SsrMode,
    components::{Outlet, ParentRoute, Route, Router, Routes},
    hooks::use_location,
    path,
};

/// Which program a page's document loads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// Pages about one session: Go live, a session's own page.
    Live,
    /// Lists and settings: home, settings, administration, analytics, the API's page.
    Manage,
}

impl Program {
    /// The program of the page at this path; `None` for plain documents and for addresses without a page.
    pub fn of(path: &str) -> Option<Self> {
        match path.trim_end_matches('/') {
            "/go-live" => Some(Self::Live),
            "" | "/settings" | "/analytics" | "/api/docs" | "/admin/analytics" | "/admin/deliveries" | "/admin/sessions" => {
                Some(Self::Manage)
            }
            other => other.strip_prefix("/sessions/").filter(|id| !id.contains('/')).map(|_| Self::Live),
        }
    }
}

/// Every page, as the server renders it: in one piece (`Async`), so that 401, 404 and redirects are the HTTP status and the layout
/// does not shift.
#[component]
pub fn App() -> impl IntoView {
    view! {
        <Frame>
            <Routes fallback=NotFound>
                <ParentRoute path=path!("") view=PageLayout>
                    <LiveRoutes/>
                    <ManageRoutes/>
                    <PlainRoutes/>
                </ParentRoute>
            </Routes>
        </Frame>
    }
}

/// The pages of the program `live`.
#[component]
pub fn LiveApp() -> impl IntoView {
    view! {
        <Frame>
            <Routes fallback=Elsewhere>
                <ParentRoute path=path!("") view=PageLayout>
                    <LiveRoutes/>
                </ParentRoute>
            </Routes>
        </Frame>
    }
}

/// The pages of the program `manage`.
#[component]
pub fn ManageApp() -> impl IntoView {
    view! {
        <Frame>
            <Routes fallback=Elsewhere>
                <ParentRoute path=path!("") view=PageLayout>
                    <ManageRoutes/>
                </ParentRoute>
            </Routes>
        </Frame>
    }
}

/// What surrounds the route tables of the server and of each program.
#[component]
fn Frame(children: Children) -> impl IntoView {
    provide_meta_context();
    view! {
        <Title formatter=|page: String| if page.is_empty() { "Footlight".to_owned() } else { format!("{page} — Footlight") }/>
        <Router>
            <ErrorBoundary fallback=|errors| {
                let message = move || errors.get().into_iter().map(|(_, error)| error.to_string()).collect::<Vec<_>>().join(" ");
                view! { <main class="error-page"><ErrorNotice message=Signal::derive(message)/></main> }
            }>
                {children()}
            </ErrorBoundary>
        </Router>
    }
}

/// A program was sent to an address that is not its own, such as sign-in: opens the server's document.
#[component]
fn Elsewhere() -> impl IntoView {
    let here = use_location();
    Effect::new(move |_| open_document(&address_of(&here)));
    view! { <main class="page" id="content"><Loading/></main> }
}

#[component(transparent)]
fn LiveRoutes() -> impl leptos_router::MatchNestedRoutes + Clone {
    view! {
        <ParentRoute path=path!("") view=Outlet>
            <Route path=path!("/go-live") view=GoLive ssr=SsrMode::Async/>
            <Route path=path!("/sessions/:id") view=Session ssr=SsrMode::Async/>
        </ParentRoute>
    }
    .into_inner()
}

#[component(transparent)]
fn ManageRoutes() -> impl leptos_router::MatchNestedRoutes + Clone {
    view! {
        <ParentRoute path=path!("") view=Outlet>
            <Route path=path!("/") view=Home ssr=SsrMode::Async/>
            <Route path=path!("/settings") view=Settings ssr=SsrMode::Async/>
            <Route path=path!("/analytics") view=Analytics ssr=SsrMode::Async/>
            <Route path=path!("/admin/analytics") view=Analytics ssr=SsrMode::Async/>
            <Route path=path!("/admin/deliveries") view=Deliveries ssr=SsrMode::Async/>
            <Route path=path!("/admin/sessions") view=AdminSessions ssr=SsrMode::Async/>
            <Route path=path!("/api/docs") view=ApiDocs ssr=SsrMode::Async/>
        </ParentRoute>
    }
    .into_inner()
}

#[component(transparent)]
fn PlainRoutes() -> impl leptos_router::MatchNestedRoutes + Clone {
    view! {
        <ParentRoute path=path!("") view=Outlet>
            <Route path=path!("/sign-in") view=SignIn ssr=SsrMode::Async/>
            <Route path=path!("/sign-up") view=SignUp ssr=SsrMode::Async/>
            <Route path=path!("/sign-out") view=SignOut ssr=SsrMode::Async/>
            <Route path=path!("/account/delete") view=DeleteAccount ssr=SsrMode::Async/>
            <Route path=path!("/sessions/:id/delete") view=DeleteSession ssr=SsrMode::Async/>
            <Route path=path!("/admin/health") view=Health ssr=SsrMode::Async/>
            <Route path=path!("/help") view=Help ssr=SsrMode::Async/>
            <Route path=path!("/gallery") view=Gallery ssr=SsrMode::Async/>
        </ParentRoute>
    }
    .into_inner()
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;
    use leptos_axum::generate_route_list;

    #[test]
    fn a_document_loads_the_program_that_has_its_page() {
        for (routes, program) in [(generate_route_list(LiveApp), Program::Live), (generate_route_list(ManageApp), Program::Manage)] {
            assert!(routes.len() > 1);
            for route in routes {
                assert_eq!(Program::of(route.path()), Some(program), "{}", route.path());
            }
        }
        for path in [
            "/sign-in",
            "/sign-up",
            "/sign-out",
            "/help",
            "/gallery",
            "/nowhere",
            "/sessions/01J/more",
            "/sessions/01J/delete",
            "/account/delete",
            "/admin/health",
        ] {
            assert_eq!(Program::of(path), None, "{path}");
        }
        assert_eq!(Program::of("/admin/sessions/"), Some(Program::Manage));
    }
}
