//! The whole web server: routes with their limits, layers, the Leptos wiring. The only file that uses both the pages (`App`) and
//! the server.

mod admin_forms;
mod check_page;
mod composite;
mod compression;
pub mod connections;
mod deletion_forms;
mod forms;
mod headers;
mod links;
mod listen;
mod page;
mod plain;
pub mod protocol;
mod signalling;
mod tls;
mod trust;
mod turn;

use crate::{
    app::{App, shell::shell, site::SiteFiles},
    config::{
        env::Env,
        folder::{make_private, write_private},
        machine::own_addresses,
        serve::ServeConfig,
    },
    domain::address::AllowList,
    net::{clock::Clock, descriptors, http::direct_client, service_manager::ServiceManager, tls as net_tls},
    server::{
        accounts::Accounts,
        admin_socket, http,
        livekit::{client::LiveKitClient, timed::Timed},
        metrics,
        ports::{Ports, ids::Ids},
        relay::client::RelayClient,
        state::AppState,
        store::surreal::{StoreCredentials, SurrealStore},
        studio::Studio,
        vault::{Vault, parse_master_key},
        viewers,
    },
};
use anyhow::Context;
use axum::{
    Router,
    extract::{DefaultBodyLimit, Path as AddressPath, Query, Request},
    http::{HeaderValue, request},
    middleware,
    routing::{any, get, post},
};
use connections::ConnectionLimits;
use forms::Entrance;
use leptos::{config::LeptosOptions, prelude::get_configuration};
use leptos_axum::{LeptosRoutes, generate_route_list};
use page::Renderer;
use parking_lot::Mutex;
use std::{path::Path, sync::Arc, time::Duration};
use tls::ServerTls;
use tokio::signal::unix::SignalKind;
use tokio_util::sync::CancellationToken;
use tower::ServiceBuilder;
use tower_http::{
    request_id::{MakeRequestId, PropagateRequestIdLayer, RequestId, SetRequestIdLayer},
    services::ServeDir,
    trace::TraceLayer,
};

/// A start of a session, a batch of a hundred events and a webhook all fit.
const LARGEST_BODY: usize = 512 * 1024;
/// Longer than a stop that waits for its confirmation.
const DRAIN: Duration = Duration::from_secs(12);
/// The file with the first sign-in link in the data folder, until a start finds that it was used.
const FIRST_SIGN_IN: &str = "first-sign-in";

/// Runs the application until it is stopped.
///
/// # Errors
/// The configuration is malformed, the store cannot be opened, or the address is taken.
pub async fn run(env: &Env) -> anyhow::Result<()> {
    let config = ServeConfig::from_env(env)?;
    make_private(&config.data)?;
    if let Some(warning) = config.proxy_warning() {
        tracing::warn!("{warning}");
    }
    let leptos = get_configuration(None).context("the build's settings (LEPTOS_…) are malformed")?.leptos_options;
    let (address, data) = (config.address.clone(), config.data.clone());
    let limits = ConnectionLimits::within(descriptors::raise(), &config.trusted_proxies);
    metrics::handle();
    let service = ServiceManager::of_process(env.get("NOTIFY_SOCKET"), env.get("WATCHDOG_USEC"));
    let state = state(config, leptos).await?;
    print_first_sign_in(&state.studio.accounts, &data.join(FIRST_SIGN_IN)).await?;
    let closing = state.studio.closing.clone();
    let tls = ServerTls::open(&address, &data, &closing)?;
    let listeners = listen::open(&address, tls.as_ref(), router(state.clone()), state.studio.config.livekit.turn, &service).await?;
    match admin_socket::open(&data).await {
        Ok(socket) => {
            let (studio, client) = (state.studio.clone(), own_client(tls.as_ref())?);
            drop(tokio::spawn(admin_socket::serve(socket, studio.commands, studio.doctor, studio.viewer_counts, client)));
        }
        // Sessions go on without it.
        Err(error) => {
            tracing::warn!(%error, socket = %admin_socket::socket(&data).display(), "`footlight admin` will not reach this server");
        }
    }
    tokio::spawn(state.studio.clone().run_background_tasks());
    tracing::info!(listen = %address.listen, url = address.url, "serving");
    service.ready();
    let reconciler = state.studio.reconciler.clone();
    tokio::select! {
        () = connections::serve(listeners, limits, closing.clone()) => {}
        () = stopped(closing, &service) => {}
    }
    reconciler.hand_over().await;
    Ok(())
}

