//! Server functions for sessions.

use crate::{
    api::{
        destination_test::DestinationTest,
        error::ApiError,
        public_http::SessionPage,
        sessions::{DestinationInput, NewSession, Preflight, SessionView, StartedSession, StudioSetup, TimelineView},
        wire::Json,
    },
    domain::{
        ids::{DestinationId, SessionId},
        overlay::{OverlayPatch, OverlaySettings},
        room::RoomAccess,
    },
};
use leptos::prelude::*;

/// Preflight checks: LiveKit, relay, free slots.
#[server(prefix = "/rpc", endpoint = "sessions/preflight", input = Json, output = Json)]
pub async fn run_preflight() -> Result<Preflight, ApiError> {
    use crate::server::{rpc, sessions::Sessions};
    let (sessions, _caller) = rpc::admit::<Sessions>().await?;
    Ok(sessions.preflight().await)
}

/// Access to an empty room, to see whether media get through.
#[server(prefix = "/rpc", endpoint = "sessions/media-check", input = Json, output = Json)]
pub async fn media_check_access() -> Result<RoomAccess, ApiError> {
    use crate::server::{rpc, sessions::Sessions};
    let (sessions, caller) = rpc::admit::<Sessions>().await?;
    rpc::reply(sessions.media_check_access(&caller).await)
}

#[server(prefix = "/rpc", endpoint = "sessions/start", input = Json, output = Json)]
pub async fn start_session(show: NewSession) -> Result<StartedSession, ApiError> {
    use crate::server::{rpc, sessions::Sessions};
    let (sessions, caller) = rpc::admit::<Sessions>().await?;
    rpc::reply(sessions.start(&caller, show).await)
}

/// Stops a session, for a reason if one is given; one that is over stays as it is.
#[server(prefix = "/rpc", endpoint = "sessions/stop", input = Json, output = Json)]
pub async fn stop_session(id: SessionId, #[server(default)] reason: Option<String>) -> Result<SessionView, ApiError> {
    use crate::server::{rpc, sessions::Sessions};
    let (sessions, caller) = rpc::admit::<Sessions>().await?;
    rpc::reply(sessions.stop(&caller, &id, reason).await)
}

#[server(prefix = "/rpc", endpoint = "sessions/get", input = Json, output = Json)]
pub async fn get_session(id: SessionId) -> Result<SessionView, ApiError> {
    use crate::server::{rpc, sessions::Sessions};
    let (sessions, caller) = rpc::admit::<Sessions>().await?;
    rpc::reply(sessions.session(&caller, &id).await)
}

/// The caller's running session, for a reloaded page, and what their next one begins with.
#[server(prefix = "/rpc", endpoint = "sessions/setup", input = Json, output = Json)]
pub async fn load_setup() -> Result<StudioSetup, ApiError> {
    use crate::server::{rpc, sessions::Sessions};
    let (sessions, caller) = rpc::admit::<Sessions>().await?;
    rpc::reply(sessions.setup(&caller).await)
}

/// A page of the caller's sessions, newest first.
#[server(prefix = "/rpc", endpoint = "sessions/mine", input = Json, output = Json)]
pub async fn my_sessions(behind: Option<SessionId>) -> Result<SessionPage, ApiError> {
    use crate::server::{rpc, sessions::Sessions};
    let (sessions, caller) = rpc::admit::<Sessions>().await?;
    rpc::reply(sessions.mine(&caller, behind).await)
}

/// A fresh room token for the host of a running session.
#[server(prefix = "/rpc", endpoint = "sessions/room", input = Json, output = Json)]
pub async fn rejoin_room(id: SessionId) -> Result<RoomAccess, ApiError> {
    use crate::server::{rpc, sessions::Sessions};
    let (sessions, caller) = rpc::admit::<Sessions>().await?;
    rpc::reply(sessions.room_access(&caller, &id).await)
}

/// Changes what the composite shows.
#[server(prefix = "/rpc", endpoint = "sessions/overlay", input = Json, output = Json)]
pub async fn set_overlay(id: SessionId, patch: OverlayPatch) -> Result<OverlaySettings, ApiError> {
    use crate::server::{overlay::Overlay, rpc};
    let (overlay, caller) = rpc::admit::<Overlay>().await?;
    rpc::reply(overlay.set(&caller, &id, &patch).await)
}

/// Adds and removes destinations of a running session: typed ones, and saved ones by their ids.
#[server(prefix = "/rpc", endpoint = "sessions/destinations", input = Json, output = Json)]
pub async fn change_destinations(
    id: SessionId,
    add: Vec<DestinationInput>,
    remove: Vec<DestinationId>,
    #[server(default)] saved: Vec<DestinationId>,
) -> Result<SessionView, ApiError> {
    use crate::server::{rpc, sessions::Sessions};
    let (sessions, caller) = rpc::admit::<Sessions>().await?;
    rpc::reply(sessions.change_destinations(&caller, &id, &saved, add, &remove).await)
}

/// Tries a lost destination at once.
#[server(prefix = "/rpc", endpoint = "sessions/retry-destination", input = Json, output = Json)]
pub async fn retry_destination(id: SessionId, destination: DestinationId) -> Result<(), ApiError> {
    use crate::server::{rpc, sessions::Sessions};
    let (sessions, caller) = rpc::admit::<Sessions>().await?;
    rpc::reply(sessions.retry_destination(&caller, &id, &destination).await)
}

/// Tries destinations before a session: saved ones, then typed ones. Nothing is published.
#[server(prefix = "/rpc", endpoint = "destinations/test", input = Json, output = Json)]
pub async fn try_destinations(saved: Vec<DestinationId>, typed: Vec<DestinationInput>) -> Result<Vec<DestinationTest>, ApiError> {
    use crate::server::{destinations::Destinations, rpc};
    let (destinations, caller) = rpc::admit::<Destinations>().await?;
    rpc::reply(destinations.test_all(&caller, None, &saved, typed).await)
}

/// Deletes a saved destination with its key.
#[server(prefix = "/rpc", endpoint = "destinations/delete", input = Json, output = Json)]
pub async fn delete_destination(id: DestinationId) -> Result<(), ApiError> {
    use crate::server::{destinations::Destinations, rpc};
    let (destinations, caller) = rpc::admit::<Destinations>().await?;
    rpc::reply(destinations.delete(&caller, &id).await)
}

/// The timeline and cost of a session.
#[server(prefix = "/rpc", endpoint = "sessions/story", input = Json, output = Json)]
pub async fn load_timeline(id: SessionId) -> Result<TimelineView, ApiError> {
    use crate::server::{rpc, sessions::Sessions};
    let (sessions, caller) = rpc::admit::<Sessions>().await?;
    rpc::reply(sessions.timeline(&caller, &id).await)
}
