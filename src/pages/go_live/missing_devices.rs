//! Cameras and microphones that went away and are opened again when they are back.

use super::local_media::{CaptureState, LocalMedia};
use crate::{
    browser::{clock, protocol::DeviceList},
    domain::{
        capture::MissingDevice,
        media::{CaptureFailure, CaptureKind, DeviceKind, MediaDevice},
    },
};
use leptos::prelude::*;

/// A device that has ended by itself may be there again at once, as after a driver's restart.
const REOPEN_MS: u64 = 1_500;

/// Other devices are there, or more is allowed.
pub fn changed(media: LocalMedia, list: DeviceList) {
    media.devices.set(list.devices);
    open_returned(media);
    let kind = match list.granted {
        Some(DeviceKind::Camera) => CaptureKind::Camera,
        Some(DeviceKind::Microphone) => CaptureKind::Microphone,
        Some(DeviceKind::Speaker) | None => return,
    };
    let denied = media.state(kind).with_untracked(|state| {
        matches!(state, CaptureState::Failed(CaptureFailure::NotAllowed | CaptureFailure::BlockedBySystem | CaptureFailure::Dismissed))
    });
    if denied && is_wanted(media, kind) {
        media.open(kind);
    }
}

/// An open device has ended.
pub fn ended(media: LocalMedia, kind: CaptureKind, failure: CaptureFailure, last: &CaptureState) {
    let (Some(device), CaptureState::On { device: id, label, .. }) = (device_kind(kind), last) else { return };
    if failure == CaptureFailure::Unplugged {
        note(media, device, Some(MediaDevice { kind: device, id: id.clone(), label: label.clone() }), false);
        clock::after(REOPEN_MS, move || open_returned(media));
    }
}

/// A device could not be opened.
pub fn failed(media: LocalMedia, kind: CaptureKind, failure: CaptureFailure) {
    let Some(kind) = device_kind(kind) else { return };
    let last = media.missing.with_value(|all| all.iter().find(|missing| missing.kind == kind).and_then(|missing| missing.last.clone()));
    if failure == CaptureFailure::NotFound || last.is_some() {
        note(media, kind, last, true);
    }
}

/// A device is open: none of its kind is missing.
pub fn found(media: LocalMedia, kind: CaptureKind) {
    media.missing.update_value(|all| all.retain(|missing| Some(missing.kind) != device_kind(kind)));
}

fn note(media: LocalMedia, kind: DeviceKind, last: Option<MediaDevice>, tried: bool) {
    let missing = media.devices.with_untracked(|devices| MissingDevice::new(kind, last, tried, devices));
    media.missing.update_value(|all| {
        all.retain(|missing| missing.kind != kind);
        all.push(missing);
    });
}

fn open_returned(media: LocalMedia) {
    // The page may have been left meanwhile.
    let Some(devices) = media.devices.try_get_untracked() else { return };
    let returned = media.missing.try_update_value(|all| all.iter_mut().filter_map(|missing| missing.returned(&devices).cloned()).collect());
    let returned: Vec<MediaDevice> = returned.unwrap_or_default();
    for device in returned {
        let kind = if device.kind == DeviceKind::Camera { CaptureKind::Camera } else { CaptureKind::Microphone };
        let failed = media.state(kind).with_untracked(|state| matches!(state, CaptureState::Failed(_)));
        if failed && is_wanted(media, kind) {
            media.update_choices(|choices| match kind {
                CaptureKind::Camera => choices.camera = Some(device.id),
                CaptureKind::Microphone | CaptureKind::Screen => choices.microphone = Some(device.id),
            });
            media.open(kind);
        }
    }
}

fn is_wanted(media: LocalMedia, kind: CaptureKind) -> bool {
    media.choices.with_untracked(|choices| match kind {
        CaptureKind::Camera => choices.camera_on,
        CaptureKind::Microphone => choices.microphone_on,
        CaptureKind::Screen => false,
    })
}

/// A screen is no device.
const fn device_kind(kind: CaptureKind) -> Option<DeviceKind> {
    match kind {
        CaptureKind::Camera => Some(DeviceKind::Camera),
        CaptureKind::Microphone => Some(DeviceKind::Microphone),
        CaptureKind::Screen => None,
    }
}