fn http_client() -> anyhow::Result<reqwest::Client> {
    direct_client(net_tls::client()).build().context("the HTTP client cannot be made")
}

/// The same client, or one that also trusts the studio's own authority.
fn own_client(tls: Option<&ServerTls>) -> anyhow::Result<reqwest::Client> {
    let Some(authority) = tls.and_then(|tls| tls.authority.as_ref()) else { return http_client() };
    direct_client(net_tls::client_trusting(authority.file())?).build().context("the HTTP client cannot be made")
}

/// The same client, or one that also trusts the relay's own authority.
fn relay_client(config: &ServeConfig, http: &reqwest::Client) -> anyhow::Result<reqwest::Client> {
    let Some(file) = &config.relay.trust else { return Ok(http.clone()) };
    let tls = net_tls::client_trusting(file).context("FOOTLIGHT_RELAY_TRUST cannot be read")?;
    direct_client(tls).build().context("the HTTP client cannot be made")
}

async fn state(config: ServeConfig, leptos: LeptosOptions) -> anyhow::Result<AppState> {
    let http = http_client()?;
    let credentials = config
        .store_credentials
        .as_ref()
        .map(|(user, password)| StoreCredentials { username: user.clone(), password: password.expose().to_owned() });
    let store = SurrealStore::open(&config.store, credentials.as_ref()).await.context("the store cannot be opened")?;
    let mut keys = config.master_keys.iter().map(|key| parse_master_key(key.expose()));
    let current = keys.next().context("STREAM_KEY_ENCRYPTION_KEY is not set")??;
    let vault = Vault::new(current, keys.collect::<Result<_, _>>()?);
    let allow: AllowList =
        config.allow_private.parse().map_err(|error| anyhow::anyhow!("FOOTLIGHT_ALLOW_PRIVATE_DESTINATIONS: {error}"))?;
    let relay = RelayClient::new(config.relay.clone(), relay_client(&config, &http)?);
    let studio = Studio::new(Ports {
        clock: Clock::machine(),
        ids: Ids::default(),
        store: Arc::new(store),
        livekit: Arc::new(Timed(LiveKitClient::new(&config.livekit, http))),
        relay: Arc::new(relay.clone()),
        viewers: viewers::services(&config.viewers).context("the HTTP client cannot be made")?,
        vault,
        allow: allow.on_machine(own_addresses()),
        config: Arc::new(config),
    });
    Ok(AppState::new(studio, relay, leptos))
}

