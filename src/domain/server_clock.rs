//! The server's time as a page knows it: from what the server says, counted on by a clock that nobody sets. The reader's own clock may be
//! wrong, or be set while the page is open.

use super::timestamp::Timestamp;

/// Two differences this close together are the same.
const SAME_MS: i64 = 2_000;

/// Counts the server's time on. Its own clock is given to each call: milliseconds since any moment, growing steadily.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServerClock {
    /// The server's time less the own clock.
    ahead_ms: Option<i64>,
    /// An earlier time that was said once.
    doubted_ms: Option<i64>,
}

impl ServerClock {
    /// Takes a time that the server has just said, or a while ago: what it says is late, never early. So a later time than the one
    /// counted here is nearer to the truth. An earlier one is an old message, unless it is confirmed: then the server's clock was set.
    pub fn hear(&mut self, said: Timestamp, own_ms: i64) {
        let heard_ms = said.as_millis().saturating_sub(own_ms);
        let same = |known: i64| heard_ms.abs_diff(known) < SAME_MS.unsigned_abs();
        match self.ahead_ms {
            Some(ahead_ms) if heard_ms <= ahead_ms && same(ahead_ms) => self.doubted_ms = None,
            Some(ahead_ms) if heard_ms <= ahead_ms && !self.doubted_ms.is_some_and(same) => self.doubted_ms = Some(heard_ms),
            _ => *self = Self { ahead_ms: Some(heard_ms), doubted_ms: None },
        }
    }

    /// The server's time; `None` if it has said nothing yet.
    pub fn now(&self, own_ms: i64) -> Option<Timestamp> {
        self.ahead_ms.map(|ahead_ms| Timestamp::from_millis(ahead_ms.saturating_add(own_ms)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER: i64 = 1_795_421_948_792;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(SERVER + millis)
    }

    #[test]
    fn the_time_is_counted_on_from_what_was_said_last_and_least_late() {
        let mut clock = ServerClock::default();
        assert_eq!(clock.now(100), None);
        clock.hear(at(0), 300);
        assert_eq!(clock.now(10_300), Some(at(10_000)));
        // This one was on its way for a shorter time.
        clock.hear(at(20_200), 20_300);
        assert_eq!(clock.now(30_300), Some(at(30_200)));
        clock.hear(at(40_000), 41_000);
        assert_eq!(clock.now(41_000), Some(at(40_900)), "late, like any message");
    }

    #[test]
    fn an_old_message_moves_nothing_and_a_clock_that_was_set_is_followed() {
        let mut clock = ServerClock::default();
        clock.hear(at(0), 0);
        // A tab is told again what another heard a minute and two minutes ago.
        for own_ms in [60_000, 120_000] {
            clock.hear(at(0), own_ms);
            assert_eq!(clock.now(own_ms), Some(at(own_ms)));
        }
        clock.hear(at(600_000), 130_000);
        assert_eq!(clock.now(131_000), Some(at(601_000)), "ahead: at once");
        clock.hear(at(140_000), 140_000);
        assert_eq!(clock.now(140_000), Some(at(610_000)));
        clock.hear(at(141_000), 141_000);
        assert_eq!(clock.now(141_000), Some(at(141_000)), "back: when it is confirmed");
    }
}
