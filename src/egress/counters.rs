//! Counters over all egresses of the worker.

use livekit_protocol::EgressStatus;
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

/// Counters since the start of the worker.
#[derive(Default)]
pub struct Counters(Mutex<CounterValues>);

#[derive(Default, Clone)]
pub struct CounterValues {
    /// Starts refused because no slot was free.
    pub refused: u64,
    /// Egresses that failed because this process crashed or hung. The caller may start a new one.
    pub lost: BTreeMap<&'static str, u64>,
    /// Ended egresses by status.
    pub ended: BTreeMap<&'static str, u64>,
    /// Warm instances that broke and were replaced.
    pub spares_lost: u64,
    /// Starts that used a warm instance.
    pub spares_taken: u64,
}

impl Counters {
    pub fn count(&self, change: impl FnOnce(&mut CounterValues)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    pub fn ended(&self, status: EgressStatus, lost: Option<&'static str>) {
        let status = status.as_str_name();
        self.count(|counts| {
            *counts.ended.entry(status).or_default() += 1;
            if let Some(process) = lost {
                *counts.lost.entry(process).or_default() += 1;
            }
        });
    }

    pub fn read(&self) -> CounterValues {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
