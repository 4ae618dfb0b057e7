//! Webhook servers and prices that an operator configures.

use super::{Secret, list, secret};
use crate::{
    config::env::{ConfigError, Env},
    domain::analytics::Prices,
};
use sha2::{Digest, Sha256};
use url::Url;

/// A server that receives webhooks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    /// A short name that does not reveal the address: the start of its digest.
    pub name: String,
    pub address: Url,
}

/// Servers that receive webhooks (`FOOTLIGHT_WEBHOOKS`), and the signing secret.
#[derive(Debug, Clone, Default)]
pub struct Hooks {
    pub servers: Vec<Hook>,
    /// `FOOTLIGHT_WEBHOOK_SECRET`.
    pub secret: Option<Secret>,
}

impl Hooks {
    pub(super) fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let servers = list(env, "FOOTLIGHT_WEBHOOKS", "addresses such as https://ops.example/footlight, separated by commas", hook)?;
        let secret = if servers.is_empty() { None } else { Some(secret(env, "FOOTLIGHT_WEBHOOK_SECRET", 16)?) };
        Ok(Self { servers, secret })
    }
}

fn hook(text: &str) -> Option<Hook> {
    let address = Url::parse(text).ok().filter(|url| {
        matches!(url.scheme(), "https" | "http") && url.has_host() && url.username().is_empty() && url.password().is_none()
    })?;
    Some(Hook { name: hex::encode(&Sha256::digest(address.as_str())[..4]), address })
}

/// What a minute of an egress and a gigabyte cost (`FOOTLIGHT_PRICE_EGRESS_MINUTE`, `FOOTLIGHT_PRICE_GIGABYTE`, in
/// `FOOTLIGHT_PRICE_CURRENCY`); without either, no costs are estimated.
pub(super) fn prices(env: &Env) -> Result<Option<Prices>, ConfigError> {
    let price = |name: &'static str| match env.parsed(name, 0.0, "an amount such as 0.02")? {
        price if price >= 0.0 && f64::is_finite(price) => Ok(price),
        _ => Err(Env::malformed(name, "an amount such as 0.02")),
    };
    let (egress_minute, gigabyte) = (price("FOOTLIGHT_PRICE_EGRESS_MINUTE")?, price("FOOTLIGHT_PRICE_GIGABYTE")?);
    let currency = env.get("FOOTLIGHT_PRICE_CURRENCY").unwrap_or("EUR").to_owned();
    Ok((egress_minute > 0.0 || gigabyte > 0.0).then_some(Prices { egress_minute, gigabyte, currency }))
}
