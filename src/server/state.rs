//! What every handler can ask for. The one place below `serve` where adapters are named.

use super::{relay::client::RelayClient, studio::Studio};
use axum::extract::FromRef;
use leptos::config::LeptosOptions;
use std::{ops::Deref, sync::Arc};

/// The state behind both doors. Every layer of every call clones it: one count, not one for each part.
#[derive(Clone)]
pub struct AppState(Arc<Shared>);

/// What stands in the state.
pub struct Shared {
    /// The use cases.
    pub studio: Studio,
    /// The relay, for recordings and thumbnails that pass through.
    pub relay: RelayClient,
    /// Where the built pages lie.
    pub leptos: LeptosOptions,
}

impl AppState {
    /// Of its parts.
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
