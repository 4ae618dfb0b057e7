//! How many event streams are open, in all and of one caller.

use crate::{
    api::error::{ApiError, ErrorCode},
    server::auth::throttle::too_often,
};
use parking_lot::{Mutex, MutexGuard};
use std::{collections::HashMap, sync::Arc};

/// Event streams of one caller: many browsers of one account.
const PER_CALLER: usize = 24;
/// Event streams in all, unless the operator says otherwise. Each needs a file descriptor.
const IN_ALL: usize = 2_000;
const COME_BACK_AFTER_S: u64 = 15;

/// Counts open feeds. Cheap to clone.
#[derive(Debug, Clone)]
pub struct OpenFeeds(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    in_all: usize,
    per_caller: usize,
    by_caller: Mutex<HashMap<String, usize>>,
}

/// One open feed; dropping it makes room.
#[derive(Debug)]
pub struct FeedPlace {
    feeds: OpenFeeds,
    caller: String,
}

impl OpenFeeds {
    /// So many in all (`None`: the usual number), and `factor` times the usual number for each caller.
    pub fn new(in_all: Option<usize>, factor: u32) -> Self {
        let per_caller = PER_CALLER.saturating_mul(usize::try_from(factor).unwrap_or(usize::MAX));
        Self(Arc::new(Inner { in_all: in_all.unwrap_or(IN_ALL), per_caller, by_caller: Mutex::default() }))
    }

    /// Takes a place.
    ///
    /// # Errors
    /// The caller has too many open: 429. The studio has: 503. Both with `Retry-After`.
    pub fn open(&self, caller: &str) -> Result<FeedPlace, ApiError> {
        let mut by_caller = self.by_caller();
        if by_caller.values().sum::<usize>() >= self.0.in_all {
            let message = format!("Too many event streams are open here. Wait {COME_BACK_AFTER_S} s and try again.");
            let error = ApiError::new(ErrorCode::Unavailable, message);
            return Err(ApiError { detail: serde_json::json!({ "retryAfter": COME_BACK_AFTER_S }), ..error });
        }
        let open = by_caller.get(caller).copied().unwrap_or_default();
        if open >= self.0.per_caller {
            return Err(too_often("You have too many event streams open. Close some.", COME_BACK_AFTER_S));
        }
        by_caller.insert(caller.to_owned(), open + 1);
        Ok(FeedPlace { feeds: self.clone(), caller: caller.to_owned() })
    }

    fn by_caller(&self) -> MutexGuard<'_, HashMap<String, usize>> {
        self.0.by_caller.lock()
    }

    /// How many are open.
    pub fn count(&self) -> usize {
        self.by_caller().values().sum()
    }
}

impl Drop for FeedPlace {
    fn drop(&mut self) {
        let mut by_caller = self.feeds.by_caller();
        if let Some(open) = by_caller.get_mut(&self.caller) {
            *open -= 1;
            if *open == 0 {
                by_caller.remove(&self.caller);
            }
        }
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
