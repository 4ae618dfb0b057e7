//! Opens the web server's sockets, and decides what is spoken on each.

use super::{
    plain,
    protocol::{Listeners, Protocol},
    tls::ServerTls,
    trust,
};
use crate::{config::public_address::PublicAddress, net::service_manager::ServiceManager};
use axum::{
    Router,
    extract::Request,
    middleware::{self, Next},
};
use std::{io, net::SocketAddr};
use tokio::net::TcpListener;

/// The sockets for an address. Without TLS of our own there is one; with it there may be one more for plain HTTP and one for loopback.
/// `turn`: where TURN in TLS goes.
///
/// # Errors
/// A socket cannot be opened: names the variable that changes it.
pub async fn open(
    address: &PublicAddress,
    tls: Option<&ServerTls>,
    application: Router,
    turn: Option<SocketAddr>,
    service: &ServiceManager,
) -> anyhow::Result<Listeners> {
    let pages = bind(service, address.listen, "FOOTLIGHT_LISTEN").await?;
    let Some(tls) = tls else {
        let application = if address.is_https() { beside_proxy(application, address.url.clone()) } else { application };
        return Ok(Listeners::plain(pages, application));
    };
    let redirects = redirects(service, address).await?;
    let trust = trust_page(address, tls, redirects.is_some())?;
    let plain = plain::router(application.clone(), trust.clone(), address);
    let secure = Protocol::Tls { handshakes: tls.handshakes.clone(), secure: application.merge(trust), plain: plain.clone(), turn };
    let mut sockets = vec![(pages, secure)];
    if address.has_local_listener() {
        sockets.push((bind(service, address.local(), "FOOTLIGHT_LISTEN").await?, Protocol::Plain(plain.clone())));
    }
    sockets.extend(redirects.map(|socket| (socket, Protocol::Plain(plain))));
    Ok(Listeners::new(sockets))
}

fn beside_proxy(application: Router, url: String) -> Router {
    application.layer(middleware::from_fn(move |request: Request, next: Next| plain::beside_proxy(url.clone(), request, next)))
}

async fn redirects(service: &ServiceManager, address: &PublicAddress) -> anyhow::Result<Option<TcpListener>> {
    let Some(http) = address.http else { return Ok(None) };
    match bind(service, http.address, "FOOTLIGHT_HTTP_LISTEN").await {
        Ok(socket) => Ok(Some(socket)),
        Err(error) if http.required => Err(error),
        Err(error) => {
            tracing::warn!(
                error = format!("{error:#}"),
                "addresses with http:// are not redirected; FOOTLIGHT_HTTP_LISTEN=off says that it is meant so"
            );
            Ok(None)
        }
    }
}

/// No pages, unless the certificate is from an authority of our own.
fn trust_page(address: &PublicAddress, tls: &ServerTls, redirects: bool) -> anyhow::Result<Router> {
    let Some(authority) = &tls.authority else { return Ok(Router::new()) };
    let page = trust::page_url(address, redirects);
    let fingerprint = authority.fingerprint();
    tracing::warn!(
        page,
        fingerprint,
        "the certificate is the studio's own: each device trusts it once, as this page explains (FOOTLIGHT_ACME gets a public name one that browsers know)"
    );
    trust::routes(authority, address, &page)
}

async fn bind(service: &ServiceManager, address: SocketAddr, variable: &str) -> anyhow::Result<TcpListener> {
    service.listen(address).await.map_err(|error| {
        let why = match error.kind() {
            io::ErrorKind::AddrInUse => format!("is taken: end what listens there, or set {variable}"),
            io::ErrorKind::PermissionDenied => format!(
                "may not be used by this account: give the program CAP_NET_BIND_SERVICE, or put a port above 1023 into PUBLIC_APP_URL or {variable}"
            ),
            io::ErrorKind::AddrNotAvailable => format!("is no address of this machine: set {variable} to one, or to 0.0.0.0 with the port"),
            _ => format!("cannot be listened at ({error}): set {variable}"),
        };
        anyhow::anyhow!("{address} {why}")
    })
}
