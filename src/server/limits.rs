//! How much anybody may ask for: which bucket a route draws from, how large each is. Everything is counted by caller where one
//! is known, else by the network address.

use super::auth::throttle::{Allowance, Throttle};
use crate::api::error::ApiError;
use std::time::Duration;

/// A group of routes that draw from one bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Group {
    /// Starts, games that begin, rooms and destinations: each costs the house something.
    Start,
    /// Stops: never so tight that a show cannot be ended.
    Stop,
    /// Batches of events and overlay changes.
    Events,
    /// Everything that only looks.
    Read,
    /// An overlay's heartbeat.
    Heartbeat,
    /// LiveKit's webhooks: they are signed, and a fleet shares one address.
    Webhook,
    /// Calls without a valid credential, by address: guessing keys is hopeless, and shall be quiet.
    Unauthenticated,
}

impl Group {
    /// What the refusal says.
    const fn message(self) -> &'static str {
        match self {
            Self::Start => "Too many starts in a short time.",
            Self::Stop => "Too many stops in a short time.",
            Self::Events => "Too many event batches or overlay changes in a short time.",
            Self::Read => "Too many questions in a short time.",
            Self::Heartbeat | Self::Webhook => "Too many calls in a short time.",
            Self::Unauthenticated => "Too many calls without a valid sign-in or API key.",
        }
    }
}

/// Every bucket of this process.
#[derive(Debug)]
pub struct Limits {
    start: Throttle,
    stop: Throttle,
    events: Throttle,
    read: Throttle,
    heartbeat: Throttle,
    webhook: Throttle,
    unauthenticated: Throttle,
    /// Guesses at one account from one address.
    guess: Throttle,
    /// Guesses at one account from everywhere: wide, or a stranger could lock its owner out.
    account: Throttle,
    /// Guesses from one address at every account.
    address: Throttle,
    /// Accounts made from one address.
    sign_up: Throttle,
}

impl Limits {
    /// Buckets `factor` times as large as usual (`FOOTLIGHT_RATE_FACTOR`), for a house with many games behind one key.
    pub fn new(factor: u32) -> Self {
        let of = |burst: u32, every_ms: u64| {
            Throttle::new(burst.saturating_mul(factor), Duration::from_nanos(every_ms * 1_000_000 / u64::from(factor.max(1))))
        };
        Self {
            start: of(20, 3_000),
            stop: of(60, 1_000),
            events: of(300, 100),
            read: of(300, 100),
            heartbeat: of(60, 500),
            webhook: of(5_000, 2),
            unauthenticated: of(120, 500),
            guess: of(10, 30_000),
            account: of(100, 10_000),
            address: of(60, 3_000),
            sign_up: of(30, 60_000),
        }
    }

    /// Takes one from the bucket of a group.
    ///
    /// # Errors
    /// It is empty: 429.
    pub fn take(&self, group: Group, key: &str) -> (Allowance, Result<(), ApiError>) {
        let throttle = match group {
            Group::Start => &self.start,
            Group::Stop => &self.stop,
            Group::Events => &self.events,
            Group::Read => &self.read,
            Group::Heartbeat => &self.heartbeat,
            Group::Webhook => &self.webhook,
            Group::Unauthenticated => &self.unauthenticated,
        };
        let allowance = throttle.take(key);
        (allowance, allowance.admit(group.message()))
    }

    /// Before a password or a link is tried.
    ///
    /// # Errors
    /// Too many tries at this account or from this address: 429.
    pub fn sign_in(&self, account: &str, client_prefix: &str) -> Result<(), ApiError> {
        const MESSAGE: &str = "Too many tries to sign in.";
        self.address.take(client_prefix).admit(MESSAGE)?;
        self.guess.take(&format!("{account} {client_prefix}")).admit(MESSAGE)?;
        self.account.take(account).admit(MESSAGE)
    }

    /// Before an account is made.
    ///
    /// # Errors
    /// Too many from this address: 429.
    pub fn sign_up(&self, client_prefix: &str) -> Result<(), ApiError> {
        self.sign_up.take(client_prefix).admit("Too many new accounts from this address.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guesses_at_one_account_end_long_before_its_owner_is_locked_out() {
        let limits = Limits::new(1);
        for _ in 0..10 {
            limits.sign_in("nyx", "198.51.100.7").expect("ten tries");
        }
        assert_eq!(limits.sign_in("nyx", "198.51.100.7").expect_err("the eleventh").status(), 429);
        limits.sign_in("nyx", "203.0.113.9").expect("the owner, from elsewhere");
        limits.sign_in("blaze", "198.51.100.7").expect("somebody else, from there");
    }
}
