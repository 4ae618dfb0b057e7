//! Viewer counts: how a platform names a channel, and what it reported for it. Pure.

use super::{destination::Platform, ids::DestinationId, timestamp::Timestamp};
use serde::{Deserialize, Serialize};

/// A count older than this is not reported as current.
const STALE_MS: u64 = 180_000;

/// The text does not name a channel of the platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnusableChannel {
    /// This platform does not report viewer counts.
    #[error("viewers are counted on Twitch and YouTube only: leave the channel empty")]
    NotCounted,
    /// Not a Twitch login.
    #[error("a Twitch channel is its name or its address: letters, digits and underscores, such as twitch.tv/ada_plays")]
    NotTwitch,
    /// Neither a YouTube handle nor a channel id nor a video.
    #[error("a YouTube channel is its @handle, its id that begins with UC, or the address of either or of the running video")]
    NotYoutube,
}

/// Parses the channel that people type or paste; `None` for an empty text.
///
/// For Twitch the login in lower case. For YouTube an `@handle`, the 24 characters of a channel's id (`UC…`), or the 11 of a
/// video's id.
///
/// # Errors
/// The text is not a channel there, or the platform does not report viewers.
pub fn channel(platform: Platform, typed: Option<&str>) -> Result<Option<String>, UnusableChannel> {
    let Some(typed) = typed.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
    match platform {
        Platform::Twitch => twitch(typed).map(Some).ok_or(UnusableChannel::NotTwitch),
        Platform::Youtube => youtube(typed).map(Some).ok_or(UnusableChannel::NotYoutube),
        Platform::Kick | Platform::X | Platform::Custom | Platform::Rehearsal => Err(UnusableChannel::NotCounted),
    }
}

/// Path and query of an address on this host.
fn path_on<'a>(typed: &'a str, host: &str) -> Option<&'a str> {
    let bare = typed.strip_prefix("https://").or_else(|| typed.strip_prefix("http://")).unwrap_or(typed);
    let bare = bare.strip_prefix("www.").or_else(|| bare.strip_prefix("m.")).unwrap_or(bare);
    Some(bare.strip_prefix(host)?.strip_prefix('/')?.trim_end_matches('/'))
}

/// Source: Twitch's rule for user names, 4 to 25 letters, digits and underscores; some old ones are shorter.
fn twitch(typed: &str) -> Option<String> {
    let login = path_on(typed, "twitch.tv").unwrap_or_else(|| typed.trim_end_matches('/')).trim_start_matches('@');
    let plain = (1..=25).contains(&login.len()) && login.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    plain.then(|| login.to_ascii_lowercase())
}

/// Source: `YouTube` Data API v3, resources `channels` (id, `forHandle`) and `videos` (id).
fn youtube(typed: &str) -> Option<String> {
    let short = path_on(typed, "youtu.be");
    let path = short.or_else(|| path_on(typed, "youtube.com")).unwrap_or(typed);
    let behind = ["watch?v=", "live/", "channel/"].iter().find_map(|start| path.strip_prefix(start)).filter(|_| short.is_none());
    let id = match behind {
        Some(rest) => rest.split(['/', '?', '&']).next(),
        None => path.split(['/', '?']).next(),
    };
    let id = id.unwrap_or_default();
    let plain = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    let fits = match id.strip_prefix('@') {
        Some(handle) => (3..=30).contains(&handle.chars().count()) && handle.chars().all(|c| c.is_alphanumeric() || "-_.·".contains(c)),
        None => plain(id) && (id.len() == 11 || id.len() == 24 && id.starts_with("UC")),
    };
    fits.then(|| id.to_owned())
}

/// The latest count and the peak of one destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViewerCount {
    /// The destination's id.
    pub id: DestinationId,
    /// When the platform reported it.
    pub at: Timestamp,
    /// Viewers at that time.
    pub now: u64,
    /// The peak of this session.
    pub peak: u64,
}

/// Viewer counts of a session, as far as platforms report them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViewerCounts {
    /// One for each destination that was ever reported.
    pub counts: Vec<ViewerCount>,
    /// The peak over all destinations together.
    pub peak: u64,
}

impl ViewerCounts {
    /// Adds the counts reported at this moment.
    #[must_use]
    pub fn with_counts(&self, reported: &[(DestinationId, u64)], at: Timestamp) -> Self {
        let mut counts = self.counts.clone();
        for (id, now) in reported {
            match counts.iter_mut().find(|count| &count.id == id) {
                Some(count) => *count = ViewerCount { id: id.clone(), at, now: *now, peak: count.peak.max(*now) },
                None => counts.push(ViewerCount { id: id.clone(), at, now: *now, peak: *now }),
            }
        }
        let peak = self.peak.max(total(&counts, at).unwrap_or(0));
        Self { counts, peak }
    }

    /// Viewers now, over all destinations with a recent count.
    pub fn now(&self, now: Timestamp) -> Option<u64> {
        total(&self.counts, now)
    }

