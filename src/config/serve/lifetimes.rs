//! How long stored things are kept.

use crate::config::env::{ConfigError, Env};
use std::time::Duration;

const DAY: Duration = Duration::from_hours(24);

/// After which time each is deleted; `None`: never. Timelines are kept with their session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetimes {
    /// Sessions, after their end (`FOOTLIGHT_KEEP_SESSIONS`, days).
    pub sessions: Option<Duration>,
    /// Overlay events of sessions, after the session's end (`FOOTLIGHT_KEEP_FEEDS`, days).
    pub feeds: Option<Duration>,
    /// Webhooks of LiveKit's (`FOOTLIGHT_KEEP_WEBHOOKS`, days).
    pub webhooks: Option<Duration>,
    /// Webhook deliveries to other servers (`FOOTLIGHT_KEEP_DELIVERIES`, days).
    pub deliveries: Option<Duration>,
    /// The audit log (`FOOTLIGHT_KEEP_AUDIT`, days).
    pub audit: Option<Duration>,
}

impl Lifetimes {
    pub(super) fn from_env(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self {
            sessions: days(env, "FOOTLIGHT_KEEP_SESSIONS", 0, 1)?,
            feeds: days(env, "FOOTLIGHT_KEEP_FEEDS", 30, 1)?,
            webhooks: days(env, "FOOTLIGHT_KEEP_WEBHOOKS", 7, 1)?,
            // A delivery is tried for a day.
            deliveries: days(env, "FOOTLIGHT_KEEP_DELIVERIES", 30, 2)?,
            audit: days(env, "FOOTLIGHT_KEEP_AUDIT", 365, 1)?,
        })
    }
}

/// A number of days; 0 and `forever` mean that nothing is deleted.
fn days(env: &Env, name: &'static str, default: u32, least: u32) -> Result<Option<Duration>, ConfigError> {
    let days = match env.get(name) {
        Some("forever") => 0,
        _ => env.parsed(name, default, expected(least))?,
    };
    match days {
        0 => Ok(None),
        days if days >= least => Ok(Some(DAY * days)),
        _ => Err(Env::malformed(name, expected(least))),
    }
}

fn expected(least: u32) -> String {
    format!("a whole number of days, {least} or more, or `forever`")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &str, value: &str) -> Result<Lifetimes, ConfigError> {
        Lifetimes::from_env(&Env::of_pairs([(name, value)]))
    }

    #[test]
    fn what_is_kept_for_ever_has_no_lifetime() {
        let usual = with("HOME", "/").expect("defaults");
        assert_eq!((usual.sessions, usual.feeds, usual.audit), (None, Some(DAY * 30), Some(DAY * 365)));
        assert_eq!((usual.webhooks, usual.deliveries), (Some(DAY * 7), Some(DAY * 30)));
        for never in ["0", "forever"] {
            assert_eq!(with("FOOTLIGHT_KEEP_FEEDS", never).expect(never).feeds, None);
        }
        assert_eq!(with("FOOTLIGHT_KEEP_SESSIONS", "90").expect("days").sessions, Some(DAY * 90));
    }

    #[test]
    fn what_is_no_number_of_days_is_refused_by_name() {
        for (name, value) in [
            ("FOOTLIGHT_KEEP_SESSIONS", "-1"),
            ("FOOTLIGHT_KEEP_FEEDS", "a month"),
            ("FOOTLIGHT_KEEP_WEBHOOKS", "1.5"),
            ("FOOTLIGHT_KEEP_DELIVERIES", "1"),
            ("FOOTLIGHT_KEEP_AUDIT", "never"),
        ] {
            assert!(with(name, value).expect_err(value).to_string().starts_with(name), "{name}");
        }
    }
}
