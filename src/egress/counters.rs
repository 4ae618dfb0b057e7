//! What the worker counts over all its egresses. Numbers only.

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
    /// Starts refused for want of a slot.
    pub refused: u64,
    /// Egresses given up because this process crashed or hung; each is started again by whoever asked for it, as a new one.
    pub lost: BTreeMap<&'static str, u64>,
    /// Egresses by the way they ended.
    pub ended: BTreeMap<&'static str, u64>,
    /// Warm spares that broke and were raised again.
    pub spares_lost: u64,
    /// Starts that found a warm spare.
    pub spares_taken: u64,
}

impl Counters {
    /// Counts something.
    pub fn count(&self, change: impl FnOnce(&mut CounterValues)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Counts an end.
    pub fn ended(&self, status: EgressStatus, lost: Option<&'static str>) {
        let status = status.as_str_name();
        self.count(|counts| {
            *counts.ended.entry(status).or_default() += 1;
            if let Some(process) = lost {
                *counts.lost.entry(process).or_default() += 1;
            }
        });
    }

    /// All counters.
    pub fn read(&self) -> CounterValues {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
