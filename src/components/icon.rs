//! The icons of the media controls, drawn in the text's colour. The words beside them say the same to screen readers.

use leptos::prelude::*;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Icon {
    Microphone,
    Camera,
    Screen,
}

impl Icon {
    /// The outline in a box of 24 by 24.
    const fn path(self) -> &'static str {
        match self {
            Self::Microphone => "M12 3a3 3 0 0 0-3 3v6a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3zM5 11v1a7 7 0 0 0 14 0v-1M12 19v3",
            Self::Camera => "M4 6h10a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2H4a2 2 0 0 1-2-2V8a2 2 0 0 1 2-2zM16 11l6-4v10l-6-4",
            Self::Screen => "M4 4h16a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2H4a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2zM8 21h8M12 17v4",
        }
    }
}

/// `off`: the icon is crossed out.
#[component]
pub fn IconView(icon: Icon, #[prop(into)] off: Signal<bool>) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 24 24" width="20" height="20" aria-hidden="true">
            <path d=icon.path()></path>
            <path d="M3 3l18 18" visibility=move || if off.get() { "visible" } else { "hidden" }></path>
        </svg>
    }
}
