//! Accounts: made, signed in, signed out. Passwords come in the clear and leave as argon2id hashes; tokens are stored hashed.

use super::{Studio, destinations::new_id};
use crate::{
    api::{
        accounts::{Credentials, Me},
        error::{ApiError, ErrorCode},
    },
    domain::{
        account::{Role, UnsuitableCredential, User, check_password, name_key},
        ids::UserId,
    },
    server::{
        auth::{caller::Caller, password, token},
        error::{Answer, StudioError},
        store::{SignIn, StoreError},
    },
};

/// A browser stays signed in this long.
pub const SIGNED_IN_DAYS: i64 = 30;
const DAY_MS: i64 = 24 * 3600 * 1000;
/// A one-time link works this long.
const LINK_MS: i64 = DAY_MS;

/// Who just signed in, and the token for their cookie.
#[derive(Debug)]
pub struct SignedIn {
    /// Who.
    pub me: Me,
    /// Opens everything of theirs: only for the cookie.
    pub token: String,
}

impl Studio {
    /// Whether strangers may make an account.
    pub fn sign_up_open(&self) -> bool {
        self.config().sign_up_open
    }

    /// Makes a streamer's account and signs it in.
    ///
    /// # Errors
    /// Sign-up is closed, or name or password are unsuitable or taken.
    pub async fn sign_up(&self, credentials: &Credentials) -> Answer<SignedIn> {
        if !self.sign_up_open() {
            return Err(StudioError::refused(ErrorCode::Forbidden, "This studio takes no new accounts. Ask whoever runs it."));
        }
        let key = name_key(&credentials.name).map_err(unsuitable)?;
        check_password(&credentials.password).map_err(unsuitable)?;
        let hash = hashed(&credentials.password).await?;
        let name = credentials.name.split_whitespace().collect::<Vec<_>>().join(" ");
        let user = User { id: new_id(), name, role: Role::Streamer, created_at: self.now() };
        match self.store().insert_user(&user, &key, Some(&hash)).await {
            Err(StoreError::Taken(_)) => return Err(ApiError::invalid("name", "This name is taken. Choose another one.").into()),
            done => done?,
        }
        tracing::info!(user = %user.id, "account made");
        self.sign_in_as(user).await
    }

    /// Signs in by name and password. An unknown name costs as much time as a wrong password.
    ///
    /// # Errors
    /// Name and password do not belong together.
    pub async fn sign_in(&self, credentials: &Credentials) -> Answer<SignedIn> {
        let refused = || StudioError::refused(ErrorCode::Unauthenticated, "Name and password do not belong together.");
        let key = name_key(&credentials.name).map_err(|_| refused())?;
        let found = self.store().user_by_name(&key).await?;
        let hash = found.as_ref().and_then(|(_, hash)| hash.clone());
        if !password::verify(hash, credentials.password.clone()).await {
            tracing::info!("a sign-in was refused");
            return Err(refused());
        }
        let (user, _) = found.ok_or_else(refused)?;
        self.sign_in_as(user).await
    }

    /// Signs in by a one-time link, which is used up by it.
    ///
    /// # Errors
    /// Used up, expired or never made.
    pub async fn sign_in_once(&self, link: &str) -> Answer<SignedIn> {
        let refused = || StudioError::refused(ErrorCode::Unauthenticated, "This link was used already, or is too old. Ask for a new one.");
        let sign_in = self.store().take_sign_in(&token::hash(link)).await?.ok_or_else(refused)?;
        if !sign_in.once || sign_in.expires_at <= self.now() {
            return Err(refused());
        }
        let user = self.store().user(&sign_in.user).await?.ok_or_else(refused)?;
        self.sign_in_as(user).await
    }

    /// Forgets a cookie's token.
    ///
    /// # Errors
    /// The store failed.
    pub async fn sign_out(&self, cookie: &str) -> Answer<()> {
        self.store().take_sign_in(&token::hash(cookie)).await?;
        Ok(())
    }

    /// Sets a new password. Where there is one, the old one must be right.
    ///
    /// # Errors
    /// The old one is wrong, or the new one unsuitable.
    pub async fn change_password(&self, caller: &Caller, old: Option<&str>, new: &str) -> Answer<()> {
        check_password(new).map_err(unsuitable)?;
        let key = name_key(&caller.user.name).map_err(unsuitable)?;
        let hash = self.store().user_by_name(&key).await?.and_then(|(_, hash)| hash);
        if hash.is_some() && !password::verify(hash, old.unwrap_or_default().to_owned()).await {
            return Err(ApiError::invalid("old", "The old password is not right.").into());
        }
        self.store().set_password(&caller.user.id, &hashed(new).await?).await?;
        tracing::info!(user = %caller.user.id, "password changed");
        Ok(())
    }

    /// At the very first start: makes the administrator and a one-time link to sign in with. `None` if there are accounts.
    ///
    /// # Errors
    /// The store failed.
    pub async fn first_sign_in(&self) -> Answer<Option<String>> {
        if self.store().count_users().await? > 0 {
            return Ok(None);
        }
        let admin = User { id: new_id(), name: "admin".into(), role: Role::Admin, created_at: self.now() };
        self.store().insert_user(&admin, "admin", None).await?;
        Ok(Some(self.sign_in_link(&admin.id).await?))
    }

    /// A one-time link for an account, good for a day.
    ///
    /// # Errors
    /// The store failed.
    pub async fn sign_in_link(&self, user: &UserId) -> Answer<String> {
        let link = token::new();
        let now = self.now();
        let sign_in = SignIn { user: user.clone(), once: true, created_at: now, expires_at: now.plus_millis(LINK_MS) };
        self.store().insert_sign_in(&token::hash(&link), &sign_in).await?;
        Ok(format!("{}/sign-in?token={link}", self.config().app_url))
    }

    async fn sign_in_as(&self, user: User) -> Answer<SignedIn> {
        let token = token::new();
        let now = self.now();
        let sign_in = SignIn { user: user.id.clone(), once: false, created_at: now, expires_at: now.plus_millis(SIGNED_IN_DAYS * DAY_MS) };
        self.store().insert_sign_in(&token::hash(&token), &sign_in).await?;
        Ok(SignedIn { me: Caller { user }.me(), token })
    }
}

async fn hashed(text: &str) -> Answer<String> {
    password::hash(text.to_owned()).await.map_err(|error| StudioError::Internal(error.to_string()))
}

fn unsuitable(error: UnsuitableCredential) -> StudioError {
    let field = match error {
        UnsuitableCredential::Name => "name",
        UnsuitableCredential::Password => "password",
    };
    let sentence = error.to_string();
    let mut letters = sentence.chars();
    let capital: String = letters.next().map(|first| first.to_uppercase().collect::<String>() + letters.as_str()).unwrap_or_default();
    ApiError::invalid(field, capital + ".").into()
}
