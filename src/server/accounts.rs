//! Accounts: sign-up, sign-in, sign-out. Passwords are stored as argon2id hashes and tokens as SHA-256 hashes.

pub mod agents;
pub mod api_keys;
pub mod audit;
mod confirmation;
mod foreign_sessions;
mod key_cache;
mod names;
pub(in crate::server) mod ownership;
mod refusals;

use crate::{
    api::{
        accounts::{Credentials, Me, SignInView},
        error::{ApiError, ErrorCode},
    },
    domain::{
        account::{AccountName, Role, UnsuitableCredential, User, check_password, name_keys},
        audit::AuditAction,
        ids::{SignInId, UserId},
    },
    server::{
        auth::{
            caller::{Caller, Proof},
            origin::Origin,
            password, token,
        },
        cookies::sign_in_token,
        error::{StudioError, StudioResult},
        limits::Limits,
        ports::Ports,
        store::{SignIn, StoreError},
    },
};
use audit::AuditLog;
use std::sync::Arc;

/// A browser stays signed in this long.
pub const SIGNED_IN_DAYS: i64 = 30;
const DAY_MS: i64 = 24 * 3600 * 1000;
/// A one-time link works this long.
const LINK_MS: i64 = DAY_MS;

/// Who just signed in, and the token for their cookie.
#[derive(Debug)]
pub struct SignedIn {
    pub me: Me,
    /// Gives full access: only for the cookie.
    pub token: String,
}

/// Users and their sign-ins. Cheap to clone.
#[derive(Clone)]
pub struct Accounts {
    ports: Arc<Ports>,
    limits: Arc<Limits>,
    audit: AuditLog,
}

impl Accounts {
    pub const fn new(ports: Arc<Ports>, limits: Arc<Limits>, audit: AuditLog) -> Self {
        Self { ports, limits, audit }
    }

    /// Who a browser's token belongs to, if it is signed in.
    ///
    /// # Errors
    /// The store failed.
    pub async fn signed_in(&self, token: &str) -> StudioResult<Option<Caller>> {
        let Some(sign_in) = self.ports.store.sign_in(&token::hash(token)).await? else { return Ok(None) };
        if sign_in.expires_at <= self.ports.now() {
            return Ok(None);
        }
        Ok(self.ports.store.user(&sign_in.user).await?.map(|user| Caller::signed_in(user, sign_in.id)))
    }

    /// Whether anybody may create an account.
    pub fn sign_up_open(&self) -> bool {
        self.ports.config.sign_up_open
    }

    /// Creates a streamer's account and signs it in.
    ///
    /// # Errors
    /// Sign-up is closed, or name or password are unsuitable or taken.
    pub async fn sign_up(&self, credentials: &Credentials, origin: &Origin) -> StudioResult<SignedIn> {
        if !self.sign_up_open() {
            return Err(StudioError::refused(ErrorCode::Forbidden, "This studio takes no new accounts. Ask whoever runs it."));
        }
        let name = AccountName::new(&credentials.name).map_err(unsuitable)?;
        check_password(&credentials.password).map_err(unsuitable)?;
        self.limits.sign_up(&origin.client_prefix())?;
        self.refuse_similar_name(&name).await?;
        let hash = hashed(&credentials.password).await?;
        let user = User { id: self.ports.new_id(), name: name.shown, role: Role::Streamer, created_at: self.ports.now() };
        match self.ports.store.insert_user(&user, &name.key, Some(&hash)).await {
            Err(StoreError::Taken(_)) => return Err(ApiError::invalid("name", "This name is taken. Choose another one.").into()),
            done => done?,
        }
        self.audit.record(AuditAction::AccountMade, Some(&user.id), &user.name, origin).await;
        self.sign_in_as(user, origin).await
    }

