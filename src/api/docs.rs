//! The HTTP API as its page shows it: a reading of the OpenAPI document, no second description.

use serde::{Deserialize, Serialize};

/// One call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// `GET`, `POST`, …
    pub method: String,
    /// With its `{parts}`.
    pub path: String,
    /// The group it stands in.
    pub group: String,
    /// What it does, in a sentence.
    pub summary: String,
    /// More of it.
    pub description: String,
    /// Scopes of an API key that open it; empty where no key does.
    pub scopes: Vec<String>,
    /// Query and path parameters and headers, each with what it is.
    pub parameters: Vec<(String, String)>,
    /// The fields of the body, each with what it is; a `*` marks those that must be there.
    pub fields: Vec<(String, String)>,
    /// Statuses and what they mean.
    pub answers: Vec<(String, String)>,
}

/// What the help page says of this very house.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InstallationInfo {
    /// Where LiveKit's webhooks are taken.
    pub webhook_url: String,
    /// Where browsers meet.
    pub room_server: String,
    /// Whether the capture is our own.
    pub local_capture: bool,
}
