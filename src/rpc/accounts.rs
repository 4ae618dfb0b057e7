//! Server functions for accounts.

use crate::api::{accounts::Me, error::ApiError, wire::Json};
use leptos::prelude::*;

/// Who is signed in; `None` for nobody.
#[server(prefix = "/rpc", endpoint = "accounts/me", input = Json, output = Json)]
pub async fn who_am_i() -> Result<Option<Me>, ApiError> {
    use crate::server::rpc;
    rpc::own_page().await?;
    rpc::reply(rpc::caller().await.map(|caller| caller.map(|caller| caller.me())))
}

/// Whether anybody may create an account.
#[server(prefix = "/rpc", endpoint = "accounts/sign-up-open", input = Json, output = Json)]
pub async fn sign_up_open() -> Result<bool, ApiError> {
    use crate::server::{accounts::Accounts, rpc};
    rpc::own_page().await?;
    Ok(rpc::part::<Accounts>().sign_up_open())
}

/// Sets a new password; the old one is needed where there is one. With `revoke_keys` every API key of the account and its agents is
/// revoked too.
#[server(prefix = "/rpc", endpoint = "accounts/password", input = Json, output = Json)]
pub async fn change_password(old: Option<String>, new: String, revoke_keys: Option<bool>) -> Result<(), ApiError> {
    use crate::server::{
        accounts::{Accounts, api_keys::ApiKeys},
        rpc,
    };
    let (accounts, caller) = rpc::admit::<Accounts>().await?;
    rpc::reply(accounts.change_password(&caller, old.as_deref(), &new, &rpc::origin()).await)?;
    if revoke_keys == Some(true) {
        rpc::reply(rpc::part::<ApiKeys>().revoke_all(&caller.user.id, &rpc::origin()).await)?;
    }
    Ok(())
}
