//! Plain HTML forms: sign in, sign up, sign out. A refused form answers with its own page and the reason; an accepted one
//! redirects.

use crate::{
    api::{
        accounts::Credentials,
        error::{ApiError, ErrorCode},
    },
    app::{shell::shell, site::SiteFiles},
    pages::{layout::safe_next, sign_in::RefusedForm},
    server::{
        auth::origin::Origin,
        cookies::{self, SIGN_IN_COOKIE},
        error::StudioError,
        rpc, security,
        state::AppState,
        studio::accounts::SIGNED_IN_DAYS,
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
use serde::Deserialize;
use std::sync::Arc;

#[derive(Clone, Copy)]
pub enum AccountForm {
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
pub async fn account(
    form: AccountForm,
    state: AppState,
    files: Arc<SiteFiles>,
    provide: impl Fn() + Clone + Send + Sync + 'static,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let (name, refused) = match read(&parts, body).await {
        Err(error) => (String::new(), error),
        Ok(fields) => match enter(form, &state, &parts, &fields).await {
            Ok(cookies) => {
                let next = Query::<GoOn>::try_from_uri(&parts.uri).ok().and_then(|Query(go_on)| go_on.next);
                return see_other(&safe_next(next), &cookies);
            }
            Err(error) => (fields.name, error),
        },
    };
    let context = move || {
        provide();
        provide_context(RefusedForm { name: name.clone(), message: refused.message.clone() });
        rpc::page_reply(Err(&refused));
    };
    let render = leptos_axum::render_app_async_with_context(context, move || shell(&files));
    render(Request::from_parts(parts, Body::empty())).await
}

/// Ends the sign-in of this browser: 303 to the front page.
pub async fn sign_out(state: AppState, parts: Parts) -> Response {
    let config = state.studio.config();
    let over = async {
        security::same_origin(&parts.headers, config)?;
        if let Some(token) = cookies::cookie(&parts.headers, SIGN_IN_COOKIE) {
            state.studio.sign_out(token, &Origin::of(&parts, config)).await.map_err(StudioError::into_api_error)?;
        }
        Ok::<_, ApiError>(())
    };
    match over.await {
        Ok(()) => see_other("/", &cookies::sign_out_cookies(config)),
        Err(error) => (StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), error.message).into_response(),
    }
}

async fn read(parts: &Parts, body: Body) -> Result<Fields, ApiError> {
    let request = Request::from_parts(parts.clone(), body);
    let Form(fields) = Form::<Fields>::from_request(request, &())
        .await
        .map_err(|_| ApiError::new(ErrorCode::Invalid, "The form did not arrive whole. Fill it in again."))?;
    Ok(fields)
}

/// Signs in and returns the cookies.
async fn enter(form: AccountForm, state: &AppState, parts: &Parts, fields: &Fields) -> Result<Vec<String>, ApiError> {
    let (studio, config) = (&state.studio, state.studio.config());
    security::same_origin(&parts.headers, config)?;
    let origin = Origin::of(parts, config);
    let credentials = || Credentials { name: fields.name.clone(), password: fields.password.clone() };
    let signed_in = match (form, fields.token.as_deref()) {
        (AccountForm::SignIn, Some(token)) => studio.sign_in_once(token, &origin).await,
        (AccountForm::SignIn, None) => studio.sign_in(&credentials(), &origin).await,
        (AccountForm::SignUp, _) => studio.sign_up(&credentials(), &origin).await,
    };
    let signed_in = signed_in.map_err(StudioError::into_api_error)?;
    Ok(cookies::sign_in_cookies(signed_in.token, SIGNED_IN_DAYS, config))
}

fn see_other(path: &str, cookies: &[String]) -> Response {
    let cookies = AppendHeaders(cookies.iter().map(|cookie| (header::SET_COOKIE, cookie.as_str())));
    (StatusCode::SEE_OTHER, [(header::LOCATION, path), (header::CACHE_CONTROL, "no-store")], cookies).into_response()
}
