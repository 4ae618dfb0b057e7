//! The application as Leptos sees it: providers, error boundary, route table. What a page holds is the page's business.

mod lazy;
#[cfg(feature = "ssr")]
pub mod shell;

use crate::{
    components::notice::Trouble,
    pages::{house::House, not_found::NotFound},
};
use lazy::{
    AdminSessionsPage, AnalyticsPage, ApiDocsPage, DeliveriesPage, GalleryPage, GoLivePage, HelpPage, HomePage, SessionPage, SettingsPage,
    SignInPage, SignUpPage,
};
use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::{
    Lazy, SsrMode,
    components::{ParentRoute, Route, Router, Routes},
    path,
};

/// Every page of the house, under its header; the composite has a document and a program of its own. Rendered in one piece
/// (`Async`), so that 401, 404 and redirects are the HTTP status and nothing jumps.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    view! {
        <Title formatter=|page: String| if page.is_empty() { "Footlight".to_owned() } else { format!("{page} — Footlight") }/>
        <Router>
            <ErrorBoundary fallback=|errors| {
                let told = move || errors.get().into_iter().map(|(_, error)| error.to_string()).collect::<Vec<_>>().join(" ");
                view! { <main class="stage-door"><Trouble message=Signal::derive(told)/></main> }
            }>
                <Routes fallback=NotFound>
                    <ParentRoute path=path!("") view=House>
                        <Route path=path!("/") view={Lazy::<HomePage>::new()} ssr=SsrMode::Async/>
                        <Route path=path!("/sign-in") view={Lazy::<SignInPage>::new()} ssr=SsrMode::Async/>
                        <Route path=path!("/api/docs") view={Lazy::<ApiDocsPage>::new()} ssr=SsrMode::Async/>
                        <Route path=path!("/sign-up") view={Lazy::<SignUpPage>::new()} ssr=SsrMode::Async/>
                        <Route path=path!("/go-live") view={Lazy::<GoLivePage>::new()} ssr=SsrMode::Async/>
                        <Route path=path!("/sessions/:id") view={Lazy::<SessionPage>::new()} ssr=SsrMode::Async/>
                        <Route path=path!("/gallery") view={Lazy::<GalleryPage>::new()} ssr=SsrMode::Async/>
                        <Route path=path!("/help") view={Lazy::<HelpPage>::new()} ssr=SsrMode::Async/>
                        <Route path=path!("/settings") view={Lazy::<SettingsPage>::new()} ssr=SsrMode::Async/>
                        <Route path=path!("/analytics") view={Lazy::<AnalyticsPage>::new()} ssr=SsrMode::Async/>
                        <Route path=path!("/admin/analytics") view={Lazy::<AnalyticsPage>::new()} ssr=SsrMode::Async/>
                        <Route path=path!("/admin/deliveries") view={Lazy::<DeliveriesPage>::new()} ssr=SsrMode::Async/>
                        <Route path=path!("/admin/sessions") view={Lazy::<AdminSessionsPage>::new()} ssr=SsrMode::Async/>
                    </ParentRoute>
                </Routes>
            </ErrorBoundary>
        </Router>
    }
}
