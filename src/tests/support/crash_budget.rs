//! A budget of port calls after which a simulated process is killed, for crash tests. A killed process never gets another
//! response; what was done stays done. With a new budget it goes on: then it was only slow. It counts the store's calls too.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::sync::Notify;

/// Shared by the ports of one process.
#[derive(Debug, Clone)]
pub struct CrashBudget(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    left: AtomicUsize,
    exhausted: Notify,
    refilled: Notify,
    calls: Mutex<HashMap<&'static str, usize>>,
}

impl CrashBudget {
    /// A budget of this many calls.
    pub fn of_calls(calls: usize) -> Self {
        Self(Arc::new(Inner { left: AtomicUsize::new(calls), exhausted: Notify::new(), refilled: Notify::new(), calls: Mutex::default() }))
    }

    /// Spends one call: returns while the budget lasts, and afterwards only with a new one.
    pub async fn spend(&self) {
        let step = |left: usize| left.checked_sub(1);
        loop {
            let refilled = self.0.refilled.notified();
            tokio::pin!(refilled);
            refilled.as_mut().enable();
            if self.0.left.try_update(Ordering::SeqCst, Ordering::SeqCst, step).is_ok() {
                return;
            }
            self.0.exhausted.notify_one();
            refilled.await;
        }
    }

    /// Lets the process go on, without an end.
    pub fn refill(&self) {
        self.0.left.store(usize::MAX, Ordering::SeqCst);
        self.0.refilled.notify_waiters();
    }

    /// Counts a call of the store.
    pub fn count(&self, method: &'static str) {
        *self.0.calls.lock().expect("no holder panics").entry(method).or_default() += 1;
    }

    /// How often a method of the store was called.
    pub fn calls(&self, method: &str) -> usize {
        self.0.calls.lock().expect("no holder panics").get(method).copied().unwrap_or_default()
    }

    /// Returns when the budget is exhausted.
    pub async fn exhausted(&self) {
        self.0.exhausted.notified().await;
    }

    /// Exhausts the budget now.
    pub fn exhaust(&self) {
        self.0.left.store(0, Ordering::SeqCst);
    }
}
