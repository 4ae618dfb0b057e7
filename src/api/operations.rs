//! What monitoring asks for.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The server runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Health {
    /// Always `ok`.
    pub status: String,
}

/// Whether the server can start sessions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Readiness {
    /// Whether every part answers.
    pub ready: bool,
    /// For each part `ok`, or why it does not answer.
    pub checks: BTreeMap<String, String>,
}
