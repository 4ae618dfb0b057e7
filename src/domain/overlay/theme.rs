//! How the composite looks, whatever is on it: colours, motion, the webcam's place. Each has the name it carries on the wire.

use serde::{Deserialize, Serialize};

macro_rules! named {
    ($(#[$about:meta])* $kind:ident { $($(#[$note:meta])* $variant:ident = $name:tt,)+ }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
        pub enum $kind {
            $($(#[$note])* #[serde(rename = $name)] $variant,)+
        }

        impl $kind {
            /// As it is called on the wire and in the stylesheet.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }
    };
}

named! {
    /// The composite's colours.
    Theme {
        /// House lights down.
        Dark = "dark",
        /// House lights up.
        Light = "light",
    }
}

named! {
    /// The colour that stands out: bars, borders, plates. Red is not among them: it means on air.
    #[derive(Default)]
    Accent {
        /// The house's own.
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
        /// Nearly none.
        Silver = "silver",
    }
}

named! {
    /// Whether things move as they come and go.
    #[derive(Default)]
    Motion {
        /// They slide and fade.
        #[default]
        Full = "full",
        /// They are there, or not.
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
    /// The corner where something lands that is dragged from this one by so much, in a box of this size: a side is changed
    /// when more than a quarter of the box was crossed.
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
        /// A fifth and a bit.
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
        /// The middle of it.
        Square = "square",
        /// A round cut-out of the middle.
        Circle = "circle",
    }
}

/// All of it together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appearance {
    /// Dark or light plates.
    pub theme: Theme,
    /// What stands out.
    pub accent: Accent,
    /// Whether things move.
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
    fn what_is_dragged_lands_in_the_corner_it_was_drawn_to() {
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
