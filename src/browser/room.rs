//! The host's room: what is published stays published over every reconnect. Fresh tokens come from whoever joins.

use super::{
    bridge,
    devices::Capture,
    protocol::{ProbeResult, RoomEvent, kind_name},
};
use crate::domain::{media::CaptureKind, room::RoomAccess, video::VideoFormat};

/// A room joined as host, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HostRoom(u32);

impl HostRoom {
    /// Joins and tells what happens. No more of a screen is sent than fits into the show's picture, and nothing more often.
    pub fn join(access: &RoomAccess, picture: VideoFormat, on_event: impl Fn(RoomEvent) + 'static) -> Self {
        let handle = bridge::join_room(&access.url, &access.token, picture.width, picture.height, picture.framerate);
        bridge::subscribe(handle, on_event);
        Self(handle)
    }

    /// Joins again after a loss, with a fresh token; what was published is published again.
    pub fn rejoin(self, access: &RoomAccess) {
        bridge::rejoin_room(self.0, &access.url, &access.token);
    }

    /// Publishes a capture in place of the last of its kind. `framerate` matters for pictures.
    pub fn publish(self, capture: Capture, framerate: u32) {
        bridge::publish(self.0, capture.kind_name(), capture.handle(), framerate);
    }

    /// Publishes nothing of a kind from now on.
    pub fn unpublish(self, kind: CaptureKind) {
        bridge::publish(self.0, kind_name(kind), 0, 0);
    }

    /// Mutes or unmutes what is published of a kind.
    pub fn set_muted(self, kind: CaptureKind, muted: bool) {
        bridge::set_muted(self.0, kind_name(kind), muted);
    }

    /// Leaves for good; the captures stay open.
    pub fn leave(self) {
        bridge::unsubscribe(self.0);
        bridge::leave_room(self.0);
    }
}

/// Fetches what a room needs, ahead of the click.
pub fn warm_up() {
    bridge::warm_up();
}

/// Asks how far away LiveKit is.
pub fn probe(url: &str, on_event: impl Fn(ProbeResult) + 'static) {
    let handle = bridge::probe(url);
    bridge::subscribe(handle, move |reach: ProbeResult| {
        bridge::unsubscribe(handle);
        on_event(reach);
    });
}
