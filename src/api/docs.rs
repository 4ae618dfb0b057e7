//! The HTTP API as its page shows it, derived from the OpenAPI document.

use serde::{Deserialize, Serialize};

/// The OpenAPI tags in the order of the page, each with what its calls are for.
pub const TAGS: [(&str, &str); 6] = [
    ("Sessions", "Start, watch and stop sessions."),
    ("Destinations", "Change where a running session is sent."),
    ("Overlay", "Change the overlay and send events to it."),
    ("Agents", "Report the games of an agent and set its avatar."),
    ("Administration", "For administrators: all sessions, the audit log, webhook deliveries."),
    ("Operations", "Health, metrics, LiveKit's webhooks and this document."),
];

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
    /// An example of the body as JSON; empty if it has none.
    pub example: String,
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
