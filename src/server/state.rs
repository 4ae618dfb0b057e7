//! The state of every handler. The only place below `serve` where adapters are named.

use super::{relay::client::RelayClient, studio::Studio};
use axum::extract::FromRef;
use leptos::config::LeptosOptions;
use std::{ops::Deref, sync::Arc};

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

impl FromRef<AppState> for Studio {
    fn from_ref(state: &AppState) -> Self {
        state.studio.clone()
    }
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
