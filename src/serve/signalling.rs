//! LiveKit's signalling on our own origin: browsers need no address of LiveKit's, and no other port for it. Only what LiveKit's
//! client calls is passed on, never LiveKit's API. LiveKit checks the token of each call.

use super::connections::HeldPlace;
use crate::{
    api::error::{ApiError, ErrorCode},
    config::serve::SIGNALLING,
    net::{http::direct_client, tls},
    server::{auth::origin::Origin, http::ErrorResponse, limits::Group, state::AppState},
};
use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
    routing::get,
};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use reqwest::{Client, redirect::Policy};
use std::time::Duration;
use tokio::{io::copy_bidirectional, time::timeout};
use tokio_io_timeout::TimeoutStream;

/// Below [`SIGNALLING`], as livekit-client appends them. The first is asked to measure the round trip.
const PATHS: [&str; 5] = ["", "/rtc", "/rtc/validate", "/rtc/v1", "/rtc/v1/validate"];
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// LiveKit answers a ping of its client every few seconds: after this time without a word, nobody is there any more.
const QUIET_FOR: Duration = Duration::from_secs(90);
/// How long LiveKit may leave unread what a browser sent.
const UNREAD_FOR: Duration = Duration::from_secs(30);
/// An answer without an upgrade is one sentence.
const LONGEST_ANSWER: usize = 64 * 1024;
/// What LiveKit is told of a request. Our cookies are not among it.
static ASKED: [HeaderName; 8] = [
    header::AUTHORIZATION,
    header::ORIGIN,
    header::USER_AGENT,
    header::ACCEPT,
    header::SEC_WEBSOCKET_KEY,
    header::SEC_WEBSOCKET_VERSION,
    header::SEC_WEBSOCKET_PROTOCOL,
    header::SEC_WEBSOCKET_EXTENSIONS,
];
/// What a browser is told of the answer.
static ANSWERED: [HeaderName; 7] = [
    header::CONTENT_TYPE,
    header::VARY,
    header::ACCESS_CONTROL_ALLOW_ORIGIN,
    header::ACCESS_CONTROL_EXPOSE_HEADERS,
    header::SEC_WEBSOCKET_ACCEPT,
    header::SEC_WEBSOCKET_PROTOCOL,
    header::SEC_WEBSOCKET_EXTENSIONS,
];

/// The routes that pass it on: no others of LiveKit's.
pub fn routes(state: &AppState) -> Router<AppState> {
    let client = direct_client(tls::client()).http1_only().redirect(Policy::none()).connect_timeout(ANSWER_WITHIN).build();
    let client = client.inspect_err(|error| tracing::error!(%error, "LiveKit's signalling is not passed on")).ok();
    PATHS.into_iter().fold(Router::new(), |router, path| {
        let (client, state) = (client.clone(), state.clone());
        router.route(&format!("{SIGNALLING}{path}"), get(move |request: Request| pass_on(client, state, path, request)))
    })
}

async fn pass_on(client: Option<Client>, state: AppState, path: &'static str, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    let origin = Origin::of(&parts, &state.studio.config);
    if let (_, Err(error)) = state.studio.limits.take(Group::Read, &origin.client_prefix()) {
        return ErrorResponse(error).into_response();
    }
    let upgrade = if wants_socket(&parts.headers) { parts.extensions.remove::<OnUpgrade>() } else { None };
    let mut headers = some(&parts.headers, &ASKED);
    if upgrade.is_some() {
        headers.extend(to_socket());
    }
    if let Some(Ok(address)) = origin.address.map(|address| HeaderValue::from_str(&address.to_string())) {
        headers.insert("x-forwarded-for", address);
    }
    // The query has the token: it goes on as it came, and into no log.
    let query = parts.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let url = format!("{}{path}{query}", state.studio.config.livekit.api_url);
    let Some(client) = client else { return lost() };
    match timeout(ANSWER_WITHIN, client.get(url).headers(headers).send()).await {
        Ok(Ok(answer)) => match upgrade.filter(|_| answer.status() == StatusCode::SWITCHING_PROTOCOLS) {
            Some(browser) => switched(browser, answer, &parts, &state),
            None => whole(answer).await,
        },
        Ok(Err(error)) => {
            tracing::warn!(error = %error.without_url(), "LiveKit does not answer a browser");
            lost()
        }
        Err(_) => {
            tracing::warn!("LiveKit does not answer a browser in time");
            lost()
        }
    }
}

