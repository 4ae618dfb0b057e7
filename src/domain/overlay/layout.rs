//! Chooses the layout from settings and arriving media. No markup and no tracks, only their states.

use super::{OverlaySettings, Scene};
use crate::domain::{
    session::StreamType,
    start_signal::{ObservedMedia, Picture},
    timestamp::Timestamp,
};
use serde::{Deserialize, Serialize};

/// The state of one track in the overlay page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Track {
    /// The host does not publish it.
    #[default]
    Absent,
    /// The host announced it; no frame has been painted yet.
    Announced,
    /// A decoded frame is on the page.
    Painted,
    /// The host switched it off and may switch it on again.
    Muted,
}

/// Whether the host is in the room.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Host {
    /// Not yet.
    #[default]
    Expected,
    /// In the room.
    Here,
    /// Was there, and has been away since this time.
    Away(Timestamp),
}

/// What arrives from the room.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Media {
    /// The host.
    pub host: Host,
    /// The shared screen.
    pub screen: Track,
    /// The webcam.
    pub camera: Track,
}

impl Media {
    /// A host in the room without any track.
    pub fn here() -> Self {
        Self { host: Host::Here, ..Self::default() }
    }

    /// The media after a new observation. A host who leaves keeps the last picture.
    #[must_use]
    pub fn after(&self, observed: &ObservedMedia, now: Timestamp) -> Self {
        match (observed.host, self.host) {
            (false, Host::Here) => Self { host: Host::Away(now), ..self.clone() },
            (false, _) => self.clone(),
            (true, _) => Self { host: Host::Here, screen: Track::of(observed.screen), camera: Track::of(observed.camera) },
        }
    }
}

impl Track {
    fn of(picture: Picture) -> Self {
        match picture {
            _ if picture.on_page() => Self::Painted,
            Picture { muted: true, .. } => Self::Muted,
            Picture { announced: true, .. } => Self::Announced,
            _ => Self::Absent,
        }
    }
}

/// The base layout below all other layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// The shared screen, full; the webcam in its corner.
    Screen,
    /// The webcam, or the host's initial, full.
    Camera,
    /// No video: the match, the decisions, the stats.
    DataOnly,
    /// Before the session.
    StartingSoon,
    /// A finished match with its result.
    MatchOver,
    /// A pause.
    BeRightBack,
    /// The host's connection is lost.
    Reconnecting,
    /// The end.
    Ending,
}

/// What the webcam's frame shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Webcam {
    /// Nothing.
    Hidden,
    /// Its picture.
    Video,
    /// The host's initial: it is off, never black.
    Avatar,
}

/// What the layout depends on besides settings and media.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Moment {
    /// Now.
    pub now: Timestamp,
    /// The session has gone live.
    pub live: bool,
    /// It is ending or over.
    pub over: bool,
    /// A match has just been decided.
    pub match_just_over: bool,
}

/// How long the last picture stays when the host is gone, before the page says so.
const HOST_MISSED_MS: u64 = 2_500;

impl OverlaySettings {
    /// Chooses the layout. A track that is announced but not yet painted changes nothing: the previous layout stays until it is
    /// ready.
    pub fn layout(&self, stream_type: StreamType, media: &Media, moment: Moment) -> Layout {
        let held = self.scene.and_then(|scene| match scene {
            Scene::StartingSoon => Some(Layout::StartingSoon),
            Scene::MatchOver => Some(Layout::MatchOver),
            Scene::BeRightBack => Some(Layout::BeRightBack),
            Scene::Reconnecting => Some(Layout::Reconnecting),
            Scene::Ending => Some(Layout::Ending),
            Scene::Live => None,
        });
        let nothing_yet = if moment.live { Layout::Reconnecting } else { Layout::StartingSoon };
        let waiting = media.screen == Track::Announced || media.camera == Track::Announced;
        match (moment.over, held, stream_type, media.host) {
            (true, ..) => Layout::Ending,
            (_, Some(held), ..) => held,
            (_, _, StreamType::Agent, Host::Expected) if moment.match_just_over => Layout::MatchOver,
            (_, _, StreamType::Agent, Host::Expected) => Layout::DataOnly,
            (_, _, _, Host::Expected) => nothing_yet,
            (_, _, _, Host::Away(since)) if moment.now.millis_since(since) >= HOST_MISSED_MS => Layout::Reconnecting,
            _ if media.screen == Track::Painted => Layout::Screen,
            _ if waiting && media.camera != Track::Painted => nothing_yet,
            // The host is there and shows nothing: the initial.
            _ => Layout::Camera,
        }
    }

