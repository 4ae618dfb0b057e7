//! Deadlines of the watchdogs.

use crate::config::env::{ConfigError, Env};
use std::time::Duration;

/// How long things may take before a watchdog acts.
#[derive(Debug, Clone, Copy)]
pub struct Deadlines {
    /// How long a start may take until the session is live (`FOOTLIGHT_START_DEADLINE`, s).
    pub start: Duration,
    /// How long the composite may take to reach the relay after an egress was accepted (`FOOTLIGHT_SIGNAL_DEADLINE`, s).
    pub signal: Duration,
    /// How long a host may take to join for the first time (`FOOTLIGHT_HOST_DEADLINE`, s).
    pub host: Duration,
    /// How long a host may be away (`FOOTLIGHT_GRACE`, s).
    pub grace: Duration,
    /// The longest session (`FOOTLIGHT_MAX_DURATION`, s).
    pub show: Duration,
    /// How long the composite's frames may stay unchanged (`FOOTLIGHT_FROZEN_AFTER`, s).
    pub frozen: Duration,
}

impl Deadlines {
    pub(super) fn from_env(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self {
            start: seconds(env, "FOOTLIGHT_START_DEADLINE", 60)?,
            signal: seconds(env, "FOOTLIGHT_SIGNAL_DEADLINE", 30)?,
            host: seconds(env, "FOOTLIGHT_HOST_DEADLINE", 60)?,
            grace: seconds(env, "FOOTLIGHT_GRACE", 75)?,
            show: seconds(env, "FOOTLIGHT_MAX_DURATION", 12 * 3600)?,
            frozen: seconds(env, "FOOTLIGHT_FROZEN_AFTER", 10)?,
        })
    }
}

fn seconds(env: &Env, name: &'static str, default: u64) -> Result<Duration, ConfigError> {
    env.parsed(name, default, "a number of seconds").map(Duration::from_secs)
}
