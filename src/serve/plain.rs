//! What is answered without TLS where the public address has it: processes of this machine get what they need, everybody else is sent on
//! to the public address.

use crate::{
    config::{origin::is_loopback_url, public_address::PublicAddress},
    server::security::FromThisMachine,
};
use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request},
    http::{
        HeaderMap, HeaderName, HeaderValue, StatusCode, header,
        uri::{Authority, PathAndQuery},
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use std::net::{IpAddr, SocketAddr};
use tower::ServiceExt as _;

/// What the egress, LiveKit, health checks and scripts ask for. Pages for people are not among it: their cookies need TLS.
const FOR_PROCESSES: [&str; 10] =
    ["/stream/overlay", "/stream/check", "/api/", "/livekit", "/healthz", "/readyz", "/metrics", "/pkg/", "/vendor/", "/fonts/"];
/// What proxies add. With one of these a request comes from elsewhere, whoever its connection is from.
const FORWARDED: [HeaderName; 3] =
    [header::FORWARDED, HeaderName::from_static("x-forwarded-for"), HeaderName::from_static("x-forwarded-proto")];

/// The application for processes of this machine, `more` (pages that must be reachable before TLS is), and a redirect for the rest.
pub fn router(application: Router, more: Router, address: &PublicAddress) -> Router {
    let url = address.url.clone();
    let host = address.host.clone();
    more.fallback(move |mut request: Request| {
        let (application, url, host) = (application.clone(), url.clone(), host.clone());
        async move {
            if is_for_processes(request.uri().path()) && mark(&mut request, &url) {
                return application.oneshot(request).await.into_response();
            }
            redirect(&request, &url, &host)
        }
    })
}

/// Marks requests of this machine's own processes where a proxy ends TLS: both come to the same listener.
pub async fn beside_proxy(url: String, mut request: Request, next: Next) -> Response {
    mark(&mut request, &url);
    next.run(request).await
}

/// Whether a request comes from a process of this machine, which is then said of it. Its page, opened through loopback, is one of ours:
/// its origin becomes that of the public address. A page of another site that found the way by its name server (DNS rebinding) names
/// that site in `Host`.
fn mark(request: &mut Request, url: &str) -> bool {
    let peer =
        request.extensions().get::<ConnectInfo<SocketAddr>>().is_some_and(|ConnectInfo(peer)| peer.ip().to_canonical().is_loopback());
    let headers = request.headers();
    let Some(own) = host_of(headers).map(|host| format!("http://{host}")) else { return false };
    if !peer || !is_loopback_url(&own) || FORWARDED.iter().any(|name| headers.contains_key(name)) {
        return false;
    }
    let from_own_page = headers.get(header::ORIGIN).is_some_and(|origin| origin.as_bytes() == own.as_bytes());
    if from_own_page && let Ok(origin) = HeaderValue::from_str(url) {
        request.headers_mut().insert(header::ORIGIN, origin);
    }
    request.extensions_mut().insert(FromThisMachine);
    true
}

fn is_for_processes(path: &str) -> bool {
    FOR_PROCESSES
        .iter()
        .any(|start| path.strip_prefix(start).is_some_and(|rest| start.ends_with('/') || rest.is_empty() || rest.starts_with('/')))
}

fn host_of(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::HOST)?.to_str().ok()
}

