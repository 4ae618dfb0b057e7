//! Cameras, microphones, screens and speakers: listing and opening them, showing them on the page.

use super::{
    bridge,
    protocol::{CaptureEvent, DeviceList, MeterEvent, kind_name},
};
use crate::domain::media::{CaptureKind, DeviceId, MediaDevice};
use leptos::prelude::on_cleanup;

/// An open camera, microphone or screen. Whoever opened it closes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capture {
    handle: u32,
    kind: CaptureKind,
}

impl Capture {
    /// Opens a camera (`None`: any).
    pub fn camera(device: Option<&DeviceId>, on_event: impl Fn(CaptureEvent) + 'static) -> Self {
        Self::begin(CaptureKind::Camera, bridge::open_camera(device.map_or("", DeviceId::as_str)), on_event)
    }

    /// Opens a microphone (`None`: any).
    pub fn microphone(device: Option<&DeviceId>, on_event: impl Fn(CaptureEvent) + 'static) -> Self {
        Self::begin(CaptureKind::Microphone, bridge::open_microphone(device.map_or("", DeviceId::as_str)), on_event)
    }

    /// Opens a screen, window or tab with its audio. Browsers allow it only straight from a click.
    pub fn screen(framerate: u32, on_event: impl Fn(CaptureEvent) + 'static) -> Self {
        Self::begin(CaptureKind::Screen, bridge::open_screen(framerate), on_event)
    }

    fn begin(kind: CaptureKind, handle: u32, on_event: impl Fn(CaptureEvent) + 'static) -> Self {
        bridge::subscribe(handle, on_event);
        Self { handle, kind }
    }

    /// Shows it in the video element with this id, now or when that appears.
    pub fn show_in(self, element: &str, mirrored: bool) {
        bridge::show_capture(self.handle, element, mirrored);
    }

    /// Closes it; the device's light goes out.
    pub fn close(self) {
        bridge::unsubscribe(self.handle);
        bridge::close_capture(self.handle);
    }

    /// Its handle in `bridge/captures.js`.
    pub(super) const fn handle(self) -> u32 {
        self.handle
    }

    /// The name that the bridge has for its kind.
    pub(super) fn kind_name(self) -> &'static str {
        kind_name(self.kind)
    }
}

pub fn clear_picture(element: &str) {
    bridge::clear_picture(element);
}

/// Reports the devices, now and whenever they change, until the surrounding owner is dropped.
pub fn watch(on_event: impl Fn(Vec<MediaDevice>) + 'static) {
    let handle = bridge::watch_devices();
    bridge::subscribe(handle, move |list: DeviceList| on_event(list.devices));
    on_cleanup(move || {
        bridge::unsubscribe(handle);
        bridge::unwatch_devices(handle);
    });
}

/// Shows a microphone's level in the meter element until the surrounding owner is dropped; reports when it falls silent or is heard again.
pub fn meter(microphone: Capture, element: &str, on_event: impl Fn(bool) + 'static) {
    let handle = bridge::start_meter(microphone.handle, element);
    bridge::subscribe(handle, move |event: MeterEvent| on_event(event.heard));
    on_cleanup(move || {
        bridge::unsubscribe(handle);
        bridge::stop_meter(handle);
    });
}

/// Plays three notes on a speaker (`None`: the default one).
pub fn test_speaker(device: Option<&DeviceId>) {
    bridge::test_speaker(device.map_or("", DeviceId::as_str));
}
