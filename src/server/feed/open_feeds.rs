//! How many event streams are open, in all and of one caller.

use crate::{
    api::error::{ApiError, ErrorCode},
    server::{
        auth::throttle::too_often,
        places::{Full, Place, Places},
    },
};

/// Event streams of one caller: many browsers of one account.
const PER_CALLER: usize = 24;
/// Event streams in all, unless the operator says otherwise. Each needs a file descriptor.
const IN_ALL: usize = 2_000;
const COME_BACK_AFTER_S: u64 = 15;

/// Counts open feeds. Cheap to clone.
#[derive(Debug, Clone)]
pub struct OpenFeeds {
    places: Places<String>,
    per_caller: usize,
}

/// One open feed; dropping it makes room.
pub type FeedPlace = Place<String>;

impl OpenFeeds {
    /// So many in all (`None`: the usual number), and `factor` times the usual number for each caller.
    pub fn new(in_all: Option<usize>, factor: u32) -> Self {
        let per_caller = PER_CALLER.saturating_mul(usize::try_from(factor).unwrap_or(usize::MAX));
        Self { places: Places::new(in_all.unwrap_or(IN_ALL)), per_caller }
    }

    /// Takes a place.
    ///
    /// # Errors
    /// The caller has too many open: 429. The studio has: 503. Both with `Retry-After`.
    pub fn open(&self, caller: &str) -> Result<FeedPlace, ApiError> {
        self.places.take(caller.to_owned(), self.per_caller).map_err(|full| match full {
            Full::OfKey => too_often("You have too many event streams open. Close some.", COME_BACK_AFTER_S),
            Full::InAll => {
                let message = format!("Too many event streams are open here. Wait {COME_BACK_AFTER_S} s and try again.");
                ApiError::again_after(ErrorCode::Unavailable, message, COME_BACK_AFTER_S)
            }
        })
    }

    /// How many are open.
    pub fn count(&self) -> usize {
        self.places.count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_and_the_studio_each_have_a_bound() {
        let feeds = OpenFeeds::new(Some(PER_CALLER + 1), 1);
        let mut held: Vec<_> = (0..PER_CALLER).map(|_| feeds.open("nyx").expect("room")).collect();
        assert_eq!(feeds.open("nyx").expect_err("one too many").status(), 429);
        let other = feeds.open("blaze").expect("the last place");
        assert_eq!(feeds.open("third").expect_err("full").status(), 503);
        drop(other);
        held.pop();
        feeds.open("nyx").expect("room again");
        assert_eq!(feeds.count(), PER_CALLER - 1);
    }
}