    /// What the webcam's frame shows on a layout.
    pub fn webcam(&self, layout: Layout, media: &Media) -> Webcam {
        match (layout, media.camera) {
            (Layout::Camera | Layout::Screen, Track::Painted) if self.show_player_cam => Webcam::Video,
            (Layout::Screen, Track::Muted) if self.show_player_cam => Webcam::Avatar,
            (Layout::Camera, _) => Webcam::Avatar,
            _ => Webcam::Hidden,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_layout_follows_from_what_is_there() {
        let now = Timestamp::from_millis(100_000);
        let ago = |millis: i64| Host::Away(now.plus_millis(-millis));
        let media = |host, screen, camera| Media { host, screen, camera };
        let (none, told, paint, mute) = (Track::Absent, Track::Announced, Track::Painted, Track::Muted);
        let cases = [
            ("nobody yet", media(Host::Expected, none, none), Layout::StartingSoon, Webcam::Hidden),
            ("screen and camera", media(Host::Here, paint, paint), Layout::Screen, Webcam::Video),
            ("camera switched off beside a screen", media(Host::Here, paint, mute), Layout::Screen, Webcam::Avatar),
            ("screen alone", media(Host::Here, paint, none), Layout::Screen, Webcam::Hidden),
            ("screen not yet painted", media(Host::Here, told, paint), Layout::Camera, Webcam::Video),
            ("nothing painted yet", media(Host::Here, told, told), Layout::StartingSoon, Webcam::Hidden),
            ("camera off, no screen", media(Host::Here, none, mute), Layout::Camera, Webcam::Avatar),
            ("microphone only", media(Host::Here, none, none), Layout::Camera, Webcam::Avatar),
            ("just gone: the last picture stays", media(ago(500), paint, paint), Layout::Screen, Webcam::Video),
            ("gone", media(ago(3000), paint, paint), Layout::Reconnecting, Webcam::Hidden),
        ];
        let settings = OverlaySettings::for_user();
        for (what, media, layout, webcam) in cases {
            let got = settings.layout(StreamType::User, &media, Moment { now, ..Moment::default() });
            assert_eq!((got, settings.webcam(got, &media)), (layout, webcam), "{what}");
        }
        let over = settings.layout(StreamType::User, &Media::here(), Moment { over: true, ..Moment::default() });
        assert_eq!(over, Layout::Ending);
        let renewed = settings.layout(StreamType::User, &Media::default(), Moment { live: true, ..Moment::default() });
        assert_eq!(renewed, Layout::Reconnecting, "a stream that is live does not start soon");
    }

    #[test]
    fn a_host_who_drops_out_leaves_the_last_picture_and_a_camera_switched_off_leaves_an_initial() {
        let on = Picture { announced: true, muted: false, present: true, painted: true };
        let observed = ObservedMedia { host: true, screen: on, camera: on, ..ObservedMedia::default() };
        let now = Timestamp::from_millis(1000);
        let here = Media::default().after(&observed, now);
        assert_eq!((here.screen, here.camera), (Track::Painted, Track::Painted));
        let gone = here.after(&ObservedMedia::default(), now);
        assert_eq!((gone.host, gone.screen), (Host::Away(now), Track::Painted));
        assert_eq!(gone.after(&ObservedMedia::default(), now.plus_millis(900)).host, Host::Away(now), "away since the first word of it");
        let off = Picture { announced: false, muted: true, present: false, painted: false };
        assert_eq!(here.after(&ObservedMedia { camera: off, ..observed.clone() }, now).camera, Track::Muted);
        assert_eq!(here.after(&ObservedMedia { camera: Picture::default(), ..observed }, now).camera, Track::Absent);
    }

    #[test]
    fn a_scene_that_is_asked_for_holds_whatever_arrives() {
        let settings = OverlaySettings { scene: Some(Scene::BeRightBack), ..OverlaySettings::for_user() };
        let media = Media { screen: Track::Painted, ..Media::here() };
        assert_eq!(settings.layout(StreamType::User, &media, Moment::default()), Layout::BeRightBack);
    }
}
