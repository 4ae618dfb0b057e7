//! Trying destinations before a session: their servers are connected to, and nothing is published.

use super::sessions::{DestinationInput, PreflightResult};
use crate::domain::{
    destination::Platform,
    ids::{AgentId, DestinationId},
};
use serde::{Deserialize, Serialize};

/// `POST /api/streaming/destinations/test`: at most ten destinations together.
#[derive(Debug, Clone, PartialEq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TestDestinations {
    /// The caller's agent whose saved destinations are meant; with an agent's own key it may be left out.
    #[serde(default)]
    pub agent_id: Option<AgentId>,
    /// Saved destinations.
    #[serde(default)]
    #[schema(max_items = 10)]
    pub destination_ids: Vec<DestinationId>,
    /// Typed ones, which are not kept.
    #[serde(default)]
    #[schema(max_items = 10)]
    pub destinations: Vec<DestinationInput>,
}

/// One result for each destination: first the saved ones, then the typed ones, in their order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DestinationTests {
    /// The results.
    pub results: Vec<DestinationTest>,
}

/// What came of trying one destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DestinationTest {
    /// The saved destination; `null` for a typed one.
    pub id: Option<DestinationId>,
    /// Its name, else its platform's.
    pub label: String,
    /// The platform.
    pub platform: Platform,
    /// `pass`: its server takes a stream at this address. `warn`: that could not be found out, or may pass. `fail`: it will not
    /// work until somebody changes something.
    pub result: PreflightResult,
    /// What was found and what to do, as a sentence.
    pub note: String,
}
