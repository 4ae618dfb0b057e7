//! The page itself: what this browser remembers, whether closing asks first, dialogs, the tab's mark.

use super::bridge;
use crate::domain::media::UserChoices;

const CHOICES: &str = "footlight.choices";

/// What the streamer chose last time in this browser.
pub fn recall_choices() -> UserChoices {
    serde_json::from_str(&bridge::recall(CHOICES)).unwrap_or_default()
}

/// Keeps what the streamer chose for the next time.
pub fn remember_choices(choices: &UserChoices) {
    if let Ok(text) = serde_json::to_string(choices) {
        bridge::remember(CHOICES, &text);
    }
}

/// In mid-show: closing the tab asks first, and the screen stays bright.
pub fn in_show(on: bool) {
    bridge::guard_leaving(on);
    bridge::keep_awake(on);
}

/// Marks the tab while a platform takes the show.
pub fn mark_on_air(on: bool) {
    bridge::mark_tab(on);
}

/// Opens or closes the dialog element with this id.
pub fn set_dialog(id: &str, open: bool) {
    bridge::set_dialog(id, open);
}

/// A name for one click, so that its repetition is not a second show.
pub fn new_key() -> String {
    bridge::new_key()
}
