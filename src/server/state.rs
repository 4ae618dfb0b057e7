//! What every handler can ask for. The one place below `serve` where adapters are named.

use super::{relay::client::RelayClient, studio::Studio};
use axum::extract::FromRef;
use leptos::config::LeptosOptions;
use std::sync::Arc;

/// The state behind both doors. Cheap to clone, which every layer of every call does.
#[derive(Clone, FromRef)]
pub struct AppState {
    /// The use cases.
    pub studio: Studio,
    /// The relay, for recordings and thumbnails that pass through.
    pub relay: RelayClient,
    /// Where the built pages lie.
    pub leptos: Arc<LeptosOptions>,
}

impl FromRef<AppState> for LeptosOptions {
    fn from_ref(state: &AppState) -> Self {
        (*state.leptos).clone()
    }
}