/// The same path and query at the public address, for whoever asked for our host or for an IP address. Another name is not ours: a name
/// server points here that nobody told us of.
fn redirect(request: &Request, url: &str, own: &str) -> Response {
    let host = host_of(request.headers()).and_then(|host| host.parse::<Authority>().ok());
    let known = host.is_some_and(|host| {
        let host = host.host().trim_matches(['[', ']']);
        host.eq_ignore_ascii_case(own) || host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok()
    });
    let uncached = (header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if !known {
        return (StatusCode::MISDIRECTED_REQUEST, [uncached], format!("The studio is not at this address. Open {url}.\n")).into_response();
    }
    let path = request.uri().path_and_query().map_or("/", PathAndQuery::as_str);
    match HeaderValue::from_str(&format!("{url}{path}")) {
        Ok(location) => (StatusCode::PERMANENT_REDIRECT, [uncached, (header::LOCATION, location)], Body::empty()).into_response(),
        Err(_) => StatusCode::BAD_REQUEST.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::env::Env;
    use axum::{extract::Extension, routing::get};

    fn plain() -> Router {
        let address = PublicAddress::from_env(&Env::of_pairs([("PUBLIC_APP_URL", "https://studio.example")]), 3000).expect("an address");
        let seen = async |marked: Option<Extension<FromThisMachine>>, headers: HeaderMap| {
            let origin = headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok()).unwrap_or("none").to_owned();
            format!("{} {origin}", marked.is_some())
        };
        let application =
            Router::new().route("/api/seen", get(seen)).route("/stream/overlay", get("overlay")).route("/sign-in", get("page"));
        router(application, Router::new().route("/trust", get("trust")), &address)
    }

    async fn ask(peer: &str, path: &str, headers: &[(&str, &str)]) -> Response {
        let mut request = axum::http::Request::builder().uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let peer: SocketAddr = peer.parse().expect("an address");
        let request = request.extension(ConnectInfo(peer)).body(Body::empty()).expect("a request");
        plain().oneshot(request).await.expect("an answer")
    }

    async fn text(response: Response) -> String {
        let body = axum::body::to_bytes(response.into_body(), 1000).await.expect("a body");
        String::from_utf8(body.to_vec()).expect("text")
    }

    const HERE: &str = "[::ffff:127.0.0.1]:50000";
    const ELSEWHERE: &str = "192.168.1.30:50000";

    #[tokio::test]
    async fn everybody_is_sent_to_the_same_page_over_tls() {
        for (peer, host) in
            [(ELSEWHERE, "studio.example"), (ELSEWHERE, "STUDIO.example:80"), (ELSEWHERE, "192.168.1.20"), (HERE, "localhost:443")]
        {
            let answer = ask(peer, "/sessions/01J?tab=a%20b", &[("host", host)]).await;
            assert_eq!(answer.status(), StatusCode::PERMANENT_REDIRECT, "{host}");
            assert_eq!(answer.headers()[header::LOCATION], "https://studio.example/sessions/01J?tab=a%20b", "{host}");
            assert!(!answer.headers().contains_key(header::STRICT_TRANSPORT_SECURITY), "not without TLS (RFC 6797, 7.2)");
        }
        let overlay = ask(ELSEWHERE, "/stream/overlay?token=t", &[("host", "127.0.0.1")]).await;
        assert_eq!(overlay.status(), StatusCode::PERMANENT_REDIRECT, "only this machine may");
        assert_eq!(text(ask(ELSEWHERE, "/trust", &[("host", "192.168.1.20")]).await).await, "trust");
    }

    #[tokio::test]
    async fn a_name_that_is_not_ours_is_not_served() {
        for headers in [&[("host", "evil.example")][..], &[("host", "studio.example.evil.example")], &[]] {
            let answer = ask(HERE, "/api/seen", headers).await;
            assert_eq!(answer.status(), StatusCode::MISDIRECTED_REQUEST, "{headers:?}");
            assert!(text(answer).await.contains("https://studio.example"));
        }
    }

    #[tokio::test]
    async fn processes_of_this_machine_need_no_tls() {
        let own = ("host", "127.0.0.1:443");
        assert_eq!(text(ask(HERE, "/stream/overlay?token=t", &[own]).await).await, "overlay");
        assert_eq!(text(ask("127.0.0.1:1", "/api/seen", &[own]).await).await, "true none");
        let page = ask(HERE, "/api/seen", &[own, ("origin", "http://127.0.0.1:443")]).await;
        assert_eq!(text(page).await, "true https://studio.example", "its page is ours");
        let foreign = ask(HERE, "/api/seen", &[own, ("origin", "http://127.0.0.1:9")]).await;
        assert_eq!(text(foreign).await, "true http://127.0.0.1:9");
        let proxied = ask(HERE, "/api/seen", &[own, ("x-forwarded-for", "192.0.2.1")]).await;
        assert_eq!(proxied.status(), StatusCode::PERMANENT_REDIRECT, "somebody else's, through a proxy");
    }

    #[test]
    fn pages_for_people_are_not_for_processes() {
        for path in ["/stream/overlay", "/api/streaming/heartbeat", "/livekit/rtc", "/livekit", "/healthz", "/pkg/composite.js"] {
            assert!(is_for_processes(path), "{path}");
        }
        for path in ["/", "/sign-in", "/rpc/accounts/me", "/stream/overlays", "/healthz2", "/apiary", "/trust"] {
            assert!(!is_for_processes(path), "{path}");
        }
    }
}
