//! Visual settings of the overlay: theme, accent, motion, the webcam's position. Each has its name on the wire.

use serde::{Deserialize, Serialize};

macro_rules! named {
    ($(#[$about:meta])* $kind:ident { $($(#[$note:meta])* $variant:ident = $name:tt,)+ }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
        pub enum $kind {
            $($(#[$note])* #[serde(rename = $name)] $variant,)+
        }

        impl $kind {
            /// The name on the wire and in the stylesheet.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }
    };
}

named! {
    /// The overlay's colours.
    Theme {
        /// Light text on dark.
        Dark = "dark",
        /// Dark text on light.
        Light = "light",
    }
}

named! {
    /// The accent colour of bars, borders and lower thirds. There is no red: it means on air.
    #[derive(Default)]
    Accent {
        /// Footlight's own.
        #[default]
        Amber = "amber",
        /// Blue-green.
        Teal = "teal",
        /// Violet.
        Violet = "violet",
        /// Yellow-green.
        Lime = "lime",
        /// Pink.
        Rose = "rose",
        /// A light grey.
        Silver = "silver",
    }
}

named! {
    /// Whether layers are animated.
    #[derive(Default)]
    Motion {
        /// Layers slide and fade.
        #[default]
        Full = "full",
        /// Layers appear and disappear at once.
        Reduced = "reduced",
    }
}

named! {
    /// A corner of the picture.
    PipCorner {
        /// Top left.
        TopLeft = "top-left",
        /// Top right.
        TopRight = "top-right",
        /// Bottom left.
        BottomLeft = "bottom-left",
        /// Bottom right.
        BottomRight = "bottom-right",
    }
}

impl PipCorner {
    /// The corner after a drag from this one by `by` in a box of `size`: a side changes when more than a quarter of the box was
    /// crossed.
    #[must_use]
    pub const fn dragged(self, by: (i32, i32), size: (i32, i32)) -> Self {
        let (left, top) = (matches!(self, Self::TopLeft | Self::BottomLeft), matches!(self, Self::TopLeft | Self::TopRight));
        let left = if left { by.0 * 4 <= size.0 } else { -by.0 * 4 > size.0 };
        let top = if top { by.1 * 4 <= size.1 } else { -by.1 * 4 > size.1 };
        match (left, top) {
            (true, true) => Self::TopLeft,
            (false, true) => Self::TopRight,
            (true, false) => Self::BottomLeft,
            (false, false) => Self::BottomRight,
        }
    }
}

named! {
    /// How large the webcam is beside a screen.
    PipSize {
        /// A sixth of the picture's width.
        Small = "small",
        /// A little more than a fifth.
        Medium = "medium",
        /// Almost a third.
        Large = "large",
    }
}

named! {
    /// The webcam's outline beside a screen. All are equally high.
    #[derive(Default)]
    PipShape {
        /// As wide as the camera's own picture, 16 to 9.
        #[default]
        Rectangle = "rectangle",
        /// A square cut-out of the middle.
        Square = "square",
        /// A round cut-out of the middle.
        Circle = "circle",
    }
}

/// All visual settings together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appearance {
    /// The dark or the light theme.
    pub theme: Theme,
    /// The accent colour.
    pub accent: Accent,
    /// Whether layers are animated.
    pub motion: Motion,
    /// Where the webcam sits beside a screen.
    pub pip_corner: PipCorner,
    /// How large it is there.
    pub pip_size: PipSize,
    /// Its outline there.
    pub pip_shape: PipShape,
    /// Whether it has a border.
    pub pip_border: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dragged_webcam_lands_in_the_right_corner() {
        let size = (800, 400);
        for (from, by, to) in [
            (PipCorner::BottomRight, (0, 0), PipCorner::BottomRight),
            (PipCorner::BottomRight, (-199, -99), PipCorner::BottomRight),
            (PipCorner::BottomRight, (-201, 0), PipCorner::BottomLeft),
            (PipCorner::BottomRight, (0, -101), PipCorner::TopRight),
            (PipCorner::BottomRight, (-500, -300), PipCorner::TopLeft),
            (PipCorner::TopLeft, (500, 10), PipCorner::TopRight),
            (PipCorner::TopLeft, (-500, 300), PipCorner::BottomLeft),
            (PipCorner::BottomLeft, (500, 300), PipCorner::BottomRight),
        ] {
            assert_eq!(from.dragged(by, size), to, "{from:?} by {by:?}");
        }
        assert_eq!(PipCorner::TopLeft.dragged((0, 0), (0, 0)), PipCorner::TopLeft, "a press without a move changes nothing");
    }
}
