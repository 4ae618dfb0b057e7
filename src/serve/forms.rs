//! Plain HTML forms: sign in, sign up, sign out. A refused form answers with its own page and the reason; an accepted one
//! redirects.

use super::page::Renderer;
use crate::{
    api::{
        accounts::Credentials,
        error::{ApiError, ErrorCode},
    },
    pages::{layout::safe_next, sign_in::RefusedForm},
    server::{
        accounts::SIGNED_IN_DAYS,
        auth::{
            caller::{Caller, Proof, not_signed_in},
            origin::Origin,
        },
        cookies::{self, SIGN_IN_COOKIE},
        error::StudioError,
        http::extract::Identified,
        rpc, security,
        state::AppState,
    },
};
use axum::{
    Form,
    body::Body,
    extract::{FromRequest, Query, Request},
    http::{StatusCode, header, request::Parts},
    response::{AppendHeaders, IntoResponse, Response},
};
use leptos::prelude::provide_context;
use serde::{Deserialize, de::DeserializeOwned};

#[derive(Clone, Copy)]
pub enum Entrance {
    /// Name and password, or the token of a one-time link.
    SignIn,
    /// A new name and password.
    SignUp,
}

/// What the forms send. It holds a password: it has no `Debug`.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Fields {
    name: String,
    password: String,
    token: Option<String>,
}

/// In the form's address.
#[derive(Deserialize)]
struct GoOn {
    next: Option<String>,
}

/// Signs in: 303 to the requested page. Refused: the same page with the reason and its status.
pub async fn enter(entrance: Entrance, site: Renderer, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let (name, refused) = match read_form::<Fields>(&parts, body).await {
        Err(error) => (String::new(), error),
        Ok(fields) => match signed_in(entrance, &site.state, &parts, &fields).await {
            Ok(cookies) => {
                let next = Query::<GoOn>::try_from_uri(&parts.uri).ok().and_then(|Query(go_on)| go_on.next);
                return see_other(&safe_next(next), &cookies);
            }
            Err(error) => (fields.name, error),
        },
    };
    refuse(&site, parts, name, refused).await
}

/// The form's page again, with what was typed, the reason and its status.
pub(super) async fn refuse(site: &Renderer, parts: Parts, name: String, error: ApiError) -> Response {
    let context = move || {
        provide_context(RefusedForm { name: name.clone(), message: error.message.clone() });
        rpc::page_reply(Err(&error));
    };
    site.page(parts, context).await
}

/// Ends the sign-in of this browser: 303 to the front page. Refused: a page with the reason, from which to try again.
pub async fn sign_out(site: Renderer, parts: Parts) -> Response {
    let (accounts, config) = (&site.state.studio.accounts, &site.state.studio.config);
    let over = async {
        security::same_origin(&parts.headers, config)?;
        if let Some(token) = cookies::cookie(&parts.headers, SIGN_IN_COOKIE) {
            accounts.sign_out(token, &Origin::of(&parts, config)).await.map_err(StudioError::into_api_error)?;
        }
        Ok::<_, ApiError>(())
    };
    match over.await {
        Ok(()) => see_other("/", &cookies::sign_out_cookies(config)),
        Err(error) => refuse(&site, parts, String::new(), error).await,
    }
}

/// The fields of a form.
pub(super) async fn read_form<T: DeserializeOwned>(parts: &Parts, body: Body) -> Result<T, ApiError> {
    let request = Request::from_parts(parts.clone(), body);
    let Form(fields) = Form::<T>::from_request(request, &())
        .await
        .map_err(|_| ApiError::new(ErrorCode::Invalid, "The form did not arrive whole. Fill it in again."))?;
    Ok(fields)
}

/// Signs in and returns the cookies.
async fn signed_in(entrance: Entrance, state: &AppState, parts: &Parts, fields: &Fields) -> Result<Vec<String>, ApiError> {
    let (accounts, config) = (&state.studio.accounts, &state.studio.config);
    security::same_origin(&parts.headers, config)?;
    let origin = Origin::of(parts, config);
    let credentials = || Credentials { name: fields.name.clone(), password: fields.password.clone() };
    let signed_in = match (entrance, fields.token.as_deref()) {
        (Entrance::SignIn, Some(token)) => accounts.sign_in_once(token, &origin).await,
        (Entrance::SignIn, None) => accounts.sign_in(&credentials(), &origin).await,
        (Entrance::SignUp, _) => accounts.sign_up(&credentials(), &origin).await,
    };
    let signed_in = signed_in.map_err(StudioError::into_api_error)?;
    Ok(cookies::sign_in_cookies(signed_in.token, SIGNED_IN_DAYS, config))
}

pub(super) fn see_other(path: &str, cookies: &[String]) -> Response {
    let cookies = AppendHeaders(cookies.iter().map(|cookie| (header::SET_COOKIE, cookie.as_str())));
    (StatusCode::SEE_OTHER, [(header::LOCATION, path), (header::CACHE_CONTROL, "no-store")], cookies).into_response()
}

/// Who sent the form from one of our own pages.
pub fn admitted(site: &Renderer, parts: &Parts) -> Result<(Caller, Origin), ApiError> {
    let config = &site.state.studio.config;
    security::same_origin(&parts.headers, config)?;
    let found = parts.extensions.get::<Identified>().and_then(|Identified(found)| found.clone());
    let caller = found.filter(|caller| matches!(caller.proof, Proof::SignIn(_))).ok_or_else(not_signed_in)?;
    Ok((caller, Origin::of(parts, config)))
}