    /// Viewers of one destination now.
    pub fn now_of(&self, id: &DestinationId, now: Timestamp) -> Option<u64> {
        self.counts.iter().find(|count| &count.id == id && is_fresh(count, now)).map(|count| count.now)
    }

    /// The peak of one destination.
    pub fn peak_of(&self, id: &DestinationId) -> Option<u64> {
        self.counts.iter().find(|count| &count.id == id).map(|count| count.peak)
    }

    /// The peak over all destinations together, if any count was ever reported.
    pub fn peak(&self) -> Option<u64> {
        (!self.counts.is_empty()).then_some(self.peak)
    }
}

fn is_fresh(count: &ViewerCount, now: Timestamp) -> bool {
    now.millis_since(count.at) <= STALE_MS
}

fn total(counts: &[ViewerCount], now: Timestamp) -> Option<u64> {
    let fresh: Vec<u64> = counts.iter().filter(|count| is_fresh(count, now)).map(|count| count.now).collect();
    (!fresh.is_empty()).then(|| fresh.iter().sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_are_parsed_from_names_and_addresses() {
        let id = "UCabcdefghijklmnopqrstuv";
        for (platform, typed, expected) in [
            (Platform::Twitch, "Ada_Plays", "ada_plays"),
            (Platform::Twitch, " https://www.twitch.tv/Ada_Plays/ ", "ada_plays"),
            (Platform::Twitch, "twitch.tv/ada", "ada"),
            (Platform::Youtube, "@ada.plays", "@ada.plays"),
            (Platform::Youtube, "https://www.youtube.com/@ada/live", "@ada"),
            (Platform::Youtube, id, id),
            (Platform::Youtube, "https://youtube.com/channel/UCabcdefghijklmnopqrstuv/videos", id),
            (Platform::Youtube, "https://www.youtube.com/watch?v=dQw4w9WgXcQ&t=4s", "dQw4w9WgXcQ"),
            (Platform::Youtube, "https://youtu.be/dQw4w9WgXcQ?si=x", "dQw4w9WgXcQ"),
            (Platform::Youtube, "https://m.youtube.com/live/dQw4w9WgXcQ", "dQw4w9WgXcQ"),
        ] {
            assert_eq!(channel(platform, Some(typed)), Ok(Some(expected.to_owned())), "{typed}");
        }
    }

    #[test]
    fn invalid_channels_are_refused_and_empty_is_none() {
        for (platform, typed, expected) in [
            (Platform::Twitch, "ada plays", UnusableChannel::NotTwitch),
            (Platform::Twitch, "https://twitch.tv/ada/videos", UnusableChannel::NotTwitch),
            (Platform::Twitch, "https://twitch.tv.example/ada", UnusableChannel::NotTwitch),
            (Platform::Twitch, "ada&user_login=bob", UnusableChannel::NotTwitch),
            (Platform::Youtube, "Ada Plays", UnusableChannel::NotYoutube),
            (Platform::Youtube, "https://example.org/watch?v=dQw4w9WgXcQ", UnusableChannel::NotYoutube),
            (Platform::Youtube, "UCshort", UnusableChannel::NotYoutube),
            (Platform::Youtube, "@a", UnusableChannel::NotYoutube),
            (Platform::Custom, "ada", UnusableChannel::NotCounted),
        ] {
            assert_eq!(channel(platform, Some(typed)), Err(expected), "{typed}");
        }
        assert_eq!(channel(Platform::Custom, Some("  ")), Ok(None));
        assert_eq!(channel(Platform::Twitch, None), Ok(None));
    }

    #[test]
    fn fresh_counts_add_up_and_the_peak_stays() {
        let id = |text: &str| text.parse::<DestinationId>().expect("an id");
        let at = Timestamp::from_millis;
        let viewers = ViewerCounts::default();
        assert_eq!((viewers.now(at(0)), viewers.peak()), (None, None));
        let viewers = viewers.with_counts(&[(id("a"), 40), (id("b"), 2)], at(0));
        assert_eq!((viewers.now(at(1_000)), viewers.peak()), (Some(42), Some(42)));
        let viewers = viewers.with_counts(&[(id("a"), 10)], at(60_000));
        assert_eq!((viewers.now(at(60_000)), viewers.peak()), (Some(12), Some(42)));
        // The count of b is older than STALE_MS.
        assert_eq!((viewers.now(at(200_000)), viewers.now_of(&id("b"), at(200_000))), (Some(10), None));
        assert_eq!((viewers.peak_of(&id("a")), viewers.peak_of(&id("b"))), (Some(40), Some(2)));
        assert_eq!(viewers.now(at(300_000)), None);
        // The peak of all together is not the sum of the peaks.
        let viewers = viewers.with_counts(&[(id("a"), 5), (id("b"), 30)], at(301_000));
        assert_eq!(viewers.peak(), Some(42));
    }
}
