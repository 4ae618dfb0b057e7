//! What the composite shows and how: the owner's settings, the scene, where the webcam sits.

mod layout;

use super::timestamp::Timestamp;
pub use layout::{Host, Layout, Media, Moment, Track, Webcam};
use serde::{Deserialize, Serialize};

/// The composite's colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    /// House lights down.
    Dark,
    /// House lights up.
    Light,
}

/// A corner of the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PipCorner {
    /// Top left.
    TopLeft,
    /// Top right.
    TopRight,
    /// Bottom left.
    BottomLeft,
    /// Bottom right.
    BottomRight,
}

/// How large the webcam is beside a screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum PipSize {
    /// A sixth of the picture's width.
    Small,
    /// A fifth and a bit.
    Medium,
    /// Almost a third.
    Large,
}

/// A scene the host or the API may ask for; `None` in [`OverlaySettings`] means: by what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Scene {
    /// Before the show, with a countdown where one is set.
    StartingSoon,
    /// The show itself.
    Live,
    /// A finished match with its result.
    MatchOver,
    /// A pause.
    BeRightBack,
    /// The host's connection is lost.
    Reconnecting,
    /// The end.
    Ending,
}

/// The owner's settings of the composite. Changing any while live shows within a second.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "four independent switches, each named on the wire")]
pub struct OverlaySettings {
    /// The agent's decisions with their reasons.
    pub show_decisions: bool,
    /// Who the agent is.
    pub show_agent_info: bool,
    /// The ticker of events.
    pub show_event_feed: bool,
    /// The webcam.
    pub show_player_cam: bool,
    /// Dark or light.
    pub theme: Theme,
    /// Where the webcam sits.
    pub pip_corner: PipCorner,
    /// How large it is.
    pub pip_size: PipSize,
    /// A scene asked for; otherwise it follows from what is there.
    pub scene: Option<Scene>,
    /// When the show begins: the countdown of "starting soon".
    #[serde(default)]
    pub starts_at: Option<Timestamp>,
}

impl OverlaySettings {
    /// What a streamer's show begins with.
    pub const fn for_user() -> Self {
        Self {
            show_decisions: false,
            show_agent_info: false,
            show_event_feed: true,
            show_player_cam: true,
            theme: Theme::Dark,
            pip_corner: PipCorner::BottomRight,
            pip_size: PipSize::Medium,
            scene: None,
            starts_at: None,
        }
    }

    /// What an agent's show begins with.
    pub const fn for_agent() -> Self {
        Self { show_decisions: true, show_agent_info: true, show_player_cam: false, ..Self::for_user() }
    }
}

/// A change of some settings. Absent: unchanged.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct OverlayPatch {
    /// See [`OverlaySettings`].
    pub show_decisions: Option<bool>,
    /// See [`OverlaySettings`].
    pub show_agent_info: Option<bool>,
    /// See [`OverlaySettings`].
    pub show_event_feed: Option<bool>,
    /// See [`OverlaySettings`].
    pub show_player_cam: Option<bool>,
    /// See [`OverlaySettings`].
    pub theme: Option<Theme>,
    /// See [`OverlaySettings`].
    pub pip_corner: Option<PipCorner>,
    /// See [`OverlaySettings`].
    pub pip_size: Option<PipSize>,
    /// A scene to hold, or `Live` for the automatic choice.
    pub scene: Option<Scene>,
    /// When the show begins.
    pub starts_at: Option<Timestamp>,
}

impl OverlayPatch {
    /// The settings after this change.
    pub fn apply(&self, to: &OverlaySettings) -> OverlaySettings {
        OverlaySettings {
            show_decisions: self.show_decisions.unwrap_or(to.show_decisions),
            show_agent_info: self.show_agent_info.unwrap_or(to.show_agent_info),
            show_event_feed: self.show_event_feed.unwrap_or(to.show_event_feed),
            show_player_cam: self.show_player_cam.unwrap_or(to.show_player_cam),
            theme: self.theme.unwrap_or(to.theme),
            pip_corner: self.pip_corner.unwrap_or(to.pip_corner),
            pip_size: self.pip_size.unwrap_or(to.pip_size),
            scene: match self.scene {
                None => to.scene,
                Some(Scene::Live) => None,
                held => held,
            },
            starts_at: self.starts_at.or(to.starts_at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_changes_what_it_names_and_nothing_else() {
        let patch: OverlayPatch = serde_json::from_str(r#"{"pipCorner":"top-left","scene":"be-right-back"}"#).expect("a patch");
        let changed = patch.apply(&OverlaySettings::for_user());
        let expected = OverlaySettings { pip_corner: PipCorner::TopLeft, scene: Some(Scene::BeRightBack), ..OverlaySettings::for_user() };
        assert_eq!(changed, expected);
        let back = OverlayPatch { scene: Some(Scene::Live), ..OverlayPatch::default() };
        assert_eq!(back.apply(&changed).scene, None);
    }

    #[test]
    fn users_and_agents_begin_with_their_own_defaults() {
        let (user, agent) = (OverlaySettings::for_user(), OverlaySettings::for_agent());
        let flags = |s: &OverlaySettings| [s.show_decisions, s.show_agent_info, s.show_event_feed, s.show_player_cam];
        assert_eq!(flags(&user), [false, false, true, true]);
        assert_eq!(flags(&agent), [true, true, true, false]);
    }
}
