//! The LiveKit room of a session and its participants.

use super::ids::{Generation, SessionId, UserId};
use serde::{Deserialize, Serialize};

const CHECK_STREAM: &str = "check-";

/// The room's name: `stream-{sessionId}`.
pub fn room_name(session: &SessionId) -> String {
    format!("stream-{session}")
}

/// The session a room belongs to, if the room is one of ours.
pub fn session_of_room(name: &str) -> Option<SessionId> {
    name.strip_prefix("stream-")?.parse().ok()
}

/// The name of the room in which a user's browsers check whether media get through. It is no session's.
pub fn check_room_name(user: &UserId) -> String {
    format!("check-{user}")
}

/// The id under which the relay receives the capture of a check. It is no session's.
pub fn check_stream(id: &SessionId) -> SessionId {
    format!("{CHECK_STREAM}{id}").parse().unwrap_or_else(|_| id.clone())
}

/// The id that [`check_stream`] was made from, if it is one.
pub fn id_of_check(stream: &SessionId) -> Option<&str> {
    stream.as_str().strip_prefix(CHECK_STREAM)
}

/// The host's identity: `host-{sessionId}`. Joining again with it disconnects the older connection.
pub fn host_identity(session: &SessionId) -> String {
    format!("host-{session}")
}

/// An overlay's identity, one per egress, so that two may overlap while one replaces the other.
pub fn overlay_identity(session: &SessionId, generation: Generation) -> String {
    format!("overlay-{session}-{generation}")
}

/// What a browser needs to join a room.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RoomAccess {
    /// LiveKit's WebSocket address for browsers.
    pub url: String,
    /// The room's name.
    pub name: String,
    /// Access token for this room and identity; invalid after the session.
    pub token: String,
}

impl std::fmt::Debug for RoomAccess {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RoomAccess({} at {})", self.name, self.url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_names_map_back_to_their_session() {
        let session: SessionId = "01abc".parse().expect("an id");
        assert_eq!(session_of_room(&room_name(&session)), Some(session));
        assert_eq!(session_of_room("lobby"), None);
        assert_eq!(session_of_room(&check_room_name(&"01abc".parse().expect("an id"))), None);
        assert_eq!(session_of_room("stream-../x"), None);
    }

    #[test]
    fn a_check_is_told_from_a_session() {
        let id: SessionId = "01abc".parse().expect("an id");
        assert_eq!(id_of_check(&check_stream(&id)), Some("01abc"));
        assert_eq!(id_of_check(&id), None);
    }
}
