//! Bounds for work that costs much: password hashes, name look-ups, test connections, fetches. A few run at once, a few more
//! wait, the next is refused at once.

use crate::api::error::{ApiError, ErrorCode};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// For what the refused are asked to wait.
const COME_BACK_AFTER_S: u64 = 5;
const WAIT_AT_MOST: Duration = Duration::from_secs(10);

/// At most so many at once, and so many waiting. Cheap to clone.
#[derive(Debug, Clone)]
pub struct WorkLimit(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// As a sentence's subject: "Sign-in".
    what: &'static str,
    free: Arc<Semaphore>,
    waiting: AtomicUsize,
    most_waiting: usize,
    wait_at_most: Duration,
}

impl WorkLimit {
    pub fn new(what: &'static str, at_once: usize, most_waiting: usize) -> Self {
        Self::waiting(what, at_once, most_waiting, WAIT_AT_MOST)
    }

    fn waiting(what: &'static str, at_once: usize, most_waiting: usize, wait_at_most: Duration) -> Self {
        let free = Arc::new(Semaphore::new(at_once));
        Self(Arc::new(Inner { what, free, waiting: AtomicUsize::new(0), most_waiting, wait_at_most }))
    }

    /// Waits for a place. Hold the permit until the work is really over, not only until its caller has gone.
    ///
    /// # Errors
    /// Too many wait already, or waiting took longer than 10 s: 503 with `Retry-After`.
    pub async fn enter(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        if let Ok(permit) = Arc::clone(&self.0.free).try_acquire_owned() {
            return Ok(permit);
        }
        let _waiting = Waiting::join(&self.0).ok_or_else(|| self.refusal())?;
        let permit = tokio::time::timeout(self.0.wait_at_most, Arc::clone(&self.0.free).acquire_owned()).await;
        permit.ok().and_then(Result::ok).ok_or_else(|| self.refusal())
    }

    fn refusal(&self) -> ApiError {
        let message = format!("{} is busy. Wait {COME_BACK_AFTER_S} s and try again.", self.0.what);
        ApiError::again_after(ErrorCode::Unavailable, message, COME_BACK_AFTER_S)
    }
}

/// A place in the queue, given back when the waiting ends in whatever way.
struct Waiting<'a>(&'a Inner);

impl<'a> Waiting<'a> {
    fn join(inner: &'a Inner) -> Option<Self> {
        let more = |waiting| (waiting < inner.most_waiting).then_some(waiting + 1);
        inner.waiting.try_update(Ordering::Relaxed, Ordering::Relaxed, more).ok().map(|_| Self(inner))
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_full_queue_refuses_at_once_and_a_long_wait_in_the_end() {
        let limit = WorkLimit::waiting("Sign-in", 1, 1, Duration::from_millis(50));
        let permit = limit.enter().await.expect("the first");
        let second = tokio::spawn({
            let limit = limit.clone();
            async move { limit.enter().await.map(drop) }
        });
        tokio::task::yield_now().await;
        let refused = limit.enter().await.expect_err("the third");
        assert_eq!((refused.status(), refused.retry_after()), (503, Some(COME_BACK_AFTER_S)));
        assert_eq!(second.await.expect("ended").expect_err("nobody left").status(), 503);
        drop(permit);
        drop(limit.enter().await.expect("there is room again"));
    }
}
