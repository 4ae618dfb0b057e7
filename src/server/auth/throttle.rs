//! Token buckets for calls and password attempts. Kept in this process only.

use crate::api::error::{ApiError, ErrorCode};
use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    middleware::StateInformationMiddleware,
    state::keyed::DefaultKeyedStateStore,
};
use std::{
    num::NonZeroU32,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

type Keyed = RateLimiter<String, DefaultKeyedStateStore<String>, DefaultClock, StateInformationMiddleware>;

/// Full buckets are removed when there are more than this.
const MANY: usize = 20_000;
/// In calls: how often they are counted.
const LOOKED_THROUGH_EVERY: u32 = 256;

/// One kind of bucket: each key has its own, holding `burst` and refilled one every `every`.
pub struct Throttle {
    buckets: Keyed,
    calls: AtomicU32,
    burst: NonZeroU32,
    every: Duration,
}

/// How full a bucket is after a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// What the bucket holds when full.
    pub limit: u32,
    pub remaining: u32,
    /// Seconds until it is full again.
    pub reset_s: u64,
    /// `None`: the call is admitted. Else: seconds until the next one is.
    pub retry_after_s: Option<u64>,
}

impl std::fmt::Debug for Throttle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Throttle({} and one every {:?})", self.burst, self.every)
    }
}

impl Throttle {
    /// Buckets of `burst`, refilled one every `every`.
    pub fn new(burst: u32, every: Duration) -> Self {
        let burst = NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
        let every = every.max(Duration::from_nanos(1));
        let quota = Quota::with_period(every).expect("a period above zero").allow_burst(burst);
        Self { buckets: RateLimiter::keyed(quota).with_middleware(), calls: AtomicU32::new(0), burst, every }
    }

    /// Takes one from the key's bucket, if it holds one.
    pub fn take(&self, key: &str) -> Allowance {
        self.take_many(key, 1)
    }

    /// Takes several from the key's bucket, all or none. More than a full bucket holds is never admitted.
    pub fn take_many(&self, key: &str, count: u32) -> Allowance {
        let count = NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN);
        // Counting locks every part of the map: not at each call.
        if self.calls.fetch_add(1, Ordering::Relaxed).is_multiple_of(LOOKED_THROUGH_EVERY) && self.buckets.len() > MANY {
            self.buckets.retain_recent();
        }
        let limit = self.burst.get();
        let (remaining, retry_after_s) = match self.buckets.check_key_n(&key.to_owned(), count) {
            Ok(Ok(state)) => (state.remaining_burst_capacity(), None),
            Err(_) => (0, Some((self.every * limit).as_secs().max(1))),
            Ok(Err(wait)) => {
                let wait = wait.wait_time_from(DefaultClock::default().now());
                (0, Some(wait.as_secs() + u64::from(wait.subsec_nanos() > 0)))
            }
        };
        let reset_s = (self.every * (limit - remaining.min(limit))).as_secs_f64().ceil();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "seconds of a bucket, never negative")]
        Allowance { limit, remaining, reset_s: reset_s as u64, retry_after_s }
    }
}

impl Allowance {
    /// The refusal, where it is one.
    ///
    /// # Errors
    /// 429 with the seconds to wait.
    pub fn admit(self, what: &str) -> Result<(), ApiError> {
        match self.retry_after_s {
            None => Ok(()),
            Some(seconds) => Err(too_often(what, seconds.max(1))),
        }
    }
}

/// 429 with `Retry-After`.
pub fn too_often(what: &str, seconds: u64) -> ApiError {
    let message = format!("{what} Wait {seconds} s and try again.");
    ApiError::again_after(ErrorCode::TooManyRequests, message, seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_has_its_own_bucket_and_an_empty_one_says_when_to_come_back() {
        let throttle = Throttle::new(2, Duration::from_secs(30));
        assert_eq!(throttle.take("a").remaining, 1);
        assert!(throttle.take("a").admit("Too many.").is_ok());
        let empty = throttle.take("a");
        assert_eq!((empty.remaining, empty.limit, empty.reset_s), (0, 2, 60));
        assert!((1..=30).contains(&empty.retry_after_s.expect("refused")));
        let error = empty.admit("Too many.").expect_err("refused");
        assert_eq!(error.status(), 429);
        assert!(throttle.take("b").retry_after_s.is_none());
    }
}
