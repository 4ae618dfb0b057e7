//! Time. A moment is the wall clock's time when the process started, counted on by the monotonic clock: an administrator or NTP who
//! sets the machine's clock changes no difference between two moments. Only what other machines compare with their own clocks is
//! read from the wall clock. As a port of the server: real in production, moved by hand in tests.

use crate::domain::timestamp::Timestamp;
use parking_lot::Mutex;
use std::{
    collections::BTreeMap,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};
use time::{OffsetDateTime, format_description::well_known::Rfc2822};

/// Clocks of two machines may differ by this much, in milliseconds, before anybody is told.
const TOLD_MS: u64 = 60_000;
/// A wall clock that differs by less is not followed.
const FOLLOWED_MS: u64 = 1_000;

/// When this process began to count, by both clocks.
static START: LazyLock<(Instant, Duration)> = LazyLock::new(|| (Instant::now(), since_epoch()));

fn since_epoch() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

/// The time since the epoch, by a clock that is never set.
fn steady() -> Duration {
    START.1 + START.0.elapsed()
}

fn millis(of: Duration) -> i64 {
    i64::try_from(of.as_millis()).unwrap_or(i64::MAX)
}

/// Now, by a clock that is never set: for moments that this process compares.
pub fn now() -> Timestamp {
    Timestamp::from_millis(millis(steady()))
}

/// Nanoseconds since the Unix epoch, by the same clock.
pub fn nanos() -> i64 {
    i64::try_from(steady().as_nanos()).unwrap_or(i64::MAX)
}

/// The machine's wall clock, which may be set at any moment: for tokens and signatures that other machines check.
pub fn wall() -> Timestamp {
    Timestamp::from_millis(millis(since_epoch()))
}

/// The time in an HTTP `Date` header.
pub fn of_http_date(text: &str) -> Option<Timestamp> {
    let seconds = OffsetDateTime::parse(text, &Rfc2822).ok()?.unix_timestamp();
    Some(Timestamp::from_millis(seconds.checked_mul(1000)?))
}

/// A sentence about a clock that is `ahead_ms` ahead of this machine's (negative: behind); `None` for a difference that is harmless.
pub fn difference(whose: &str, ahead_ms: i64) -> Option<String> {
    let by = ahead_ms.unsigned_abs();
    let direction = if ahead_ms < 0 { "behind" } else { "ahead of" };
    let amount = match by / 60_000 {
        minutes @ 0..120 => format!("{minutes} min"),
        minutes => format!("{} h", minutes / 60),
    };
    (by >= TOLD_MS).then(|| format!("The clock of {whose} is {amount} {direction} this server's. Set both by NTP."))
}

/// Where the server reads the time. Clones share it.
#[derive(Debug, Clone)]
pub struct Clock {
    source: Source,
    /// The time at the monotonic clock's zero, in milliseconds since the epoch.
    zero: Arc<AtomicI64>,
    /// By how many milliseconds clocks of others were ahead, when that was last noticed.
    others: Arc<Mutex<BTreeMap<&'static str, i64>>>,
}

#[derive(Debug, Clone)]
enum Source {
    Machine,
    /// Two clocks that tests move, in milliseconds.
    Fixed {
        wall: Arc<AtomicI64>,
        monotonic: Arc<AtomicI64>,
    },
}

impl Clock {
    /// The machine's clocks.
    pub fn machine() -> Self {
        Self::of(Source::Machine, millis(START.1))
    }

    /// A clock that stands at `at`.
    pub fn fixed(at: Timestamp) -> Self {
        let wall = Arc::new(AtomicI64::new(at.as_millis()));
        Self::of(Source::Fixed { wall, monotonic: Arc::default() }, at.as_millis())
    }

    fn of(source: Source, zero: i64) -> Self {
        Self { source, zero: Arc::new(AtomicI64::new(zero)), others: Arc::default() }
    }

    fn monotonic(&self) -> i64 {
        match &self.source {
            Source::Machine => millis(START.0.elapsed()),
            Source::Fixed { monotonic, .. } => monotonic.load(Ordering::SeqCst),
        }
    }

