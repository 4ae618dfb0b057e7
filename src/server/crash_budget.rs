//! How many calls to its ports a process makes before it is killed: tests of crashes stand on it. Whoever is killed never
//! hears an answer again; what was done is done.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use tokio::sync::Notify;

/// Shared by the ports of one process.
#[derive(Debug, Clone)]
pub struct CrashBudget(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    left: AtomicUsize,
    exhausted: Notify,
}

impl CrashBudget {
    /// One that ends before the call after so many.
    pub fn of_calls(calls: usize) -> Self {
        Self(Arc::new(Inner { left: AtomicUsize::new(calls), exhausted: Notify::new() }))
    }

    /// Before every call: comes back while the process lives, and never after.
    pub async fn spend(&self) {
        let step = |left: usize| left.checked_sub(1);
        if self.0.left.try_update(Ordering::SeqCst, Ordering::SeqCst, step).is_err() {
            self.0.exhausted.notify_one();
            std::future::pending::<()>().await;
        }
    }

    /// Comes back when the process was killed.
    pub async fn exhausted(&self) {
        self.0.exhausted.notified().await;
    }

    /// Kills it now.
    pub fn exhaust(&self) {
        self.0.left.store(0, Ordering::SeqCst);
    }
}
