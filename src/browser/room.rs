//! The host's LiveKit room. What is published stays published over every reconnect.

use super::{
    bridge,
    devices::Capture,
    protocol::{ProbeResult, RoomEvent, kind_name},
};
use crate::domain::{media::CaptureKind, room::RoomAccess, video::VideoFormat};

/// A room joined as host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HostRoom(u32);

impl HostRoom {
    /// Joins. The screen is published with at most the size and frame rate of the stream.
    pub fn join(access: &RoomAccess, format: VideoFormat, on_event: impl Fn(RoomEvent) + 'static) -> Self {
        let handle = bridge::join_room(&access.url, &access.token, format.width, format.height, format.framerate);
        bridge::subscribe(handle, on_event);
        Self(handle)
    }

    /// Joins again with a new token; what was published is published again.
    pub fn rejoin(self, access: &RoomAccess) {
        bridge::rejoin_room(self.0, &access.url, &access.token);
    }

    /// Publishes a capture in place of the last of its kind. `framerate` is for video.
    pub fn publish(self, capture: Capture, framerate: u32) {
        bridge::publish(self.0, capture.kind_name(), capture.handle(), framerate);
    }

    pub fn unpublish(self, kind: CaptureKind) {
        bridge::publish(self.0, kind_name(kind), 0, 0);
    }

    pub fn set_muted(self, kind: CaptureKind, muted: bool) {
        bridge::set_muted(self.0, kind_name(kind), muted);
    }

    /// Leaves for good; the captures stay open.
    pub fn leave(self) {
        bridge::unsubscribe(self.0);
        bridge::leave_room(self.0);
    }
}

/// Loads what a room needs, before the click.
pub fn warm_up() {
    bridge::warm_up();
}

/// Measures the round trip to LiveKit.
pub fn probe(url: &str, on_event: impl Fn(ProbeResult) + 'static) {
    let handle = bridge::probe(url);
    bridge::subscribe(handle, move |result: ProbeResult| {
        bridge::unsubscribe(handle);
        on_event(result);
    });
}