/// Every route, for the real server and for tests alike.
pub fn router(state: AppState) -> Router {
    let site = state.leptos.site_root.to_string();
    let routes = generate_route_list(App);
    let renderer = Renderer::new(state.clone(), SiteFiles::find(Path::new(&site)));
    let provide = {
        let renderer = renderer.clone();
        move || renderer.provide()
    };
    let document = {
        let files = renderer.files.clone();
        move || shell(&files)
    };
    let form = |entrance: Entrance| {
        let renderer = renderer.clone();
        post(move |request: Request| forms::enter(entrance, renderer.clone(), request))
    };
    let sign_out = post({
        let renderer = renderer.clone();
        move |parts: request::Parts| forms::sign_out(renderer.clone(), parts)
    });
    let delete_account = post({
        let renderer = renderer.clone();
        move |request: Request| deletion_forms::delete_account(renderer.clone(), request)
    });
    let delete_session = post({
        let renderer = renderer.clone();
        move |id: AddressPath<String>, request: Request| deletion_forms::delete_session(renderer.clone(), id, request)
    });
    let check_now = post({
        let renderer = renderer.clone();
        move |parts: request::Parts| admin_forms::check_now(renderer.clone(), parts)
    });
    let pages = Router::new()
        .leptos_routes_with_context(&state, routes, provide.clone(), document.clone())
        .route("/sign-in", form(Entrance::SignIn))
        .route("/sign-up", form(Entrance::SignUp))
        .route("/account/delete", delete_account)
        .route("/sessions/{id}/delete", delete_session)
        .route("/admin/health", check_now)
        .route("/sign-out", sign_out);
    let check = {
        let renderer = renderer.clone();
        get(async move |ticket: Query<check_page::Ticket>| check_page::page(&renderer, ticket)).post(check_page::report)
    };
    let composite = get(move |parts: request::Parts| composite::page(renderer.clone(), parts));
    let pages = pages.layer(middleware::from_fn_with_state(state.clone(), http::admission::admit));
    let unknown = leptos_axum::render_app_async_with_context(provide, document);
    let files = ServeDir::new(site).precompressed_br().precompressed_gzip();
    Router::new()
        .merge(http::routes(&state))
        .merge(signalling::routes(&state))
        .merge(pages)
        .route("/stream/overlay", composite)
        .route("/stream/check", check)
        .fallback_service(files.not_found_service(any(unknown).with_state(state.clone())))
        // As one layer, the outermost first: separate layers would each be boxed, and copied for every call.
        .layer(
            ServiceBuilder::new()
                .layer(SetRequestIdLayer::x_request_id(SortableRequestIds::default()))
                // The path only: an overlay's address carries its token in the query.
                .layer(TraceLayer::new_for_http().make_span_with(|request: &Request| {
                    let id = request.headers().get("x-request-id").and_then(|id| id.to_str().ok()).unwrap_or_default();
                    let (method, path) = (request.method(), request.uri().path());
                    tracing::info_span!("request", otel.kind = "server", %method, path, request_id = id)
                }))
                .layer(PropagateRequestIdLayer::x_request_id())
                .layer(middleware::from_fn_with_state(state.clone(), headers::common_headers))
                .layer(DefaultBodyLimit::max(LARGEST_BODY))
                .layer(compression::layer())
                .layer(middleware::from_fn(http::middleware::name_errors)),
        )
        .with_state(state)
}

/// Request ids that sort by time, within a millisecond too, and need randomness once in each.
#[derive(Clone, Default)]
struct SortableRequestIds(Arc<Mutex<ulid::Generator>>);

impl MakeRequestId for SortableRequestIds {
    fn make_request_id<B>(&mut self, _: &axum::http::Request<B>) -> Option<RequestId> {
        let id = self.0.lock().generate();
        // The generator is full only after more ids in a millisecond than a machine can answer.
        let id = id.unwrap_or_else(|_| ulid::Ulid::new());
        HeaderValue::from_str(id.array_to_str(&mut [0; ulid::ULID_LEN])).ok().map(RequestId::new)
    }
}

/// Prints the first sign-in link while it is valid.
async fn print_first_sign_in(accounts: &Accounts, file: &Path) -> anyhow::Result<()> {
    let saved = std::fs::read_to_string(file).ok();
    match accounts.first_sign_in(saved.as_deref()).await? {
        Some(link) => {
            write_private(file, &link)?;
            println!("first sign-in: {link}");
        }
        None if saved.is_some() => std::fs::remove_file(file)?,
        None => {}
    }
    Ok(())
}

/// On a stop signal: no new requests are accepted, endless responses end, others get [`DRAIN`].
async fn stopped(closing: CancellationToken, service: &ServiceManager) {
    stop_signal().await;
    service.stopping();
    tracing::info!("stop signal received: finishing open requests");
    closing.cancel();
    tokio::time::sleep(DRAIN).await;
    tracing::warn!("some responses took too long and were cut off");
}

async fn stop_signal() {
    let Ok(mut terminate) = tokio::signal::unix::signal(SignalKind::terminate()) else { return };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