/// Both directions from now on, byte for byte, until one side ends, is silent for too long, or this server stops. What is held of
/// either direction is one small buffer; the connection keeps its place among all connections.
fn switched(browser: OnUpgrade, answer: reqwest::Response, parts: &Parts, state: &AppState) -> Response {
    let mut response = StatusCode::SWITCHING_PROTOCOLS.into_response();
    response.headers_mut().extend(some(answer.headers(), &ANSWERED));
    response.headers_mut().extend(to_socket());
    let (place, closing) = (parts.extensions.get::<HeldPlace>().cloned(), state.studio.closing.clone());
    tokio::spawn(async move {
        let both = async {
            let (Ok(browser), Ok(livekit)) = tokio::join!(browser, answer.upgrade()) else { return };
            let mut livekit = TimeoutStream::new(livekit);
            livekit.set_read_timeout(Some(QUIET_FOR));
            livekit.set_write_timeout(Some(UNREAD_FOR));
            // However it ends, the client joins again.
            let _ = copy_bidirectional(&mut TokioIo::new(browser), &mut Box::pin(livekit)).await;
        };
        closing.run_until_cancelled(both).await;
        drop(place);
    });
    response
}

/// An answer without an upgrade: whether a token is valid, or why there is no socket.
async fn whole(mut answer: reqwest::Response) -> Response {
    let (status, headers) = (answer.status(), some(answer.headers(), &ANSWERED));
    let mut body = Vec::new();
    let read = async {
        while let Some(chunk) = answer.chunk().await? {
            body.extend_from_slice(&chunk[..chunk.len().min(LONGEST_ANSWER - body.len())]);
            if body.len() == LONGEST_ANSWER {
                break;
            }
        }
        Ok::<(), reqwest::Error>(())
    };
    match timeout(ANSWER_WITHIN, read).await {
        // Without its upgrade, an answer that switches protocols means nothing.
        Ok(Ok(())) if status != StatusCode::SWITCHING_PROTOCOLS => (status, headers, Body::from(body)).into_response(),
        _ => lost(),
    }
}

fn lost() -> Response {
    ErrorResponse(ApiError::new(ErrorCode::Unavailable, "The media server does not answer. Try again in a few seconds.")).into_response()
}

fn wants_socket(headers: &HeaderMap) -> bool {
    headers.get(header::UPGRADE).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

fn to_socket() -> [(HeaderName, HeaderValue); 2] {
    [(header::CONNECTION, HeaderValue::from_static("Upgrade")), (header::UPGRADE, HeaderValue::from_static("websocket"))]
}

/// Those of the headers that are named.
fn some(headers: &HeaderMap, named: &[HeaderName]) -> HeaderMap {
    named.iter().filter_map(|name| Some((name.clone(), headers.get(name)?.clone()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serve::{
        connections::{ConnectionLimits, serve},
        protocol::{Listeners, Protocol},
    };
    use axum::Extension;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::{TcpListener, TcpStream},
    };
    use tokio_util::sync::CancellationToken;

    /// The fewest that a server has.
    const PLACES: usize = 64;

    /// Echoes what comes after the upgrade, as long as the client is there.
    async fn echo(Extension(place): Extension<HeldPlace>, request: Request) -> Response {
        let (mut parts, _) = request.into_parts();
        let browser = parts.extensions.remove::<OnUpgrade>().expect("a connection that can be upgraded");
        tokio::spawn(async move {
            let (mut reader, mut writer) = tokio::io::split(TokioIo::new(browser.await.expect("upgraded")));
            let _ = tokio::io::copy(&mut reader, &mut writer).await;
            drop(place);
        });
        (StatusCode::SWITCHING_PROTOCOLS, HeaderMap::from_iter(to_socket())).into_response()
    }

    async fn opened(address: std::net::SocketAddr) -> (TcpStream, String) {
        let mut stream = TcpStream::connect(address).await.expect("connected");
        stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n").await.expect("sent");
        let mut status = [0; 12];
        stream.read_exact(&mut status).await.expect("an answer");
        (stream, String::from_utf8_lossy(&status).into_owned())
    }

    #[tokio::test]
    async fn a_socket_keeps_its_place_among_all_connections() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let closing = CancellationToken::new();
        let router = Router::new().route("/", get(echo));
        let listeners = Listeners::new(vec![(listener, Protocol::Plain(router))]);
        let serving = tokio::spawn(serve(listeners, ConnectionLimits::within(0, &[]), closing.clone()));
        let mut open = Vec::new();
        for _ in 0..PLACES {
            let (stream, status) = opened(address).await;
            assert_eq!(status, "HTTP/1.1 101");
            open.push(stream);
        }
        assert_eq!(opened(address).await.1, "HTTP/1.1 503", "every place is taken");
        drop(open.pop());
        let again = async {
            while opened(address).await.1 != "HTTP/1.1 101" {
                tokio::task::yield_now().await;
            }
        };
        timeout(Duration::from_secs(10), again).await.expect("the place is free again");
        closing.cancel();
        drop(open);
        serving.await.expect("ended");
    }
}
