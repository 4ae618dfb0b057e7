//! What goes wrong with an open camera, microphone or screen, and how a device that went away comes back.

use super::media::{CaptureKind, DeviceId, DeviceKind, MediaDevice};
use serde::{Deserialize, Serialize};

/// Why an open capture gives nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CaptureTrouble {
    /// Its first frame has not come yet.
    Starting,
    /// No frame comes, or none any more.
    NoPicture,
    /// The system has muted it.
    Silenced,
}

impl CaptureTrouble {
    /// Whether viewers have to do without its picture.
    pub fn hides(self, kind: CaptureKind) -> bool {
        kind == CaptureKind::Camera && self != Self::Starting
    }

    /// What happened, what viewers get meanwhile and what to do.
    pub const fn sentence(self, kind: CaptureKind) -> Option<&'static str> {
        match (self, kind) {
            (Self::Starting, _) => None,
            (Self::Silenced, CaptureKind::Microphone) => Some(
                "Your system has muted the microphone: viewers do not hear you. Look for a mute key on it, or in the system's sound settings.",
            ),
            (Self::Silenced, CaptureKind::Camera) => Some(
                "Your system has switched the camera off: viewers see your initial. Look for a switch on it, or in the system's settings.",
            ),
            (Self::Silenced, CaptureKind::Screen) => {
                Some("Your system holds the shared screen back: viewers see its last picture. Show the shared window again.")
            }
            (Self::NoPicture, _) => {
                Some("Your camera gives no picture: viewers see your initial. Look for a cover, or for another program that uses it.")
            }
        }
    }
}

/// The sound that goes with a shared screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Sound {
    /// It is shared too.
    Present,
    /// What was picked has none.
    Absent,
    /// The system did not give it.
    Refused,
    /// It ended while the picture goes on.
    Ended,
}

impl Sound {
    /// What is shared, in a sentence.
    pub const fn note(self) -> &'static str {
        match self {
            Self::Present => "Sharing your screen with audio.",
            Self::Absent => "Sharing your screen without audio. Share a browser tab to send its audio.",
            Self::Refused => "Sharing your screen without audio: your system did not give it.",
            Self::Ended => "Sharing your screen without audio: it has ended. Share again to send it.",
        }
    }
}

/// A device that is wanted and not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingDevice {
    /// Its kind.
    pub kind: DeviceKind,
    /// The device that went away; `None` if there was none of its kind.
    pub last: Option<MediaDevice>,
    /// The devices that were there and were not taken instead.
    pub others: Vec<DeviceId>,
}

impl MissingDevice {
    /// As it is missed now. `tried`: opening it has failed, so that it counts as back only after it was gone.
    pub fn new(kind: DeviceKind, last: Option<MediaDevice>, tried: bool, devices: &[MediaDevice]) -> Self {
        let other = |device: &&MediaDevice| device.kind == kind && (tried || last.as_ref().is_none_or(|last| last.id != device.id));
        Self { kind, others: devices.iter().filter(other).map(|device| device.id.clone()).collect(), last }
    }

    /// The device to open now: the same, also under a new id, and where there was none, the first that comes. Another device is a
    /// choice.
    pub fn returned<'a>(&mut self, devices: &'a [MediaDevice]) -> Option<&'a MediaDevice> {
        self.others.retain(|id| devices.iter().any(|device| device.id == *id));
        let mut fresh = devices.iter().filter(|device| device.kind == self.kind && !self.others.contains(&device.id));
        match &self.last {
            None => fresh.next(),
            Some(last) => fresh.find(|device| device.id == last.id || (!last.label.is_empty() && device.label == last.label)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn camera(id: &str, label: &str) -> MediaDevice {
        MediaDevice { kind: DeviceKind::Camera, id: DeviceId::new(id), label: label.into() }
    }

    #[test]
    fn a_device_comes_back_under_its_id_or_its_name() {
        let (front, lid) = (camera("a", "Front camera"), camera("b", "Lid camera"));
        let lost = MissingDevice::new(DeviceKind::Camera, Some(front.clone()), false, std::slice::from_ref(&lid));
        let cases = [
            ("still gone", vec![lid.clone()], None),
            ("the same", vec![lid.clone(), front.clone()], Some("a")),
            ("a new id", vec![lid.clone(), camera("c", "Front camera")], Some("c")),
            ("another camera is offered, not taken", vec![lid.clone(), camera("c", "Third")], None),
        ];
        for (what, devices, id) in cases {
            assert_eq!(lost.clone().returned(&devices).map(|device| device.id.as_str()), id, "{what}");
        }
        let mut none = MissingDevice::new(DeviceKind::Camera, None, true, &[]);
        assert_eq!(none.returned(&[]), None);
        assert_eq!(none.returned(std::slice::from_ref(&lid)), Some(&lid), "the first camera at all");
        let mut failed = MissingDevice::new(DeviceKind::Camera, Some(lid.clone()), true, std::slice::from_ref(&lid));
        assert_eq!(failed.returned(std::slice::from_ref(&lid)), None, "one that could not be opened is not tried again");
        assert_eq!(failed.returned(&[]), None);
        assert_eq!(failed.returned(std::slice::from_ref(&lid)), Some(&lid), "until it was gone");
        let microphone = MediaDevice { kind: DeviceKind::Microphone, ..front };
        assert_eq!(none.returned(&[microphone]), None);
    }

    #[test]
    fn each_trouble_names_its_device() {
        for (trouble, kind, word) in [
            (CaptureTrouble::Silenced, CaptureKind::Microphone, "microphone"),
            (CaptureTrouble::Silenced, CaptureKind::Camera, "camera"),
            (CaptureTrouble::Silenced, CaptureKind::Screen, "screen"),
            (CaptureTrouble::NoPicture, CaptureKind::Camera, "Your camera gives no picture"),
        ] {
            assert!(trouble.sentence(kind).is_some_and(|text| text.contains(word)), "{trouble:?} {kind:?}");
        }
        assert_eq!(CaptureTrouble::Starting.sentence(CaptureKind::Camera), None);
        assert!(CaptureTrouble::NoPicture.hides(CaptureKind::Camera) && !CaptureTrouble::Silenced.hides(CaptureKind::Screen));
    }
}
