//! The time, as a port: real in production, fixed in tests.

use crate::domain::timestamp::Timestamp;
use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::SystemTime,
};

/// Where the server reads the time.
#[derive(Debug, Clone)]
pub enum Clock {
    System,
    /// A fixed time for tests.
    Fixed(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that is fixed at `at`.
    pub fn fixed(at: Timestamp) -> Self {
        Self::Fixed(Arc::new(AtomicI64::new(at.as_millis())))
    }

    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => {
                let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
                Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
            }
            Self::Fixed(at) => Timestamp::from_millis(at.load(Ordering::SeqCst)),
        }
    }

    /// Moves a fixed clock by `millis`; the machine's cannot be moved.
    pub fn advance(&self, millis: i64) {
        if let Self::Fixed(at) = self {
            at.fetch_add(millis, Ordering::SeqCst);
        }
    }
}