    /// Signs in by name and password. An unknown name costs as much time as a wrong password.
    ///
    /// # Errors
    /// Name and password do not belong together, or there were too many tries.
    pub async fn sign_in(&self, credentials: &Credentials, origin: &Origin) -> StudioResult<SignedIn> {
        let refused = || StudioError::refused(ErrorCode::Unauthenticated, "Name and password do not belong together.");
        let keys = name_keys(&credentials.name);
        let key = keys.first().ok_or_else(refused)?;
        if let Err(error) = self.limits.sign_in(key, &origin.client_prefix()) {
            let known = self.by_name(&keys).await.ok().flatten();
            self.record_sign_in_attempt(AuditAction::SignInThrottled, known.as_ref().map(|(user, _)| user), origin).await;
            return Err(error.into());
        }
        let found = self.by_name(&keys).await?;
        let hash = found.as_ref().and_then(|(_, hash)| hash.clone());
        if !password::verify(hash, credentials.password.clone()).await? {
            self.record_sign_in_attempt(AuditAction::SignInRefused, found.as_ref().map(|(user, _)| user), origin).await;
            return Err(refused());
        }
        let (user, _) = found.ok_or_else(refused)?;
        self.audit.record(AuditAction::SignedIn, Some(&user.id), &user.name, origin).await;
        self.sign_in_as(user, origin).await
    }

    /// Signs in by a one-time link, which is used up by it.
    ///
    /// # Errors
    /// Used up, expired or never made.
    pub async fn sign_in_once(&self, link: &str, origin: &Origin) -> StudioResult<SignedIn> {
        let refused = || StudioError::refused(ErrorCode::Unauthenticated, "This link was used already, or is too old. Ask for a new one.");
        self.limits.link(&origin.client_prefix())?;
        let sign_in = self.ports.store.take_sign_in(&token::hash(link)).await?.ok_or_else(refused)?;
        if !sign_in.once || sign_in.expires_at <= self.ports.now() {
            return Err(refused());
        }
        let user = self.ports.store.user(&sign_in.user).await?.ok_or_else(refused)?;
        self.audit.record(AuditAction::SignedIn, Some(&user.id), "one-time link", origin).await;
        self.sign_in_as(user, origin).await
    }

    /// Deletes a cookie's token.
    ///
    /// # Errors
    /// The store failed.
    pub async fn sign_out(&self, cookie: &str, origin: &Origin) -> StudioResult<()> {
        if let Some(sign_in) = self.ports.store.take_sign_in(&token::hash(cookie)).await? {
            self.audit.record(AuditAction::SignedOut, Some(&sign_in.user), "", origin).await;
        }
        Ok(())
    }

    /// The caller's browsers, the latest first.
    ///
    /// # Errors
    /// The store failed.
    pub async fn sign_ins(&self, caller: &Caller) -> StudioResult<Vec<SignInView>> {
        let now = self.ports.now();
        let all = self.ports.store.sign_ins_of(&caller.user.id).await?.into_iter().filter(|of| of.expires_at > now);
        let view = |of: SignIn| SignInView {
            this_one: matches!(&caller.proof, Proof::SignIn(id) if id == &of.id),
            id: of.id,
            created_at: of.created_at,
            expires_at: of.expires_at,
            address: of.address,
            browser: of.browser,
        };
        Ok(all.map(view).collect())
    }

    /// Signs one of the caller's browsers out.
    ///
    /// # Errors
    /// It is not theirs.
    pub async fn end_sign_in(&self, caller: &Caller, id: &SignInId, origin: &Origin) -> StudioResult<()> {
        match self.ports.store.end_sign_in(&caller.user.id, id).await {
            Err(StoreError::Missing) => return Err(StudioError::not_found("sign-in")),
            done => done?,
        }
        self.audit.record(AuditAction::SignInRevoked, Some(&caller.user.id), id.as_str(), origin).await;
        Ok(())
    }

