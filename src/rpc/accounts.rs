//! Accounts.

use crate::api::{
    accounts::{Credentials, Me},
    error::ApiError,
    wire::Json,
};
use leptos::prelude::*;

/// Who is signed in; `None` for nobody.
#[server(prefix = "/rpc", endpoint = "accounts/me", input = Json, output = Json)]
pub async fn who_am_i() -> Result<Option<Me>, ApiError> {
    use crate::server::rpc;
    let studio = rpc::studio().await?;
    rpc::reply(rpc::caller(&studio).await.map(|caller| caller.map(|caller| caller.me())))
}

/// Whether strangers may make an account.
#[server(prefix = "/rpc", endpoint = "accounts/sign-up-open", input = Json, output = Json)]
pub async fn sign_up_open() -> Result<bool, ApiError> {
    use crate::server::rpc;
    Ok(rpc::studio().await?.sign_up_open())
}

/// Makes an account and signs it in.
#[server(prefix = "/rpc", endpoint = "accounts/sign-up", input = Json, output = Json)]
pub async fn sign_up(credentials: Credentials) -> Result<Me, ApiError> {
    use crate::server::rpc;
    let studio = rpc::studio().await?;
    rpc::sign_in_reply(studio.sign_up(&credentials, &rpc::origin()).await)
}

/// Signs in by name and password.
#[server(prefix = "/rpc", endpoint = "accounts/sign-in", input = Json, output = Json)]
pub async fn sign_in(credentials: Credentials) -> Result<Me, ApiError> {
    use crate::server::rpc;
    let studio = rpc::studio().await?;
    rpc::sign_in_reply(studio.sign_in(&credentials, &rpc::origin()).await)
}

/// Signs in by a one-time link's token.
#[server(prefix = "/rpc", endpoint = "accounts/sign-in-once", input = Json, output = Json)]
pub async fn sign_in_once(token: String) -> Result<Me, ApiError> {
    use crate::server::rpc;
    let studio = rpc::studio().await?;
    rpc::sign_in_reply(studio.sign_in_once(&token, &rpc::origin()).await)
}

/// Signs this browser out.
#[server(prefix = "/rpc", endpoint = "accounts/sign-out", input = Json, output = Json)]
pub async fn sign_out() -> Result<(), ApiError> {
    use crate::server::rpc;
    let studio = rpc::studio().await?;
    rpc::sign_out_reply(&studio).await
}

/// Sets a new password; the old one is needed where there is one.
#[server(prefix = "/rpc", endpoint = "accounts/password", input = Json, output = Json)]
pub async fn change_password(old: Option<String>, new: String) -> Result<(), ApiError> {
    use crate::server::rpc;
    let (studio, caller) = rpc::admit().await?;
    rpc::reply(studio.change_password(&caller, old.as_deref(), &new, &rpc::origin()).await)
}
