//! Overlay settings: layers, scene, theme, and where the webcam sits.

mod layout;
mod theme;

use super::timestamp::Timestamp;
pub use layout::{Host, Layout, Media, Moment, Track, Webcam};
use serde::{Deserialize, Deserializer, Serialize};
pub use theme::{Accent, Appearance, Motion, PipCorner, PipShape, PipSize, Theme};

/// A scene the host or the API may set; `None` in [`OverlaySettings`] means automatic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Scene {
    /// Before the stream, with a countdown where one is set.
    StartingSoon,
    /// The stream itself.
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

/// The owner's settings of the overlay. A change while live is visible within a second.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "independent switches, each named on the wire")]
pub struct OverlaySettings {
    /// Whether the agent's decisions are shown.
    pub show_decisions: bool,
    /// Whether the info bar is shown.
    pub show_agent_info: bool,
    /// Whether the event ticker is shown.
    pub show_event_feed: bool,
    /// Whether the webcam is shown.
    pub show_player_cam: bool,
    /// The dark or the light theme.
    pub theme: Theme,
    /// Where the webcam sits.
    pub pip_corner: PipCorner,
    /// How large it is.
    pub pip_size: PipSize,
    /// Its outline beside a screen.
    #[serde(default)]
    pub pip_shape: PipShape,
    /// Whether it has a border in the accent colour.
    #[serde(default = "yes")]
    pub pip_border: bool,
    /// The accent colour.
    #[serde(default)]
    pub accent: Accent,
    /// Whether lower thirds and cards are animated.
    #[serde(default)]
    pub motion: Motion,
    /// A scene that is set; otherwise it is chosen automatically.
    pub scene: Option<Scene>,
    /// When the stream begins: the countdown of "starting soon".
    #[serde(default)]
    pub starts_at: Option<Timestamp>,
}

impl OverlaySettings {
    /// The default settings of a streamer's session.
    pub const fn for_user() -> Self {
        Self {
            show_decisions: false,
            show_agent_info: false,
            show_event_feed: true,
            show_player_cam: true,
            theme: Theme::Dark,
            pip_corner: PipCorner::BottomRight,
            pip_size: PipSize::Medium,
            pip_shape: PipShape::Rectangle,
            pip_border: true,
            accent: Accent::Amber,
            motion: Motion::Full,
            scene: None,
            starts_at: None,
        }
    }

    /// The visual settings.
    pub const fn appearance(&self) -> Appearance {
        let Self { theme, accent, motion, pip_corner, pip_size, pip_shape, pip_border, .. } = *self;
        Appearance { theme, accent, motion, pip_corner, pip_size, pip_shape, pip_border }
    }

    /// The default settings of an agent's session.
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
    /// See [`OverlaySettings`].
    pub pip_shape: Option<PipShape>,
    /// See [`OverlaySettings`].
    pub pip_border: Option<bool>,
    /// See [`OverlaySettings`].
    pub accent: Option<Accent>,
    /// See [`OverlaySettings`].
    pub motion: Option<Motion>,
    /// A scene to set, or `Live` for the automatic choice.
    pub scene: Option<Scene>,
    /// When the stream begins; `null` removes the countdown.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Timestamp>)]
    pub starts_at: Option<Option<Timestamp>>,
}

/// Distinguishes `null` from absent.
#[expect(clippy::option_option, reason = "absent, null and a time mean different things")]
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<Timestamp>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

const fn yes() -> bool {
    true
}

impl OverlayPatch {
    /// Combines this change with a newer one.
    #[must_use]
    pub fn and(&self, newer: &Self) -> Self {
        Self {
            show_decisions: newer.show_decisions.or(self.show_decisions),
            show_agent_info: newer.show_agent_info.or(self.show_agent_info),
            show_event_feed: newer.show_event_feed.or(self.show_event_feed),
            show_player_cam: newer.show_player_cam.or(self.show_player_cam),
            theme: newer.theme.or(self.theme),
            pip_corner: newer.pip_corner.or(self.pip_corner),
            pip_size: newer.pip_size.or(self.pip_size),
            pip_shape: newer.pip_shape.or(self.pip_shape),
            pip_border: newer.pip_border.or(self.pip_border),
            accent: newer.accent.or(self.accent),
            motion: newer.motion.or(self.motion),
            scene: newer.scene.or(self.scene),
            starts_at: newer.starts_at.or(self.starts_at),
        }
    }

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
            pip_shape: self.pip_shape.unwrap_or(to.pip_shape),
            pip_border: self.pip_border.unwrap_or(to.pip_border),
            accent: self.accent.unwrap_or(to.accent),
            motion: self.motion.unwrap_or(to.motion),
            scene: match self.scene {
                None => to.scene,
                Some(Scene::Live) => None,
                held => held,
            },
            starts_at: self.starts_at.unwrap_or(to.starts_at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_changes_only_its_fields() {
        let patch: OverlayPatch = serde_json::from_str(r#"{"pipCorner":"top-left","scene":"be-right-back"}"#).expect("a patch");
        let changed = patch.apply(&OverlaySettings::for_user());
        let expected = OverlaySettings { pip_corner: PipCorner::TopLeft, scene: Some(Scene::BeRightBack), ..OverlaySettings::for_user() };
        assert_eq!(changed, expected);
        let back = OverlayPatch { scene: Some(Scene::Live), ..OverlayPatch::default() };
        assert_eq!(back.apply(&changed).scene, None);
        let counting = OverlaySettings { starts_at: Some(Timestamp::from_millis(9)), ..changed };
        let read = |text: &str| serde_json::from_str::<OverlayPatch>(text).expect("a patch").apply(&counting).starts_at;
        assert_eq!(read(r#"{"startsAt":null}"#), None);
        assert_eq!(read("{}"), counting.starts_at);
    }

    #[test]
    fn settings_without_newer_fields_still_parse() {
        let old = r#"{"showDecisions":false,"showAgentInfo":false,"showEventFeed":true,"showPlayerCam":true,"theme":"dark",
            "pipCorner":"bottom-right","pipSize":"medium","scene":null}"#;
        assert_eq!(serde_json::from_str::<OverlaySettings>(old).expect("settings"), OverlaySettings::for_user());
    }

    #[test]
    fn combined_patches_apply_in_order() {
        let first = OverlayPatch { theme: Some(Theme::Light), accent: Some(Accent::Teal), ..OverlayPatch::default() };
        let second = OverlayPatch { accent: Some(Accent::Rose), starts_at: Some(None), ..OverlayPatch::default() };
        let settings = OverlaySettings::for_user();
        assert_eq!(first.and(&second).apply(&settings), second.apply(&first.apply(&settings)));
    }

    #[test]
    fn users_and_agents_have_different_defaults() {
        let (user, agent) = (OverlaySettings::for_user(), OverlaySettings::for_agent());
        let flags = |s: &OverlaySettings| [s.show_decisions, s.show_agent_info, s.show_event_feed, s.show_player_cam];
        assert_eq!(flags(&user), [false, false, true, true]);
        assert_eq!(flags(&agent), [true, true, true, false]);
    }
}
