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
pub struct Look {
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
