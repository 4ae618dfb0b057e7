//! Limits of sessions' feeds.

use crate::config::env::{ConfigError, Env};
use std::time::Duration;

/// Lines of a session's feed, unless the operator says otherwise: four and a half a second for twelve hours.
const LINES_PER_SESSION: u64 = 200_000;
/// Of a session in a minute: a hundred a second.
const LINES_PER_MINUTE: u32 = 6_000;
/// A batch is admitted whole, so a smaller limit would never admit the largest one.
const LEAST_PER_MINUTE: u32 = 100;
/// In seconds: a feed ends soon after its credential is revoked, and the check costs little.
const CHECK_EVERY_S: u64 = 10;

/// How much of sessions' feeds is stored, and how they are followed.
#[derive(Debug, Clone, Copy)]
pub struct FeedLimits {
    /// Lines of one session in all (`FOOTLIGHT_LINES_PER_SHOW`).
    pub lines_per_session: u64,
    /// Lines of one session in a minute, multiplied by the rate factor (`FOOTLIGHT_LINES_PER_MINUTE`).
    pub lines_per_minute: u32,
    /// Open event streams in all (`FOOTLIGHT_MOST_FEEDS`).
    pub most_open: Option<usize>,
    /// How often the credential of an open event stream is checked again (`FOOTLIGHT_FEED_CHECK`, s).
    pub check_every: Duration,
}

impl FeedLimits {
    pub(super) fn from_env(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self {
            lines_per_session: number(env, "FOOTLIGHT_LINES_PER_SHOW", LINES_PER_SESSION, 1, u64::MAX)?,
            lines_per_minute: number(env, "FOOTLIGHT_LINES_PER_MINUTE", LINES_PER_MINUTE, LEAST_PER_MINUTE, u32::MAX)?,
            most_open: match number(env, "FOOTLIGHT_MOST_FEEDS", usize::MAX, 1, usize::MAX)? {
                usize::MAX => None,
                most => Some(most),
            },
            check_every: Duration::from_secs(number(env, "FOOTLIGHT_FEED_CHECK", CHECK_EVERY_S, 1, 14)?),
        })
    }
}

fn number<T>(env: &Env, name: &'static str, default: T, least: T, most: T) -> Result<T, ConfigError>
where
    T: Copy + std::str::FromStr + std::fmt::Display + PartialOrd,
{
    let expected = format!("a whole number from {least} to {most}");
    let number = env.parsed(name, default, &expected)?;
    if least <= number && number <= most { Ok(number) } else { Err(Env::malformed(name, expected)) }
}
