//! What the pages share: the header, and who is signed in.

use crate::{
    api::{
        accounts::Me,
        error::{ApiError, ErrorCode},
    },
    components::{notice::ErrorNotice, site_header::SiteHeader},
    domain::{account::Role, ids::SessionId},
    rpc::accounts::who_am_i,
};
use leptos::prelude::*;
use leptos_router::{
    components::{Outlet, Redirect},
    hooks::use_location,
    location::Location,
};

/// Who is signed in; loaded once for header and pages.
#[derive(Clone, Copy)]
pub struct CurrentUser(pub Resource<Result<Option<Me>, ApiError>>);

/// The header above a page.
#[component]
pub fn PageLayout() -> AnyView {
    let me = Resource::new_blocking(|| (), |()| who_am_i());
    provide_context(CurrentUser(me));
    view! {
        <Suspense fallback=|| ()>
            {move || {
                me.get().map(|me| {
                    let me = me.ok().flatten();
                    let admin = me.as_ref().is_some_and(|me| me.role == Role::Admin);
                    view! { <SiteHeader name=Signal::stored(me.map(|me| me.name)) admin=Signal::stored(admin)/> }
                })
            }}
        </Suspense>
        <Outlet/>
    }
    .into_any()
}

/// Opens another page of this site as a new document.
pub fn open_document(path: &str) {
    // Fails only for an address that cannot be read, and ours can.
    let _ = window().location().assign(path);
}

/// A path of this site, else the front page: the value comes from an address and is not trusted.
pub fn safe_next(next: Option<String>) -> String {
    let plain =
        |path: &str| path.starts_with('/') && !path.starts_with("//") && !path.contains('\\') && !path.chars().any(char::is_control);
    next.filter(|path| plain(path)).unwrap_or_else(|| "/".to_owned())
}

/// Path and query of a page.
pub fn address_of(here: &Location) -> String {
    let (path, search) = (here.pathname.get_untracked(), here.search.get_untracked());
    if search.is_empty() { path } else { format!("{path}?{search}") }
}

/// A path of this site, with its query, as the value of a query.
pub fn encoded(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
    path.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// Reads a session id from an address. A malformed one is answered like an unknown one.
///
/// # Errors
/// It is not an id.
pub fn parse_session_id(text: &str) -> Result<SessionId, ApiError> {
    text.parse().map_err(|_| ApiError::new(ErrorCode::NotFound, "There is no such stream."))
}

#[component]
fn RedirectToSignIn() -> impl IntoView {
    view! { <Redirect path=format!("/sign-in?next={}", encoded(&address_of(&use_location())))/> }
}

/// Shown when a page cannot be loaded: redirects to sign-in if that is missing, else the error with a retry.
pub fn load_error(error: ApiError, on_retry: Callback<()>) -> AnyView {
    match error.code {
        ErrorCode::Unauthenticated => view! { <RedirectToSignIn/> }.into_any(),
        _ => view! { <ErrorNotice message=error.message on_retry/> }.into_any(),
    }
}

#[cfg(test)]
mod tests {
    use super::{encoded, safe_next};

    #[test]
    fn next_keeps_its_own_query() {
        assert_eq!(encoded("/admin/sessions?q=a&b=ü"), "/admin/sessions%3Fq%3Da%26b%3D%C3%BC");
    }

    #[test]
    fn next_is_a_path_of_this_site() {
        for (next, expected) in [
            (Some("/admin/sessions"), "/admin/sessions"),
            (Some("//evil.example"), "/"),
            (Some("/\\evil.example"), "/"),
            (Some("/\t/evil.example"), "/"),
            (Some("https://evil.example"), "/"),
            (None, "/"),
        ] {
            assert_eq!(safe_next(next.map(str::to_owned)), expected);
        }
    }
}
