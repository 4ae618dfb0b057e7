//! The state of every handler. The only place below `serve` where adapters are named.

use super::{
    accounts::{Accounts, agents::Agents, api_keys::ApiKeys, audit::AuditLog},
    destinations::Destinations,
    feed::Feed,
    games::Games,
    operations::{account_data::AccountData, analytics::Analytics, monitoring::Monitoring, outbox::Outbox, session_admin::SessionAdmin},
    overlay::Overlay,
    reconcile::Reconciler,
    relay::client::RelayClient,
    sessions::Sessions,
    studio::Studio,
};
use crate::config::serve::ServeConfig;
use axum::extract::FromRef;
use leptos::config::LeptosOptions;
use std::{ops::Deref, sync::Arc};
use tokio_util::sync::CancellationToken;

/// The shared state. Every layer of every call clones it, so it is one `Arc`.
#[derive(Clone)]
pub struct AppState(Arc<Shared>);

/// The parts of the state.
pub struct Shared {
    pub studio: Studio,
    /// The relay, for recordings and thumbnails that pass through.
    pub relay: RelayClient,
    /// Where the built pages are.
    pub leptos: LeptosOptions,
}

impl AppState {
    pub fn new(studio: Studio, relay: RelayClient, leptos: LeptosOptions) -> Self {
        Self(Arc::new(Shared { studio, relay, leptos }))
    }
}

impl Deref for AppState {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

/// Gives each handler and server function the one use case that it needs.
macro_rules! parts {
    ($($field:ident: $part:ty,)*) => {$(
        impl FromRef<AppState> for $part {
            fn from_ref(state: &AppState) -> Self {
                state.studio.$field.clone()
            }
        }
    )*};
}

parts! {
    sessions: Sessions,
    destinations: Destinations,
    reconciler: Reconciler,
    accounts: Accounts,
    agents: Agents,
    api_keys: ApiKeys,
    audit: AuditLog,
    overlay: Overlay,
    games: Games,
    outbox: Outbox,
    analytics: Analytics,
    account_data: AccountData,
    session_admin: SessionAdmin,
    monitoring: Monitoring,
    feed: Feed,
    config: Arc<ServeConfig>,
    closing: CancellationToken,
}

impl FromRef<AppState> for RelayClient {
    fn from_ref(state: &AppState) -> Self {
        state.relay.clone()
    }
}

impl FromRef<AppState> for LeptosOptions {
    fn from_ref(state: &AppState) -> Self {
        state.leptos.clone()
    }
}