    /// Now, for everything that this installation compares: what is stored, deadlines, evidence, what pages show. It does not step
    /// when the wall clock is set.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.zero.load(Ordering::SeqCst).saturating_add(self.monotonic()))
    }

    /// The wall clock, for tokens and signatures that other machines check.
    pub fn wall(&self) -> Timestamp {
        match &self.source {
            Source::Machine => wall(),
            Source::Fixed { wall, .. } => Timestamp::from_millis(wall.load(Ordering::SeqCst)),
        }
    }

    /// By how many milliseconds the wall clock is ahead of [`Clock::now`]: it was set, or the machine has slept.
    fn stepped_by(&self) -> i64 {
        self.wall().as_millis().saturating_sub(self.now().as_millis())
    }

    /// Follows a wall clock that was set; returns by how many milliseconds. Call it when nothing runs whose times would be wrong then.
    pub fn follow(&self) -> Option<i64> {
        let by = self.stepped_by();
        if by.unsigned_abs() < FOLLOWED_MS {
            return None;
        }
        self.zero.fetch_add(by, Ordering::SeqCst);
        Some(by)
    }

    /// Notes by how many milliseconds a clock is ahead of this machine's (negative: behind); `whose` as in "the clock of LiveKit".
    /// Returns the sentence about it when a difference is new.
    pub fn note_other(&self, whose: &'static str, ahead_ms: i64) -> Option<String> {
        let told = difference(whose, ahead_ms);
        let mut others = self.others.lock();
        if told.is_none() {
            others.remove(whose);
            return None;
        }
        let known = others.insert(whose, ahead_ms).is_some();
        told.filter(|_| !known)
    }

    /// What administrators must know of clocks, as sentences.
    pub fn warnings(&self) -> Vec<String> {
        let own = self.stepped_by();
        let own = (own.unsigned_abs() >= TOLD_MS).then(|| {
            let direction = if own < 0 { "back" } else { "forward" };
            let minutes = own.unsigned_abs() / 60_000;
            format!("This server's clock went {minutes} min {direction} while streams ran. Times are the old ones until no stream runs.")
        });
        let others = self.others.lock();
        own.into_iter().chain(others.iter().filter_map(|(whose, ahead_ms)| difference(whose, *ahead_ms))).collect()
    }

    /// Lets time go by: moves both clocks of a fixed one by `millis`; the machine's cannot be moved.
    pub fn advance(&self, millis: i64) {
        self.step(millis);
        if let Source::Fixed { monotonic, .. } = &self.source {
            monotonic.fetch_add(millis, Ordering::SeqCst);
        }
    }

    /// Sets the wall clock of a fixed one by `millis` ahead (negative: back), as an administrator would; no time goes by.
    pub fn step(&self, millis: i64) {
        if let Source::Fixed { wall, .. } = &self.source {
            wall.fetch_add(millis, Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Timestamp = Timestamp::from_millis(1_795_421_948_792);

    #[test]
    fn a_wall_clock_that_is_set_changes_no_difference() {
        for step in [600_000, -600_000] {
            let clock = Clock::fixed(AT);
            clock.step(step);
            clock.advance(5_000);
            assert_eq!((clock.now().millis_since(AT), clock.wall()), (5_000, AT.plus_millis(step + 5_000)));
            assert_eq!(clock.warnings().len(), 1, "{:?}", clock.warnings());
            assert_eq!((clock.follow(), clock.follow()), (Some(step), None));
            assert_eq!((clock.now(), clock.warnings()), (clock.wall(), Vec::new()));
        }
    }

    #[test]
    fn the_clock_of_a_process_starts_with_the_wall_clock() {
        let clock = Clock::machine();
        assert!(wall().as_millis().abs_diff(clock.now().as_millis()) < 1_000);
        assert!(now() >= clock.now().plus_millis(-1_000) && nanos() / 1_000_000 >= now().as_millis() - 1_000);
        assert_eq!(clock.follow(), None);
    }

    #[test]
    fn a_difference_of_minutes_is_told_once() {
        let clock = Clock::fixed(AT);
        assert_eq!(clock.note_other("LiveKit", -59_000), None);
        let sentence = clock.note_other("LiveKit", -600_000).expect("a sentence");
        assert_eq!(sentence, "The clock of LiveKit is 10 min behind this server's. Set both by NTP.");
        assert_eq!((clock.note_other("LiveKit", -601_000), clock.warnings()), (None, vec![sentence]));
        assert_eq!((clock.note_other("LiveKit", 900), clock.warnings()), (None, Vec::new()));
        assert_eq!(
            difference("LiveKit", 7_300_000).expect("a sentence"),
            "The clock of LiveKit is 2 h ahead of this server's. Set both by NTP."
        );
    }

    #[test]
    fn an_http_date_is_read() {
        assert_eq!(of_http_date("Mon, 23 Nov 2026 08:19:08 GMT"), Some(Timestamp::from_millis(1_795_421_948_000)));
        assert_eq!(of_http_date("yesterday"), None);
    }
}
