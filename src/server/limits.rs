//! Rate limits: which bucket a route draws from, and its size. Calls are counted by caller where one is known, else by
//! network address.

use super::auth::throttle::{Allowance, Throttle};
use crate::api::error::ApiError;
use std::time::Duration;

/// An account and all its agents may together ask for as many times what one of them may.
const AGENTS: u32 = 5;

/// A group of routes that draw from one bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Group {
    /// Starts, starting games, rooms and destinations: expensive calls.
    Start,
    /// Stops: never so tight that a session cannot be stopped.
    Stop,
    /// Batches of events and overlay changes.
    Events,
    /// Changes of settings, keys and agents.
    Change,
    Read,
    Heartbeat,
    /// LiveKit's webhooks: they are signed, and a fleet shares one address.
    Webhook,
    /// Calls without a valid credential, by address.
    Unauthenticated,
}

impl Group {
    /// The message of the refusal.
    const fn message(self) -> &'static str {
        match self {
            Self::Start => "Too many starts in a short time.",
            Self::Stop => "Too many stops in a short time.",
            Self::Events => "Too many event batches or overlay changes in a short time.",
            Self::Change => "Too many changes in a short time.",
            Self::Read => "Too many questions in a short time.",
            Self::Heartbeat | Self::Webhook => "Too many calls in a short time.",
            Self::Unauthenticated => "Too many calls without a valid sign-in or API key.",
        }
    }
}

/// A bucket for each group.
#[derive(Debug)]
struct Buckets {
    start: Throttle,
    stop: Throttle,
    events: Throttle,
    change: Throttle,
    read: Throttle,
    heartbeat: Throttle,
    webhook: Throttle,
    unauthenticated: Throttle,
}

impl Buckets {
    fn new(factor: u32) -> Self {
        let of = |burst, every_ms| throttle(factor, burst, every_ms);
        Self {
            start: of(20, 3_000),
            stop: of(60, 1_000),
            events: of(300, 100),
            change: of(60, 1_000),
            read: of(300, 100),
            heartbeat: of(60, 500),
            webhook: of(5_000, 2),
            unauthenticated: of(120, 500),
        }
    }

    const fn of(&self, group: Group) -> &Throttle {
        match group {
            Group::Start => &self.start,
            Group::Stop => &self.stop,
            Group::Events => &self.events,
            Group::Change => &self.change,
            Group::Read => &self.read,
            Group::Heartbeat => &self.heartbeat,
            Group::Webhook => &self.webhook,
            Group::Unauthenticated => &self.unauthenticated,
        }
    }
}

fn throttle(factor: u32, burst: u32, every_ms: u64) -> Throttle {
    Throttle::new(burst.saturating_mul(factor), Duration::from_nanos(every_ms * 1_000_000 / u64::from(factor.max(1))))
}

/// Every bucket of this process.
#[derive(Debug)]
pub struct Limits {
    callers: Buckets,
    /// An account's agents together.
    accounts: Buckets,
    /// Password attempts for one account from one address.
    guess: Throttle,
    /// Password attempts for one account from anywhere: large, or an attacker could lock the owner out.
    account: Throttle,
    /// Password attempts for all accounts from one address.
    address: Throttle,
    /// New accounts from one address.
    sign_up: Throttle,
}

impl Limits {
    /// Buckets `factor` times as large as usual (`FOOTLIGHT_RATE_FACTOR`), for many games behind one key.
    pub fn new(factor: u32) -> Self {
        let of = |burst, every_ms| throttle(factor, burst, every_ms);
        Self {
            callers: Buckets::new(factor),
            accounts: Buckets::new(factor.saturating_mul(AGENTS)),
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
        self.take_for(group, key, None)
    }

    /// The same, and one from the bucket of the caller's whole account.
    ///
    /// # Errors
    /// One of them is empty: 429.
    pub fn take_for(&self, group: Group, key: &str, account: Option<&str>) -> (Allowance, Result<(), ApiError>) {
        let allowance = self.callers.of(group).take(key);
        let admitted = allowance.admit(group.message());
        match account.filter(|_| admitted.is_ok()) {
            Some(account) => (allowance, self.accounts.of(group).take(account).admit(group.message())),
            None => (allowance, admitted),
        }
    }

    /// Before a one-time link is tried. By address only: a link cannot be guessed, and nobody may use up other people's tries.
    ///
    /// # Errors
    /// Too many tries from this address: 429.
    pub fn link(&self, client_prefix: &str) -> Result<(), ApiError> {
        self.address.take(client_prefix).admit("Too many tries to sign in.")
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
    fn an_accounts_agents_share_a_bucket() {
        let limits = Limits::new(1);
        let taken = (0..200).filter(|n| limits.take_for(Group::Start, &format!("agent:{n}"), Some("user:nyx")).1.is_ok()).count();
        assert_eq!(taken, 100, "five times what one may");
        assert!(limits.take_for(Group::Start, "agent:other", Some("user:blaze")).1.is_ok());
    }

    #[test]
    fn password_guessing_never_locks_the_owner_out() {
        let limits = Limits::new(1);
        for _ in 0..10 {
            limits.sign_in("nyx", "198.51.100.7").expect("ten tries");
        }
        assert_eq!(limits.sign_in("nyx", "198.51.100.7").expect_err("the eleventh").status(), 429);
        limits.sign_in("nyx", "203.0.113.9").expect("the owner, from elsewhere");
        limits.sign_in("blaze", "198.51.100.7").expect("somebody else, from there");
    }
}
