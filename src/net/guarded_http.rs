//! An HTTP client for one user-supplied address, safe against SSRF: the name is resolved once, every resolved address is checked,
//! and the connection uses a checked one, so that DNS rebinding has no effect. No redirects.

use super::{dns, http::direct_client, tls};
use crate::domain::address::{AllowList, IngestTarget, check_ip};
use std::{net::SocketAddr, time::Duration};
use url::Url;

const RESOLVE_TIMEOUT: Duration = Duration::from_secs(5);

/// Why an address cannot be called.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreachable {
    /// The address has no host.
    #[error("The address names no host.")]
    NoHost,
    /// The name does not resolve.
    #[error("The host's name does not resolve.")]
    Unknown,
    /// It resolves to a forbidden address.
    #[error("{0}.")]
    Forbidden(String),
    /// The client could not be made.
    #[error("{0}")]
    Broken(String),
}

/// The client.
///
/// # Errors
/// The name does not resolve, or one of its addresses is not public and not allowed.
pub async fn client_for(url: &Url, allow: &AllowList) -> Result<reqwest::Client, Unreachable> {
    let host = url.host_str().ok_or(Unreachable::NoHost)?.trim_matches(['[', ']']).to_owned();
    let port = url.port_or_known_default().ok_or(Unreachable::NoHost)?;
    let target = IngestTarget { tls: url.scheme() == "https", host: host.clone(), port, application: String::new() };
    let found: Vec<SocketAddr> = dns::look_up(&host, port, RESOLVE_TIMEOUT).await.unwrap_or_default();
    if found.is_empty() {
        return Err(Unreachable::Unknown);
    }
    for one in &found {
        check_ip(one.ip(), &target, allow).map_err(|error| Unreachable::Forbidden(error.to_string()))?;
    }
    direct_client(tls::client())
        .redirect(reqwest::redirect::Policy::none())
        .resolve_to_addrs(&host, &found)
        .build()
        .map_err(|error| Unreachable::Broken(error.to_string()))
}
