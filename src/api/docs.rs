//! The HTTP API as its page shows it, derived from the OpenAPI document.

use serde::{Deserialize, Serialize};

/// One call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// `GET`, `POST`, …
    pub method: String,
    /// The path with its `{parameters}`.
    pub path: String,
    /// The OpenAPI tag.
    pub group: String,
    /// What it does, in a sentence.
    pub summary: String,
    /// The full description.
    pub description: String,
    /// The API key scopes it accepts; empty if it accepts no key.
    pub scopes: Vec<String>,
    /// Query and path parameters and headers, each with what it is.
    pub parameters: Vec<(String, String)>,
    /// The fields of the body, each with what it is; a `*` marks those that must be there.
    pub fields: Vec<(String, String)>,
    /// Statuses and what they mean.
    pub answers: Vec<(String, String)>,
}

/// What the help page says about this installation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InstallationInfo {
    /// The address for LiveKit's webhooks.
    pub webhook_url: String,
    /// LiveKit's address for browsers.
    pub room_server: String,
    /// Whether the local egress captures.
    pub local_capture: bool,
}
