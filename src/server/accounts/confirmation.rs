//! Asks for the password again before something that cannot be undone.

use super::Accounts;
use crate::{
    api::error::ApiError,
    domain::account::name_keys,
    server::{
        auth::{caller::Caller, origin::Origin, password},
        error::StudioResult,
    },
};

impl Accounts {
    /// Whether the password is the caller's. An account without one, which was made by a one-time link, confirms by its sign-in alone.
    ///
    /// # Errors
    /// The password is wrong, or there were too many tries.
    pub(in crate::server) async fn confirm(&self, caller: &Caller, typed: &str, origin: &Origin) -> StudioResult<()> {
        let keys = name_keys(&caller.user.name);
        self.limits.sign_in(keys.first().map_or("", String::as_str), &origin.client_prefix())?;
        let hash = self.by_name(&keys).await?.and_then(|(_, hash)| hash);
        if hash.is_some() && !password::verify(hash, typed.to_owned()).await? {
            return Err(ApiError::invalid("password", "The password is not right.").into());
        }
        Ok(())
    }
}
