//! How many watch: what a platform calls the place where a show is watched, and what it said of it. Pure.

use super::{destination::Platform, ids::DestinationId, timestamp::Timestamp};
use serde::{Deserialize, Serialize};

/// A count that was not told again for this long is not the count of now any more.
const STALE_MS: u64 = 180_000;

/// A text that names no channel of the platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnusableChannel {
    /// This platform tells nobody how many watch.
    #[error("viewers are counted on Twitch and YouTube only: leave the channel empty")]
    NotCounted,
    /// Not a login.
    #[error("a Twitch channel is its name or its address: letters, digits and underscores, such as twitch.tv/ada_plays")]
    NotTwitch,
    /// Neither a handle nor an id nor a video.
    #[error("a YouTube channel is its @handle, its id that begins with UC, or the address of either or of the running video")]
    NotYoutube,
}

/// What a platform's service is asked for, from what people type or paste; nothing where nothing was typed.
///
/// For Twitch the login in lower case. For YouTube an `@handle`, the 24 characters of a channel's id (`UC…`), or the 11 of a
/// video's id.
///
/// # Errors
/// It cannot be a channel there, or the platform does not tell.
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

/// What one platform said last of one destination, and the most that it ever said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViewerCount {
    /// Which destination.
    pub id: DestinationId,
    /// When it was told.
    pub at: Timestamp,
    /// Viewers then.
    pub now: u64,
    /// The most of this show.
    pub peak: u64,
}

/// How many watch a show, as far as anybody tells.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViewerCounts {
    /// One for each destination that was ever told of.
    pub counts: Vec<ViewerCount>,
    /// The most at once, over all of them.
    pub peak: u64,
}

impl ViewerCounts {
    /// With what was told at this moment.
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

    /// Viewers now, over all destinations that were told of lately.
    pub fn now(&self, now: Timestamp) -> Option<u64> {
        total(&self.counts, now)
    }

    /// Viewers of one destination now.
    pub fn now_of(&self, id: &DestinationId, now: Timestamp) -> Option<u64> {
        self.counts.iter().find(|count| &count.id == id && is_fresh(count, now)).map(|count| count.now)
    }

    /// The most of one destination.
    pub fn peak_of(&self, id: &DestinationId) -> Option<u64> {
        self.counts.iter().find(|count| &count.id == id).map(|count| count.peak)
    }

    /// The most at once over all destinations, if anybody ever told.
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
    fn a_channel_is_read_from_a_name_or_from_an_address() {
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
    fn what_names_no_channel_is_refused_and_nothing_is_nothing() {
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
    fn counts_add_up_while_they_are_fresh_and_the_most_stays() {
        let id = |text: &str| text.parse::<DestinationId>().expect("an id");
        let at = Timestamp::from_millis;
        let viewers = ViewerCounts::default();
        assert_eq!((viewers.now(at(0)), viewers.peak()), (None, None));
        let viewers = viewers.with_counts(&[(id("a"), 40), (id("b"), 2)], at(0));
        assert_eq!((viewers.now(at(1_000)), viewers.peak()), (Some(42), Some(42)));
        let viewers = viewers.with_counts(&[(id("a"), 10)], at(60_000));
        assert_eq!((viewers.now(at(60_000)), viewers.peak()), (Some(12), Some(42)));
        // Nobody has told of b for longer than its count is good for.
        assert_eq!((viewers.now(at(200_000)), viewers.now_of(&id("b"), at(200_000))), (Some(10), None));
        assert_eq!((viewers.peak_of(&id("a")), viewers.peak_of(&id("b"))), (Some(40), Some(2)));
        assert_eq!(viewers.now(at(300_000)), None);
        // The most of all together is not the sum of the most of each.
        let viewers = viewers.with_counts(&[(id("a"), 5), (id("b"), 30)], at(301_000));
        assert_eq!(viewers.peak(), Some(42));
    }
}
