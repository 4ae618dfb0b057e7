//! Media devices, the streamer's choices, and one message for each way in which a device can fail.

use serde::{Deserialize, Serialize};

/// The browser's id of a device; it differs from browser to browser.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DeviceId(String);

impl DeviceId {
    /// From the browser's text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The browser's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A kind of device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeviceKind {
    /// Captures video.
    Camera,
    /// Captures audio.
    Microphone,
    /// Plays audio.
    Speaker,
}

/// An available device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaDevice {
    /// The device's kind.
    pub kind: DeviceKind,
    /// The browser's name for it.
    pub id: DeviceId,
    /// The name shown to people; empty until the first permission.
    pub label: String,
}

/// What can be captured and published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CaptureKind {
    /// A camera's picture.
    Camera,
    /// A microphone's sound.
    Microphone,
    /// A screen, window or tab, with its sound where the browser gives it.
    Screen,
}

/// A video source that a host publishes to the room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum HostPicture {
    /// The shared screen.
    Screen,
    /// The webcam.
    Camera,
}

impl HostPicture {
    /// All sources.
    pub const ALL: [Self; 2] = [Self::Screen, Self::Camera];

    /// Its name, as in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Screen => "screen",
            Self::Camera => "camera",
        }
    }
}

/// Why a capture failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CaptureFailure {
    /// Denied for this site.
    NotAllowed,
    /// Denied for the browser, by the system.
    BlockedBySystem,
    /// There is no such device.
    NotFound,
    /// Another program uses it.
    InUse,
    /// The page was not loaded over https.
    Insecure,
    /// The browser does not support it.
    Unsupported,
    /// The streamer closed the picker: nothing is wrong.
    Dismissed,
    /// It was unplugged while in use.
    Unplugged,
    /// The browser gave no reason.
    Unknown,
}

impl CaptureKind {
    const fn noun(self) -> &'static str {
        match self {
            Self::Camera => "camera",
            Self::Microphone => "microphone",
            Self::Screen => "screen",
        }
    }
}

impl CaptureFailure {
    /// What happened and what to do, in one or two sentences.
    pub fn sentence(self, kind: CaptureKind) -> String {
        let noun = kind.noun();
        match (self, kind) {
            (Self::NotAllowed, CaptureKind::Screen) => {
                "This page may not share the screen. Allow it in the browser's site settings, then try again.".into()
            }
            (Self::NotAllowed, _) => {
                format!("The {noun} is blocked for this page. Click the icon left of the address, allow the {noun}, then try again.")
            }
            (Self::BlockedBySystem, _) => {
                format!("Your computer does not let the browser use the {noun}. Allow it in the system's privacy settings, then try again.")
            }
            (Self::NotFound, CaptureKind::Screen) => "The browser found nothing to share.".into(),
            (Self::NotFound, _) => format!("No {noun} found. Plug one in, or go on without it."),
            (Self::InUse, _) => format!("Another program is using the {noun}. Close it there, then try again."),
            (Self::Insecure, _) => {
                format!("Browsers give the {noun} only to secure pages. Open this page over https:// or on this machine itself.")
            }
            (Self::Unsupported, _) => format!("This browser cannot capture a {noun}. Try Chrome, Edge or Firefox on a computer."),
            (Self::Dismissed, CaptureKind::Screen) => "Nothing was picked, so nothing is shared.".into(),
            (Self::Dismissed, _) => format!("The {noun} was not allowed. Try again and choose Allow."),
            (Self::Unplugged, _) => format!("The {noun} went away. Plug it in again or choose another."),
            (Self::Unknown, _) => format!("The {noun} did not start. Plug it in again or choose another, then try again."),
        }
    }
}

/// What a streamer chose, remembered by the browser.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches")]
pub struct UserChoices {
    /// The name shown on the overlay.
    pub name: String,
    /// The last chosen camera.
    pub camera: Option<DeviceId>,
    /// Whether it is on.
    pub camera_on: bool,
    /// The last chosen microphone.
    pub microphone: Option<DeviceId>,
    /// Whether it is on.
    pub microphone_on: bool,
    /// The speaker for the test.
    pub speaker: Option<DeviceId>,
    /// Whether the streamer's own view is mirrored; viewers never see it mirrored.
    pub mirrored: bool,
    /// Whether screens are shared at 60 instead of 30 frames per second.
    pub smooth_screen: bool,
    /// Whether keyboard shortcuts are on in the Studio.
    pub keys_on: bool,
}

impl Default for UserChoices {
    fn default() -> Self {
        Self {
            name: String::new(),
            camera: None,
            camera_on: true,
            microphone: None,
            microphone_on: true,
            speaker: None,
            mirrored: true,
            smooth_screen: false,
            keys_on: true,
        }
    }
}

/// The device a menu shows as chosen: the one in use, else the remembered one if it is there, else the first.
pub fn chosen<'a>(devices: &'a [MediaDevice], in_use: Option<&DeviceId>, remembered: Option<&DeviceId>) -> Option<&'a MediaDevice> {
    let find = |id: Option<&DeviceId>| id.and_then(|id| devices.iter().find(|device| device.id == *id));
    find(in_use).or_else(|| find(remembered)).or_else(|| devices.first())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAILURES: [CaptureFailure; 9] = [
        CaptureFailure::NotAllowed,
        CaptureFailure::BlockedBySystem,
        CaptureFailure::NotFound,
        CaptureFailure::InUse,
        CaptureFailure::Insecure,
        CaptureFailure::Unsupported,
        CaptureFailure::Dismissed,
        CaptureFailure::Unplugged,
        CaptureFailure::Unknown,
    ];

    #[test]
    fn each_device_failure_has_its_own_message() {
        for kind in [CaptureKind::Camera, CaptureKind::Microphone, CaptureKind::Screen] {
            let mut sentences: Vec<String> = FAILURES.iter().map(|failure| failure.sentence(kind)).collect();
            assert!(sentences.iter().all(|text| text.ends_with('.')), "{sentences:?}");
            sentences.sort();
            sentences.dedup();
            assert_eq!(sentences.len(), FAILURES.len(), "{kind:?}");
        }
    }

    #[test]
    fn a_device_menu_prefers_in_use_then_remembered_then_first() {
        let device = |id: &str| MediaDevice { kind: DeviceKind::Camera, id: DeviceId::new(id), label: id.to_owned() };
        let devices = [device("a"), device("b"), device("c")];
        let (b, c, gone) = (DeviceId::new("b"), DeviceId::new("c"), DeviceId::new("gone"));
        for (in_use, remembered, expected) in
            [(Some(&b), Some(&c), "b"), (None, Some(&c), "c"), (Some(&gone), Some(&c), "c"), (None, Some(&gone), "a"), (None, None, "a")]
        {
            assert_eq!(chosen(&devices, in_use, remembered).expect("some").label, expected);
        }
        assert_eq!(chosen(&[], None, Some(&b)), None);
    }

    #[test]
    fn choices_of_an_older_page_are_still_read() {
        let choices: UserChoices = serde_json::from_str(r#"{"name":"Blaze","cameraOn":false}"#).expect("choices");
        assert_eq!(choices, UserChoices { name: "Blaze".into(), camera_on: false, ..UserChoices::default() });
    }
}
