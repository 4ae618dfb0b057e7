//! What every handler can ask for. The one place below `serve` where adapters are named.

use super::{relay::client::RelayClient, studio::Studio};
use axum::extract::FromRef;
use leptos::config::LeptosOptions;

/// The state behind both doors. Cheap to clone.
#[derive(Clone, FromRef)]
pub struct AppState {
    /// The use cases.
    pub studio: Studio,
    /// The relay, for recordings and thumbnails that pass through.
    pub relay: RelayClient,
    /// Where the built pages lie.
    pub leptos: LeptosOptions,
}