    /// Sets a new password. Where there is one, the old one must be right. Every other browser is signed out.
    ///
    /// # Errors
    /// The old one is wrong, or the new one unsuitable.
    pub async fn change_password(&self, caller: &Caller, old: Option<&str>, new: &str, origin: &Origin) -> StudioResult<()> {
        check_password(new).map_err(unsuitable)?;
        let keys = name_keys(&caller.user.name);
        self.limits.sign_in(keys.first().map_or("", String::as_str), &origin.client_prefix())?;
        let hash = self.by_name(&keys).await?.and_then(|(_, hash)| hash);
        if hash.is_some() && !password::verify(hash, old.unwrap_or_default().to_owned()).await? {
            return Err(ApiError::invalid("old", "The old password is not right.").into());
        }
        self.ports.store.set_password(&caller.user.id, Some(&hashed(new).await?)).await?;
        let keep = match &caller.proof {
            Proof::SignIn(id) => Some(id),
            Proof::Key(_) => None,
        };
        self.ports.store.end_other_sign_ins(&caller.user.id, keep).await?;
        self.audit.record(AuditAction::PasswordChanged, Some(&caller.user.id), &caller.user.name, origin).await;
        Ok(())
    }

    /// The first one-time sign-in link of the operator. The very first start makes the administrator and the link; a later one, with
    /// the link that was `kept`, makes it good for another day. `None` when it was used, and where there are accounts without it.
    ///
    /// # Errors
    /// The store failed.
    pub async fn first_sign_in(&self, kept: Option<&str>) -> StudioResult<Option<String>> {
        if self.ports.store.count_users().await? == 0 {
            let admin = User { id: self.ports.new_id(), name: "admin".into(), role: Role::Admin, created_at: self.ports.now() };
            self.ports.store.insert_user(&admin, "admin", None).await?;
            return Ok(Some(self.sign_in_link(&admin.id).await?));
        }
        let Some((_, token)) = kept.and_then(|link| link.trim().rsplit_once("token=")) else { return Ok(None) };
        match self.ports.store.take_sign_in(&token::hash(token)).await? {
            Some(unused) if unused.once => Ok(Some(self.open_once(token, &unused.user).await?)),
            _ => Ok(None),
        }
    }

    /// A one-time link for an account, good for a day.
    ///
    /// # Errors
    /// The store failed.
    pub async fn sign_in_link(&self, user: &UserId) -> StudioResult<String> {
        self.open_once(&token::new(), user).await
    }

    async fn open_once(&self, token: &str, user: &UserId) -> StudioResult<String> {
        let now = self.ports.now();
        let sign_in = SignIn {
            id: self.ports.new_id(),
            user: user.clone(),
            once: true,
            created_at: now,
            expires_at: now.plus_millis(LINK_MS),
            address: None,
            browser: String::new(),
        };
        self.ports.store.insert_sign_in(&token::hash(token), &sign_in).await?;
        Ok(format!("{}/sign-in?token={token}", self.ports.config.app_url))
    }

    async fn sign_in_as(&self, user: User, origin: &Origin) -> StudioResult<SignedIn> {
        let token = sign_in_token(token::new(), &self.ports.config);
        let now = self.ports.now();
        let sign_in = SignIn {
            id: self.ports.new_id(),
            user: user.id.clone(),
            once: false,
            created_at: now,
            expires_at: now.plus_millis(SIGNED_IN_DAYS * DAY_MS),
            address: origin.address.map(|ip| ip.to_string()),
            browser: origin.browser.clone(),
        };
        self.ports.store.insert_sign_in(&token::hash(&token), &sign_in).await?;
        Ok(SignedIn { me: Caller::signed_in(user, sign_in.id).me(), token })
    }
}

async fn hashed(text: &str) -> StudioResult<String> {
    Ok(password::hash(text.to_owned()).await?)
}

fn unsuitable(error: UnsuitableCredential) -> StudioError {
    let field = match error {
        UnsuitableCredential::Password => "password",
        UnsuitableCredential::Name | UnsuitableCredential::NameText(_) | UnsuitableCredential::MixedScripts => "name",
    };
    let sentence = error.to_string();
    let mut letters = sentence.chars();
    let capital: String = letters.next().map(|first| first.to_uppercase().collect::<String>() + letters.as_str()).unwrap_or_default();
    ApiError::invalid(field, capital + ".").into()
}
